"""Conversations to token ids under the model's own chat template, with the loss on the answers only."""

import re
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any, Protocol

from pipelines.core.identity import content_id
from pipelines.core.protocols import Messages
from pipelines.finetune.templates.rendering import as_engines_read, require_tools, tools_as_engines_read

IGNORED = -100
"""Label of a token without loss, as in `torch.nn.CrossEntropyLoss`."""
Tools = list[dict[str, Any]] | None
"""OpenAI's list of tools that a conversation may call."""
Spans = list[tuple[int, int]]
_GENERATION = re.compile(r"\{%-?\s*generation\s*-?%\}")


class ChatTokenizer(Protocol):
    """What a Hugging Face tokenizer offers that this needs."""

    eos_token_id: int
    chat_template: str

    def apply_chat_template(self, conversation: Messages, **options: Any) -> Any:
        """Render a conversation: as text, or with tokenize=True and return_dict=False as token ids."""
        ...


def prompt_ids(tokenizer: ChatTokenizer, messages: Messages, tools: Tools = None) -> list[int]:
    """Return the ids of a conversation up to where the assistant's next answer begins."""
    return _ids(tokenizer, messages, tools, add_generation_prompt=True)


def encode_conversation(
    tokenizer: ChatTokenizer,
    messages: Messages,
    cutoff: int,
    tools: Tools = None,
    train_on_prompt: bool = False,
    mask_history: bool = False,
) -> dict[str, list[int]]:
    """Return `input_ids` and `labels`, both cut to `cutoff` tokens.

    A label is the token itself inside an assistant's answer, up to and with the token that ends it (the tools that it
    calls included), and IGNORED elsewhere. `mask_history` leaves the last answer alone with loss, `train_on_prompt`
    puts it on every token. Answers are found by the template's {% generation %} marks, or else by rendering what
    precedes them.
    """
    require_tools(str(tokenizer.chat_template), messages, tools, "a conversation of the dataset")
    messages, tools = as_engines_read(messages), tools_as_engines_read(tools)
    answers = [n for n, message in enumerate(messages) if message["role"] == "assistant"]
    if train_on_prompt or not answers:
        ids = _ids(tokenizer, messages, tools)
        return {"input_ids": ids[:cutoff], "labels": (ids if train_on_prompt else [IGNORED] * len(ids))[:cutoff]}
    fast = getattr(tokenizer, "is_fast", False)
    if fast and _GENERATION.search(str(tokenizer.chat_template)):
        ids, spans = _marked(tokenizer, messages, tools)
        spans = spans[-1:] if mask_history else spans
    else:
        chosen = answers[-1:] if mask_history else answers
        ids, spans = (_by_text if fast else _by_ids)(tokenizer, messages, tools, chosen)
    labels = [IGNORED] * len(ids)
    for start, end in spans:
        while end > start + 1 and ids[end - 1] != tokenizer.eos_token_id and tokenizer.eos_token_id in ids[start:end]:
            end -= 1  # templates put a line break behind the end of a turn: the model never writes it
        labels[start:end] = ids[start:end]
    return {"input_ids": ids[:cutoff], "labels": labels[:cutoff]}


def encode_pair(
    tokenizer: ChatTokenizer, messages: Messages, chosen: str, rejected: str, cutoff: int, tools: Tools = None
) -> dict[str, list[int]]:
    """Return `prompt_ids`, `chosen_ids` and `rejected_ids`; an answer is empty where the prompt fills the cutoff."""
    prompt: list[int] = []
    answers = []
    for text in (chosen, rejected):
        whole = [*messages, {"role": "assistant", "content": text}]
        encoded = encode_conversation(tokenizer, whole, sys.maxsize, tools, mask_history=True)
        counted = [n for n, label in enumerate(encoded["labels"]) if label != IGNORED] or [len(encoded["labels"])]
        ids = encoded["input_ids"]
        answers.append((counted[0], ids[: counted[-1] + 1]))
    start = min(begin for begin, _ in answers)
    prompt = answers[0][1][:start]
    return {
        "prompt_ids": prompt,
        "chosen_ids": answers[0][1][start : max(cutoff, start)],
        "rejected_ids": answers[1][1][start : max(cutoff, start)],
    }


