"""The rows that a merge is compared on: token ids around an answer, so that the comparison is short on long rows."""

import itertools
import sys
from collections.abc import Iterable

from pipelines.core.errors import InputError
from pipelines.finetune.tasks.task import Dialogue
from pipelines.finetune.templates.masking import ChatTokenizer, encode_conversation

Example = dict[str, list[int]]
"""`input_ids` and `labels`."""
_ROWS = 8
_TOKENS = 256


def compared_examples(dialogues: Iterable[Dialogue], tokenizer: ChatTokenizer) -> list[Example]:
    """Return the first eight conversations with an answer, each cut around it."""
    encoded = (encode_conversation(tokenizer, messages, sys.maxsize, tools) for messages, tools in dialogues)
    answered = (ids for ids in encoded if _first_answer(ids) is not None)
    return [around_answer(ids, _TOKENS) for ids in itertools.islice(answered, _ROWS)]


def around_answer(encoded: Example, most: int) -> Example:
    """Return at most `most` tokens: from the beginning where the first answer begins in its first half, else about it.

    >>> around_answer({"input_ids": [1, 2, 3, 4, 5, 6, 7], "labels": [-100, -100, -100, -100, 5, 6, -100]}, 4)
    {'input_ids': [3, 4, 5, 6], 'labels': [-100, -100, 5, 6]}
    """
    first, length = _first_answer(encoded) or 0, len(encoded["input_ids"])
    start = max(0, min(first - most // 2, length - most))
    return {name: ids[start : start + most] for name, ids in encoded.items()}


def nothing_to_compare(dataset: str) -> InputError:
    """Return the error of a dataset in which no row has an answer."""
    return InputError(
        dataset, "no row with an answer to compare a merge on", "a row of the recipe's stage", "graftline run"
    )


def _first_answer(encoded: Example) -> int | None:
    """Return the place of the first token with loss; a conversation's very first is never predicted."""
    return next((place for place, label in enumerate(encoded["labels"]) if place and label >= 0), None)
