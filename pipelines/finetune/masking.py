"""Conversations to token ids under the model's own chat template, with the loss on the answers only."""

from typing import Any, Protocol

from pipelines.finetune.rendering import as_engines_read, require_tools, tools_as_engines_read
from pipelines.identity import content_id
from pipelines.protocols import Messages

IGNORED = -100
"""Label of a token without loss, as in `torch.nn.CrossEntropyLoss`."""


class ChatTokenizer(Protocol):
    """What a Hugging Face tokenizer offers that this needs."""

    eos_token_id: int
    chat_template: str

    def apply_chat_template(self, conversation: Messages, **options: Any) -> Any:
        """Render a conversation; with tokenize=True and return_dict=False as token ids."""
        ...


def prompt_ids(tokenizer: ChatTokenizer, messages: Messages, tools: Any = None) -> list[int]:
    """Return the ids of a conversation up to where the assistant's next answer begins."""
    return _ids(tokenizer, messages, tools, add_generation_prompt=True)


def _ids(tokenizer: ChatTokenizer, messages: Messages, tools: Any, **options: Any) -> list[int]:
    read, offered = as_engines_read(messages), tools_as_engines_read(tools)
    options |= {"tools": offered} if offered else {}
    return list(tokenizer.apply_chat_template(read, tokenize=True, return_dict=False, **options))


def encode(tokenizer: ChatTokenizer, messages: Messages, cutoff: int, tools: Any = None) -> dict[str, list[int]]:
    """Return `input_ids` and `labels`, both cut to `cutoff` tokens.

    Labels are the ids of each assistant turn up to and with its end-of-turn token; all else is -100. The span of a turn
    is found by rendering what precedes it, so that no {% generation %} marks are needed in the template.
    """
    require_tools(str(tokenizer.chat_template), messages, tools, "a conversation of the dataset")
    ids = _ids(tokenizer, messages, tools)
    labels = [IGNORED] * len(ids)
    for position, message in enumerate(messages):
        if message["role"] != "assistant":
            continue
        start = _common_prefix(prompt_ids(tokenizer, messages[:position], tools), ids)
        upto = _ids(tokenizer, messages[: position + 1], tools)
        end = _common_prefix(upto, ids)
        while end > start + 1 and ids[end - 1] != tokenizer.eos_token_id and tokenizer.eos_token_id in ids[start:end]:
            end -= 1  # templates put a line break behind the end of a turn: the model never writes it
        labels[start:end] = ids[start:end]
    return {"input_ids": ids[:cutoff], "labels": labels[:cutoff]}


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


def _common_prefix(one: list[int], other: list[int]) -> int:
    length = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        length += 1
    return length
