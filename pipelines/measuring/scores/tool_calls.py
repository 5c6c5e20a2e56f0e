"""Whether an answer makes the calls of tools that the reference makes."""

import contextlib
import json
import re
from typing import Any

from pipelines.measuring.scores.metric import Metric, by_pair

_DECODER = json.JSONDecoder()
_ACTION = re.compile(r"Action:[ \t]*(?P<name>\S+)[ \t]*\n\s*Action Input:[ \t]*")
_STARTS = re.compile(r"\{")
_FEWEST = 12
"""Characters of the shortest call: {"name":"f"}."""


def tool_call_match(prediction: str, reference: str) -> float | None:
    """Return 1 where both make the same calls: names and arguments as JSON, order of keys and of calls ignored.

    None where the reference makes none. Strict: an argument too many, or one of another type, is another call.
    """
    expected = calls_in(reference)
    return float(calls_in(prediction) == expected) if expected else None


def calls_in(text: str) -> list[str]:
    """Return the calls of a text, each as one line of JSON, sorted.

    A call is an object with `name` and `arguments` (or `parameters`; as an object, or as JSON in a text), wherever it
    stands: in OpenAI's `function`, in tags, in a fence, in a list; or "Action:" with its "Action Input:".
    """
    found: list[str] = []
    end = 0
    for match in _STARTS.finditer(text):
        if match.start() < end or len(text) - match.start() < _FEWEST:
            continue
        value, after = _value_at(text, match.start())
        calls = _calls(value)
        if calls:
            found, end = found + calls, after
    for match in _ACTION.finditer(text):
        value, after = _value_at(text, match.end())
        if after:
            found.append(_line(match["name"], value))
    return sorted(found)


def _value_at(text: str, start: int) -> tuple[Any, int]:
    """Return the JSON value that begins here and the place after it; (None, 0) where there is none."""
    try:
        return _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        return None, 0


def _calls(value: Any) -> list[str]:
    if not isinstance(value, dict):
        return []
    function = value.get("function")
    inner: dict[str, Any] = function if isinstance(function, dict) else value
    key = next((key for key in ("arguments", "parameters") if key in inner), None)
    if key is None or not isinstance(inner.get("name"), str):
        return []
    if isinstance(inner[key], dict) and inner[key].get("type") == "object" and "properties" in inner[key]:
        return []  # a tool's description, no call of it
    return [_line(inner["name"], inner[key])]


def _line(name: str, arguments: Any) -> str:
    if isinstance(arguments, str):
        with contextlib.suppress(ValueError, RecursionError):
            arguments = json.loads(arguments)
    return json.dumps([name, _plain(arguments or {})], sort_keys=True, ensure_ascii=False)


def _plain(value: Any) -> Any:
    """Return a value in which 1.0 is 1, as JSON has one kind of number."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list) else value


TOOL_CALL_MATCH = Metric(
    name="tool_call_match",
    source="exact call match, after BFCL (Patil et al. 2024)",
    empty="0; rows whose reference makes no call are left out",
    rows=by_pair(tool_call_match),
)
