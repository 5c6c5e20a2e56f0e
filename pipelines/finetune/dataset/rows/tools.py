"""Tool descriptions and tool calls in OpenAI's form, from what datasets keep them in."""

import json
from typing import Any

from pipelines.finetune.dataset.rows.shapes import Flaw


def tool_list(value: Any) -> list[dict[str, Any]]:
    """Return [{"type": "function", "function": {name, description, parameters}}] from a list or its JSON text."""
    value = _parsed(value, "broken tools", "tools")
    if not value:
        return []
    items = value if isinstance(value, list) else [value]
    tools = []
    for item in items:
        item = _parsed(item, "broken tools", "tools") if isinstance(item, str) else item
        function = item.get("function", item) if isinstance(item, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            raise Flaw("broken tools", "a tool without a name", '{"name", "description", "parameters"}')
        tools.append({"type": "function", "function": function})
    return tools


def tool_calls(value: Any) -> list[dict[str, Any]]:
    """Return OpenAI tool calls from calls, bare functions {"name", "arguments"}, or the JSON text of either.

    Ids are those that were written, "" where none was: `link_calls` makes them.
    """
    value = _parsed(value, "broken tool call", "a tool call")
    items = value if isinstance(value, list) else [value]
    calls = []
    for item in items:
        function = item.get("function", item) if isinstance(item, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            raise Flaw("broken tool call", "a tool call without a name", '{"name", "arguments"}')
        arguments = function.get("arguments")
        if isinstance(arguments, str):
            _parsed(arguments, "broken tool call", "arguments")
        given = isinstance(arguments, str) and arguments
        called = {
            "name": function["name"],
            "arguments": arguments if given else json.dumps(arguments or {}, ensure_ascii=False),
        }
        written = item.get("id")
        calls.append({"id": written if isinstance(written, str) else "", "type": "function", "function": called})
    if not calls:
        raise Flaw("broken tool call", "no call", '{"name", "arguments"}')
    return calls


def _parsed(value: Any, reason: str, what: str) -> Any:
    if not isinstance(value, str) or not value.strip():
        return value if value and not isinstance(value, str) else None
    try:
        return json.loads(value)
    except (json.JSONDecodeError, RecursionError) as error:
        raise Flaw(reason, f"{what} that is no JSON ({str(error)[:60]})", "JSON") from None
