"""Stage sft: supervised, by the answers of conversations."""

from collections.abc import Mapping
from typing import Any

from pipelines.finetune.conversation import messages_of, tools_of
from pipelines.finetune.recipes.recipe import Recipe
from pipelines.finetune.recipes.stages import SFT
from pipelines.finetune.tasks.answer_trainer import make_trainer
from pipelines.finetune.tasks.task import Dialogue, Task
from pipelines.finetune.templates.encoding import RowEncoding
from pipelines.finetune.templates.masking import LEFT_OUT, encode_turns


def _encode(row: Mapping[str, Any], tokenizer: Any, recipe: Recipe) -> dict[str, Any]:
    """Return `input_ids` and `labels` of a conversation, and what is left out of it."""
    options = (recipe.train_on_prompt, recipe.mask_history)
    turns = encode_turns(tokenizer, messages_of(row), recipe.cutoff_len, tools_of(row), *options)
    return {"input_ids": turns.input_ids, "labels": turns.labels, LEFT_OUT: " ".join(turns.left_out)}


def _has_loss(encoded: Mapping[str, list[int]]) -> bool:
    return any(label >= 0 for label in encoded["labels"][1:])  # a conversation's first token is never predicted


def _dialogues(row: Mapping[str, Any]) -> list[Dialogue]:
    return [(messages_of(row), tools_of(row))]


def _arguments(options: dict[str, Any], recipe: Recipe) -> Any:
    from trl import SFTConfig

    return SFTConfig(**options, dataset_kwargs={"skip_prepare_dataset": True})


SUPERVISED = Task(
    stage=SFT,
    encoding=RowEncoding(_encode, _has_loss, ("cutoff_len", "train_on_prompt", "mask_history")),
    dialogues=_dialogues,
    arguments=_arguments,
    make_trainer=make_trainer,
    without_padding=True,
)
