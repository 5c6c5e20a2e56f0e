"""One row in any shape to OpenAI messages: alpaca, sharegpt, OpenAI, prompt and completion, preference pairs.

The roles follow LLaMA-Factory's `data/converter.py`; a row that it would skip without a word raises a Flaw here.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipelines.finetune.conversation import ANSWERED, FIELDS, PREFERENCE, Conversation
from pipelines.finetune.dataset.rows.call_ids import link_calls, without_ids
from pipelines.finetune.dataset.rows.contents import contents_of, require_loss, thought_and_call, thought_before
from pipelines.finetune.dataset.rows.shapes import EXPECTED, Flaw, Shape, kind_of, missing_column, short_repr
from pipelines.finetune.dataset.rows.tools import tool_calls, tool_list

_ALIASES = {
    "human": "user", "user": "user", "prompter": "user", "customer": "user", "gpt": "assistant",
    "assistant": "assistant", "bot": "assistant", "chatgpt": "assistant", "model": "assistant", "ai": "assistant",
    "observation": "tool", "tool": "tool", "function": "tool", "function_response": "tool", "function_call": "call",
    "system": "system", "developer": "system",
}  # fmt: skip

_CALLS = ("tool_calls", "function_call")
_LEGACY = "functions turned into tools"


@dataclass
class Draft:
    """A row that has been read: its messages so far, and what had to be repaired."""

    messages: Conversation
    tools: list[dict[str, Any]] = field(default_factory=list)
    chosen: str = ""
    rejected: str = ""
    kind: str = ANSWERED
    repairs: set[str] = field(default_factory=set)


def draft_of(row: Any, shape: Shape) -> Draft:
    """Read a row; Flaw where it is not of that shape."""
    if not isinstance(row, dict):
        raise Flaw("not an object", f"a JSON {kind_of(row)}", EXPECTED)
    repairs: set[str] = set()
    listed = shape.formatting != "alpaca"
    messages = _listed(row, shape, repairs) if listed else _alpaca(row, shape, repairs)
    system = text_of(row, shape.system)
    if system and (not messages or messages[0]["role"] != "system"):
        messages.insert(0, {"role": "system", "content": system})
    made = Draft(messages, _tools(row, shape, repairs), repairs=repairs)
    if shape.ranking:
        made.kind = PREFERENCE
        made.messages, made.chosen, made.rejected = _pair(row, shape, messages, repairs)
    elif not listed or shape.messages == "prompt":
        made.messages += _answer(row, shape, repairs)
    link_calls(made.messages, repairs)
    return made


def _tools(row: Mapping[str, Any], shape: Shape, repairs: set[str]) -> list[dict[str, Any]]:
    tools = tool_list(row.get(shape.tools)) if shape.tools else []
    if tools or shape.tools != "tools" or not row.get("functions"):
        return tools
    repairs.add(_LEGACY)
    return tool_list(row["functions"])


def _alpaca(row: Mapping[str, Any], shape: Shape, repairs: set[str]) -> Conversation:
    messages: Conversation = []
    history = as_json(row.get(shape.history)) if shape.history else None
    for turn in history or []:
        if not isinstance(turn, list | tuple) or len(turn) != 2 or not all(isinstance(part, str) for part in turn):
            raise Flaw("broken history", f"a history with {short_repr(turn)}", "pairs of question and answer")
        messages += [{"role": "user", "content": turn[0]}, {"role": "assistant", "content": turn[1]}]
    if history is not None and not isinstance(history, list):
        raise Flaw("broken history", f"a history that is a {kind_of(history)}", "a list of pairs")
    if shape.prompt and shape.prompt not in row:
        raise missing_column(row, repr(shape.prompt), [shape.prompt])
    parts = (text_of(row, shape.prompt), text_of(row, shape.query))
    messages.append({"role": "user", "content": "\n".join(part for part in parts if part.strip())})
    return messages


def _answer(row: Mapping[str, Any], shape: Shape, repairs: set[str]) -> Conversation:
    if not shape.response or shape.response not in row:
        raise missing_column(row, repr(shape.response or "an answer"), [shape.response or ""])
    value = as_json(row[shape.response], lists_only=True)
    if isinstance(value, list):
        return [_message(item, shape, repairs) for item in value]
    return [{"role": "assistant", "content": text_of(row, shape.response)}]


def _listed(row: Mapping[str, Any], shape: Shape, repairs: set[str]) -> Conversation:
    column = shape.messages or "messages"
    if shape.ranking and column == "prompt" and column not in row:
        return []
    if column not in row:
        raise missing_column(row, repr(column), [column])
    turns = as_json(row[column])
    if not isinstance(turns, list) or not turns:
        found = "an empty list" if turns == [] else f"a {kind_of(turns)}"
        raise Flaw("no list of messages", f"{column!r} that is {found}", "a list of messages")
    return [_message(turn, shape, repairs) for turn in turns]


def _message(turn: Any, shape: Shape, repairs: set[str]) -> dict[str, Any]:
    role_tag, content_tag = shape.role_tag, shape.content_tag
    if isinstance(turn, dict) and role_tag not in turn:
        plain = {str(key).strip().lower(): value for key, value in turn.items()}
        if {"from", "role"} & plain.keys():
            turn = plain
            role_tag, content_tag = ("role", "content") if "role" in plain else ("from", "value")
            repairs.add("other message keys")
    if not isinstance(turn, dict) or role_tag not in turn or not {content_tag, *_CALLS} & turn.keys():
        raise Flaw(
            "incomplete message",
            f"a message without {role_tag!r} or {content_tag!r}",
            f"messages of the form {{{role_tag!r}, {content_tag!r}}}",
        )
    role = _role(turn[role_tag], shape, repairs)
    contents = contents_of(turn.get(content_tag))
    calls = _calls(turn, repairs) + [call for text in contents.calls for call in tool_calls(text)]
    if role in ("assistant", "call") and not shape.ranking:  # of a pair, the two answers are compared and no other
        require_loss(turn)
    if role == "call":
        thought, called = thought_and_call(contents.text)
        return {"role": "assistant", "content": thought, "tool_calls": tool_calls(called)}
    if calls and role != "assistant":
        raise Flaw("broken tool call", f"tool calls in a {role}'s turn", "tool calls of the assistant")
    if role == "assistant":
        contents.text = thought_before(turn, contents, repairs) + contents.text
    elif contents.reasoning:
        raise Flaw("not text", f"reasoning in a {role}'s turn", "text")
    beside = {name: turn[name] for name in _beside(role) if turn.get(name) and isinstance(turn[name], str)}
    return {"role": role, "content": contents.text} | ({"tool_calls": calls} if calls else {}) | beside


def _beside(role: str) -> tuple[str, ...]:
    """Return the further fields of a turn that engines hand on to its template."""
    return FIELDS if role == "tool" else ("name",)


def _calls(turn: dict[str, Any], repairs: set[str]) -> list[dict[str, Any]]:
    if turn.get("tool_calls"):
        return tool_calls(turn["tool_calls"])
    if not turn.get("function_call"):
        return []
    repairs.add(_LEGACY)
    return tool_calls(turn["function_call"])


def _role(value: Any, shape: Shape, repairs: set[str]) -> str:
    tags = shape.roles()
    if isinstance(value, str) and value in tags:
        return tags[value]
    known = _ALIASES.get(value.strip().lower()) if isinstance(value, str) else None
    if known is None:
        raise Flaw("unknown role", f"role {short_repr(value)}", f"one of {', '.join(tags)}")
    repairs.add("role renamed")
    return known


def _pair(
    row: Mapping[str, Any], shape: Shape, messages: Conversation, repairs: set[str]
) -> tuple[Conversation, str, str]:
    sides: list[Conversation] = []
    for column in (shape.chosen, shape.rejected):
        value = as_json(row.get(column), lists_only=True) if column else None
        if isinstance(value, str):
            sides.append([{"role": "assistant", "content": value}])
        elif isinstance(value, dict):
            sides.append([_message(value, shape, repairs)])
        elif isinstance(value, list) and value:
            sides.append([_message(turn, shape, repairs) for turn in value])
        else:
            raise Flaw("incomplete pair", f"{column or 'a pair'!r} that is {kind_of(value)}", "two answers")
    chosen, rejected = sides
    shared = 0
    said = [[without_ids(message) for message in turns] for turns in (chosen, rejected, messages)]
    while shared < min(len(chosen), len(rejected)) - 1 and said[0][shared] == said[1][shared]:
        shared += 1
    prompt = chosen[:shared]
    # TRL's: each side may repeat the prompt.
    messages = prompt if said[0][:shared][: len(messages)] == said[2] else messages + prompt
    for side in (chosen[shared:], rejected[shared:]):
        if len(side) != 1 or side[0]["role"] != "assistant" or "tool_calls" in side[0]:
            raise Flaw("incomplete pair", "an answer that is not one assistant's text", "two answers to one prompt")
    return messages, chosen[-1]["content"], rejected[-1]["content"]


def text_of(row: Mapping[str, Any], column: str | None) -> str:
    """Return a column's text, "" where there is none; Flaw where it is something else."""
    value = row.get(column) if column else None
    if value is None or isinstance(value, str):
        return value or ""
    raise Flaw("not text", f"{column!r} that is a {kind_of(value)}", "text")


def as_json(value: Any, lists_only: bool = False) -> Any:
    """Return what a text cell (of a CSV) holds as JSON; `lists_only` leaves every text alone that is no list."""
    if not isinstance(value, str) or (lists_only and not value.lstrip().startswith('[{"')):
        return value
    if not value.strip():
        return None
    try:
        return json.loads(value)
    except (json.JSONDecodeError, RecursionError):
        return value
