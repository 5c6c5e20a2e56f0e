"""A step as the model writes it: one JSON object, what models make of it, or calls in a server's own form."""

import ast
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from pipelines.text.notation.json_objects import objects

ACTIONS = ("search", "read", "relations", "calculate", "answer")
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"action": {"type": "string", "enum": list(ACTIONS)}, "argument": {"type": "string"}},
    "required": ["action", "argument"],
    "additionalProperties": False,
}
EXPECTED = 'one JSON object and nothing else: {"action": "search|read|relations|calculate|answer", "argument": "…"}'

_OTHER_NAMES = {
    **dict.fromkeys(("find", "lookup", "look_up", "query", "retrieve", "web_search"), "search"),
    **dict.fromkeys(("open", "fetch", "get", "read_passage", "view"), "read"),
    **dict.fromkeys(("relation", "neighbours", "neighbors", "graph", "follow", "entity"), "relations"),
    **dict.fromkeys(("calc", "calculator", "calculation", "compute", "math"), "calculate"),
    **dict.fromkeys(("finish", "final", "final_answer", "stop", "done", "respond", "end"), "answer"),
}
_ACTION_KEYS = ("action", "tool", "tool_name", "function", "name", "step")
_ARGUMENT_KEYS = (
    "argument", "arguments", "args", "action_input", "actioninput", "input", "parameters", "params", "query", "q",
    "expression", "passage", "passages", "id", "entity", "keywords", "text", "value", "name",
)  # fmt: skip
_THOUGHT = re.compile(r"^.*</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
_NAMED_LINE = re.compile(r"^\W*action\W*[:：]\W*([A-Za-z]\w*)", re.MULTILINE | re.IGNORECASE)
_INPUT_LINE = re.compile(r"^\W*(?:action[ _]?input|argument|input)\W*[:：][*\t ]*(.+)$", re.MULTILINE | re.IGNORECASE)
_CALL = re.compile(rf"\b({'|'.join(ACTIONS)})\((.*)\)", re.IGNORECASE)
_TAGGED = re.compile(
    rf"(?:functions?[.=:]\s*|<tool_call>\s*|sep[|｜]>\s*)({'|'.join(ACTIONS)})\b[^{{}}\"]{{0,80}}(\{{[^{{}}]*\}})"
)
"""A call in a model's own marks, its arguments alone in JSON: Llama, DeepSeek, Kimi, gpt-oss."""
_BETWEEN_CALLS = re.compile(r"[\s,\[\]]|</?tool_calls?>|\[TOOL_CALLS\]|```(?:json)?", re.IGNORECASE)
"""What may stand around calls that a model makes side by side and that are all meant."""
_LITERAL = re.compile(r"\{'[^{}]{1,2000}\}")
_QUOTES = " \t\r\n\"'`“”"
_LONGEST = 1_000


@dataclass(frozen=True)
class Reply:
    """One action with its argument; `more` where the reply held others, of which only this one counts."""

    action: str
    argument: str
    more: bool = False

    @property
    def known(self) -> bool:
        """Whether it is an action that there is."""
        return self.action in ACTIONS


def read_replies(text: str, calls: str = "") -> list[Reply]:
    """Return the actions of a reply: all of calls side by side, else the first of its text; none where none is there.

    `calls` is what the server made of the model's own calls (OpenAI's `tool_calls`): where there are any, the text
    beside them is a remark. An answer beside other actions was written before their results: it is not taken.
    """
    found = list(_replies(calls)) if calls else _side_by_side(_THOUGHT.sub("", text))
    if not found:
        return [reply] if (reply := read_reply(text)) else []
    asked = [one for one in dict.fromkeys(found) if one.action != "answer"] or found[:1]
    return [*asked[:-1], replace(asked[-1], more=len(asked) < len(set(found)))]


def _side_by_side(text: str) -> list[Reply]:
    """Return the calls of a text that is nothing but several of them; [] for any other."""
    rest, found = text.strip(), list[Reply]()
    while rest:
        if not rest.startswith("{"):
            between = _BETWEEN_CALLS.match(rest)
            if between is None:
                return []
            rest = rest[between.end() :]
            continue
        try:
            value, end = json.JSONDecoder().raw_decode(rest)
        except (json.JSONDecodeError, RecursionError):
            return []
        inner = next((one for name, one in value.items() if name.lower() == "tool_calls"), [value])
        values = [one for one in inner if isinstance(one, dict)] if isinstance(inner, list) else []
        named = [_named({str(key).lower(): one for key, one in held.items()}) for held in values]
        found += [Reply(action, argument[:_LONGEST]) for action, argument in named if action]
        rest = rest[end:]
    return found if len(found) > 1 else []


def read_reply(text: str) -> Reply | None:
    """Return the first known action of a reply, else the first one named; None where there is none.

    The first: what a model writes behind it (the next action, the result that it expects) is made up.
    """
    found = list(_replies(_THOUGHT.sub("", text)))
    if not found:
        return None
    chosen = next((one for one in found if one.known), found[0])
    others = {(one.action, one.argument) for one in found} - {(chosen.action, chosen.argument)}
    return Reply(chosen.action, chosen.argument, more=bool(others))


def _replies(text: str) -> Iterator[Reply]:
    read = False
    for tagged in _TAGGED.finditer(text):
        read = True
        yield Reply(_action(tagged[1]), _plain(tagged[2])[:_LONGEST])
    for value in () if read else _values(text):
        action, argument = _named(value)
        if action:
            read = True
            yield Reply(action, argument[:_LONGEST])
    if read:
        return
    named, given = _NAMED_LINE.search(text), _INPUT_LINE.search(text)
    if named:
        yield Reply(_action(named[1]), given[1].strip(_QUOTES)[:_LONGEST] if given else "")
        return
    for call in _CALL.finditer(text):
        yield Reply(_action(call[1]), call[2].rpartition("=")[2].strip(_QUOTES)[:_LONGEST])


def _values(text: str) -> Iterator[Mapping[str, Any]]:
    yield from objects(_closed(text), {*_ACTION_KEYS, *ACTIONS})
    for literal in _LITERAL.findall(text):  # as Python writes a dict
        with suppress(ValueError, SyntaxError, MemoryError, RecursionError):
            value = ast.literal_eval(literal)
            if isinstance(value, dict):
                yield {str(key).lower(): one for key, one in value.items()}


def _closed(text: str) -> str:
    """Return the text, an object at its end that was cut before its last marks closed."""
    begun = text.find("{")
    for marks in ("", "}", '"}', "}}", '"}}') if begun >= 0 else ():
        with suppress(json.JSONDecodeError, RecursionError):
            json.JSONDecoder().raw_decode(text[begun:] + marks)
            return text + marks
    return text


def _named(value: Mapping[str, Any]) -> tuple[str, str]:
    """Return (action, argument) of an object; ("", "") where it names none."""
    for key in _ACTION_KEYS:
        held = value.get(key)
        if isinstance(held, dict):
            return _named({str(name).lower(): one for name, one in held.items()})
        if isinstance(held, str) and held.strip():
            rest = {name: one for name, one in value.items() if name != key}
            return _action(held), _argument(rest)
    for key in ACTIONS:
        if key in value:
            return key, _plain(value[key])
    return "", ""


def _action(name: str) -> str:
    plain = name.strip(_QUOTES).lower().replace(" ", "_").replace("-", "_").removeprefix("functions.")
    return _OTHER_NAMES.get(plain, plain)[:40]


def _argument(value: Mapping[str, Any]) -> str:
    for key in _ARGUMENT_KEYS:
        if value.get(key) not in (None, ""):
            return _plain(value[key])
    return ""


def _plain(value: Any) -> str:
    if isinstance(value, str):
        if value.lstrip().startswith("{"):
            with suppress(json.JSONDecodeError):
                return _plain(json.loads(value))
        return value.strip()
    if isinstance(value, dict):
        lowered = {str(key).lower(): one for key, one in value.items()}
        return _argument(lowered) or next((_plain(one) for one in lowered.values()), "")
    if isinstance(value, list):
        return ", ".join(_plain(one) for one in value)
    return "" if value is None else str(value)
