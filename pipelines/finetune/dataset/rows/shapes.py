"""The shapes that instruction rows come in: which column is what, and which name stands for which role."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pipelines.text.nearest import nearest_name

_PROMPTS = ("instruction", "question", "prompt", "query")
_QUERIES = ("input", "context")
_RESPONSES = ("output", "answer", "response", "completion")
_PAIRS = (("chosen", "rejected"), ("chosen_messages", "rejected_messages"))
_MEDIA = ("image", "images", "video", "videos", "audio", "audios")
_LISTS = ("messages", "conversations", "conversation")
_BESIDE = ("input", "context", "history", "system", "tools", "functions", *_MEDIA)
_KNOWN = {*_LISTS, *_PROMPTS, *_RESPONSES, *_BESIDE, *(name for pair in _PAIRS for name in pair), "source"}
_COLUMNS = ("prompt", "query", "response", "history", "messages", "system", "tools", "chosen", "rejected")
_CLOSE = 0.75
"""Likeness from which one column's name may be another's with a slip in it."""
EXPECTED = (
    '{"instruction", "output"}, {"conversations"}, {"messages"}, {"prompt", "completion"}, {"question", "answer"} '
    'or {"prompt", "chosen", "rejected"}'
)


class Flaw(Exception):
    """Why a row cannot be used: a reason to count by, what was found and what was expected."""

    def __init__(self, reason: str, found: str, expected: str) -> None:
        super().__init__(f"{reason}: found {found}; expected {expected}")
        self.reason, self.found, self.expected = reason, found, expected


@dataclass(frozen=True)
class Shape:
    """Columns and tags of a dataset, with LLaMA-Factory's names and defaults (its `dataset_info.json`)."""

    formatting: str = "alpaca"
    ranking: bool = False
    prompt: str | None = "instruction"
    query: str | None = "input"
    response: str | None = "output"
    history: str | None = None
    messages: str | None = "conversations"
    system: str | None = None
    tools: str | None = None
    chosen: str | None = None
    rejected: str | None = None
    role_tag: str = "from"
    content_tag: str = "value"
    user_tag: str | None = "human"
    assistant_tag: str | None = "gpt"
    observation_tag: str | None = "observation"
    function_tag: str | None = "function_call"
    system_tag: str | None = "system"

    def roles(self) -> dict[str, str]:
        """Return our role by the dataset's tag; "call" is an assistant's turn that is a tool call."""
        tags = {
            self.user_tag: "user",
            self.assistant_tag: "assistant",
            self.observation_tag: "tool",
            self.function_tag: "call",
            self.system_tag: "system",
        }
        return {tag: role for tag, role in tags.items() if tag}


OPENAI = Shape(
    formatting="openai",
    messages="messages",
    system="system",
    tools="tools",
    role_tag="role",
    content_tag="content",
    user_tag="user",
    assistant_tag="assistant",
    observation_tag="tool",
    function_tag=None,
)
SHAREGPT = Shape(formatting="sharegpt", system="system", tools="tools")


def shape_of(row: Mapping[str, Any]) -> Shape:
    """Return the shape that a row's own keys tell, for files that no `dataset_info.json` describes."""
    media = [name for name in _MEDIA if row.get(name)]
    if media:  # without them the conversation may say nothing, so they aren't just left out
        raise Flaw("not for text", f"{' and '.join(media)}, which a text model doesn't take", "text")
    sides = next(((one, other) for one, other in _PAIRS if one in row and other in row), None)
    ranking = sides is not None
    pair: dict[str, Any] = {"ranking": True, "chosen": sides[0], "rejected": sides[1]} if sides else {}
    for column in _LISTS:
        if column in row:
            base = SHAREGPT if _has_key(row[column], "from") else OPENAI
            return replace(base, messages=column, **pair)
    if ranking and (_has_key(row.get("prompt"), "role") or not _first(row, _PROMPTS)):
        return replace(OPENAI, messages="prompt", **pair)  # TRL's: a list of messages, or none (then it is implicit)
    if _has_key(row.get("prompt"), "role"):
        return replace(OPENAI, messages="prompt", response=_first(row, _RESPONSES) or "completion")
    prompt, response = _first(row, _PROMPTS), _first(row, _RESPONSES)
    if not prompt or not (response or ranking):
        asked = (_PROMPTS, "an instruction") if not prompt else (_RESPONSES, "an answer")
        raise missing_column(row, asked[1], (*asked[0], *_LISTS))
    return Shape(
        prompt=prompt,
        query=_first(row, _QUERIES),
        response=response,
        history="history",
        system="system",
        tools="tools",
        **pair,
    )


def with_known_columns(row: dict[str, Any], shape: Shape | None, repairs: set[str]) -> dict[str, Any]:
    """Return the row with columns that differ from a known one in capitals or blanks alone under its name.

    Without a shape, a row whose own names tell one keeps those of its question and its answer.
    """
    if shape:
        known = {name for name in (getattr(shape, column) for column in _COLUMNS) if name} | {"source"}
    elif all(column in _KNOWN or column.strip().casefold() not in _KNOWN for column in row):
        return row
    else:
        known = {*_BESIDE, "source"} if _tells_shape(row) else _KNOWN
    missing = {name.casefold(): name for name in sorted(known) if name not in row}
    renamed: dict[str, Any] = {}
    for column, value in row.items():
        name = column if column in known else missing.pop(column.strip().casefold(), column)
        renamed[name] = value
        if name != column:
            repairs.add("columns renamed")
    return renamed


def missing_column(row: Mapping[str, Any], name: str, known: Iterable[str]) -> Flaw:
    """Return the flaw of a row without a column; `known` are the names that it may have, one of them meant perhaps."""
    columns = sorted(map(str, row))
    near = [(column, meant) for column in columns if (meant := nearest_name(column, known, _CLOSE))]
    meant = f" ({', '.join(f'{column!r} is nearly {name!r}' for column, name in near)})" if near else ""
    shown = ", ".join(repr(column) for column in columns[:8]) or "none"
    return Flaw("missing column", f"the keys {shown}, without {name}{meant}", EXPECTED)


def _tells_shape(row: Mapping[str, Any]) -> bool:
    try:
        shape_of(row)
    except Flaw:
        return False
    return True


def _first(row: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    return next((name for name in names if name in row), None)


def _has_key(value: Any, key: str) -> bool:
    if isinstance(value, str):  # a CSV cell that holds JSON
        return f'"{key}"' in value
    return isinstance(value, list) and any(isinstance(item, dict) and key in item for item in value)


def kind_of(value: Any) -> str:
    """Return the JSON name of a value's type."""
    names = {dict: "object", list: "list", str: "text", bool: "boolean", int: "number", float: "number"}
    return names.get(type(value), "null" if value is None else type(value).__name__)


def short_repr(value: Any) -> str:
    """Return a value as Python writes it, cut at 60 characters."""
    return repr(value) if len(repr(value)) <= 60 else f"{repr(value)[:59]}…"
