"""What a message says, piece by piece, and messages with marks around their pieces, to be found again once rendered."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.finetune.templates.rendering import THOUGHT_FIELDS

ANSWER, THOUGHT, CALL, OTHER = "answer", "thought", "call", "other"
_THOUGHT = re.compile(r"\A(\s*<think>)(.*?)(</think>)", re.DOTALL)


@dataclass(frozen=True)
class Piece:
    """One text of a message without the space around it; `marks` are the letters that stand at its edges.

    A call's number, boolean or null has the `spellings` in which templates write it.
    """

    kind: str
    text: str
    marks: tuple[str, ...] = ()
    spellings: tuple[str, ...] = ()

    def stands_in(self, text: str) -> bool:
        """Say whether a text has it: as it is or within JSON, a number and the like as a word of its own."""
        if self.spellings:
            return any(re.search(rf"(?<![\w.]){re.escape(word)}(?!\w)", text) for word in self.spellings)
        forms = {self.text}
        if self.kind == CALL:
            forms |= {json.dumps(self.text, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)}
        return any(form in text for form in forms)


def pieces_of(message: Mapping[str, Any]) -> list[Piece]:
    """Return what a message says: its thought and answer, the names, arguments' keys and values of its calls."""
    content = message.get("content") or ""
    if message["role"] != "assistant":
        return [Piece(OTHER, content.strip())] if content.strip() else []
    thought = _THOUGHT.match(content)
    texts = [(THOUGHT, thought[2]), (ANSWER, content[thought.end() :])] if thought else [(ANSWER, content)]
    texts = [*((THOUGHT, message.get(name) or "") for name in THOUGHT_FIELDS), *texts]
    pieces = [Piece(kind, text.strip()) for kind, text in texts if text.strip()]
    for call in message.get("tool_calls") or ():
        pieces += _said([call["function"]["name"], call["function"]["arguments"]])
    return pieces


def mark_pieces(message: Mapping[str, Any], names: Iterator[str]) -> tuple[dict[str, Any], list[Piece]]:
    """Return the message with a mark at each edge of its pieces, and the pieces with their marks.

    The text of another's turn has one mark, in its middle: templates look at how such a text begins and ends.
    """
    pieces: list[Piece] = []

    def marked(text: str, kind: str) -> str:
        core = text.strip()
        if not core:
            return text
        at = text.index(core)
        first, last = next(names), next(names)
        pieces.append(Piece(kind, core, (first, last)))
        return f"{text[:at]}{first}{core}{last}{text[at + len(core) :]}"

    content = message.get("content") or ""
    made = dict(message) | {name: marked(message[name], THOUGHT) for name in THOUGHT_FIELDS if message.get(name)}
    if message["role"] != "assistant":
        if core := content.strip():
            name, middle = next(names), content.index(core) + len(core) // 2
            pieces.append(Piece(OTHER, core, (name,)))
            made["content"] = content[:middle] + name + content[middle:]
        return made, pieces
    thought = _THOUGHT.match(content)
    if thought:
        rest = marked(content[thought.end() :], ANSWER)
        made["content"] = f"{thought[1]}{marked(thought[2], THOUGHT)}{thought[3]}{rest}"
    elif content:
        made["content"] = marked(content, ANSWER)
    if message.get("tool_calls"):
        made["tool_calls"] = [
            {**call, "function": {
                "name": marked(call["function"]["name"], CALL),
                "arguments": _with_leaves(call["function"]["arguments"], lambda text: marked(text, CALL)),
            }}
            for call in message["tool_calls"]
        ]  # fmt: skip
    return made, pieces


def _said(value: Any) -> Iterator[Piece]:
    """Yield keys and values; a number, boolean or null as JSON or Python spells it."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _said(key)
            yield from _said(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _said(inner)
    elif not isinstance(value, str):
        yield Piece(CALL, str(value), spellings=(str(value), json.dumps(value)))
    elif value.strip():
        yield Piece(CALL, value.strip())


def _with_leaves(value: Any, change: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _with_leaves(inner, change) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_leaves(inner, change) for inner in value]
    return change(value) if isinstance(value, str) else value