def _ids(tokenizer: ChatTokenizer, messages: Messages, tools: Tools, **options: Any) -> list[int]:
    read, offered = as_engines_read(messages), tools_as_engines_read(tools)
    options |= {"tools": offered} if offered else {}
    return list(tokenizer.apply_chat_template(read, tokenize=True, return_dict=False, **options))


def _marked(tokenizer: Any, messages: Messages, tools: Tools) -> tuple[list[int], Spans]:
    # Not by the tokenizer's own mask: it leaves out the last bytes of an answer that ends on 。 or an emoji whose bytes
    # are several tokens (transformers 5.19).
    from transformers.utils.chat_template_utils import render_jinja_template

    render: Any = render_jinja_template  # its annotation says one text; it returns texts and their marks
    texts, marks = render(
        conversations=[messages],
        tools=tools,
        chat_template=str(tokenizer.chat_template),
        return_assistant_tokens_mask=True,
        **tokenizer.special_tokens_map,
    )
    ids, spans = _tokens_of_spans(tokenizer, texts[0], [tuple(mark) for mark in marks[0]])
    stop = tokenizer.eos_token_id
    # Some templates close the mark before the token that ends the turn, and a model must learn to stop.
    open_ended = [end < len(ids) and ids[end] == stop and ids[end - 1] != stop for _, end in spans]
    return ids, [(start, end + more) for (start, end), more in zip(spans, open_ended, strict=True)]


def _tokens_of_spans(tokenizer: Any, text: str, spans: Spans) -> tuple[list[int], Spans]:
    """Return the ids of a text, and the spans of characters as spans of the tokens that touch them."""
    coded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    begins, ends = zip(*coded["offset_mapping"], strict=True)
    found = [(bisect_right(ends, start), bisect_left(begins, end)) for start, end in spans]
    return list(coded["input_ids"]), found


def _by_text(tokenizer: Any, messages: Messages, tools: Tools, chosen: list[int]) -> tuple[list[int], Spans]:
    # Rendering text costs little; the tokens are counted once, and their offsets say which answer they belong to.
    options: dict[str, Any] = {"tokenize": False} | ({"tools": tools} if tools else {})
    text = tokenizer.apply_chat_template(messages, **options)
    spans = []
    for place in chosen:
        before = tokenizer.apply_chat_template(messages[:place], add_generation_prompt=True, **options)
        upto = text if place == len(messages) - 1 else tokenizer.apply_chat_template(messages[: place + 1], **options)
        spans.append((_common_prefix(before, text), _common_prefix(upto, text)))
    return _tokens_of_spans(tokenizer, text, spans)


def _by_ids(tokenizer: ChatTokenizer, messages: Messages, tools: Tools, chosen: list[int]) -> tuple[list[int], Spans]:
    ids = _ids(tokenizer, messages, tools)
    spans = []
    for place in chosen:
        start = _common_prefix(prompt_ids(tokenizer, messages[:place], tools), ids)
        upto = ids if place == len(messages) - 1 else _ids(tokenizer, messages[: place + 1], tools)
        spans.append((start, _common_prefix(upto, ids)))
    return ids, spans


def template_digest(tokenizer: ChatTokenizer) -> str:
    """Return the digest of the chat template."""
    return content_id(str(tokenizer.chat_template))


def preview(pieces: list[str], labels: list[int]) -> str:
    """Return Markdown with the tokens that carry loss in bold: `pieces` are the decoded tokens."""
    groups: list[tuple[bool, str]] = []
    for piece, label in zip(pieces, labels, strict=True):
        counted = label != IGNORED
        if groups and groups[-1][0] == counted:
            groups[-1] = (counted, groups[-1][1] + piece)
        else:
            groups.append((counted, piece))
    shown = (f"**`{text}`**" if counted else f"`{text}`" for counted, text in groups)
    return " ".join(text.replace("\n", "⏎") for text in shown)


def _common_prefix(one: Sequence[Any], other: Sequence[Any]) -> int:
    if other[: len(one)] == one:
        return len(one)
    return next(n for n, (left, right) in enumerate(zip_longest(one, other)) if left != right)
