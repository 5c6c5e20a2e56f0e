"""What a message says, piece by piece, and messages with marks around their pieces, to be found again once rendered."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

ANSWER, THOUGHT, CALL, OTHER = "answer", "thought", "call", "other"
_THOUGHT = re.compile(r"\A(\s*<think>)(.*?)(</think>)", re.DOTALL)


@dataclass(frozen=True)
class Piece:
    """One text of a message without the space around it; `marks` are the letters that stand at its edges."""

    kind: str
    text: str
    marks: tuple[str, ...] = ()

    def forms(self) -> set[str]:
        """Return the spellings in which a template may write it: as it is, or within JSON."""
        if self.kind != CALL:
            return {self.text}
        return {self.text, *(json.dumps(self.text, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False))}


def pieces_of(message: Mapping[str, Any]) -> list[Piece]:
    """Return what a message says: its thought and answer, the names, arguments' keys and values of its calls."""
    content = message.get("content") or ""
    if message["role"] != "assistant":
        return [Piece(OTHER, content.strip())] if content.strip() else []
    thought = _THOUGHT.match(content)
    texts = [(THOUGHT, thought[2]), (ANSWER, content[thought.end() :])] if thought else [(ANSWER, content)]
    pieces = [Piece(kind, text.strip()) for kind, text in texts if text.strip()]
    for call in message.get("tool_calls") or ():
        said = [call["function"]["name"], *_said(call["function"]["arguments"])]
        pieces += [Piece(CALL, text.strip()) for text in said if text.strip()]
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
    made = dict(message)
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


def _said(value: Any) -> Iterator[str]:
    """Yield keys, texts and whole numbers; how a template writes other values is its own."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield key
            yield from _said(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _said(inner)
    elif isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        yield str(value)


def _with_leaves(value: Any, change: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _with_leaves(inner, change) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_leaves(inner, change) for inner in value]
    return change(value) if isinstance(value, str) else value
