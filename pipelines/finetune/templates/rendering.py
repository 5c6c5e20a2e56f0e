"""Conversations as a chat template receives them from an engine: training has to render exactly these."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.core.errors import InputError
from pipelines.finetune.conversation import FIELDS

Rendered = list[dict[str, Any]]
_TOOL_KEYS = ("name", "description", "parameters")


def as_engines_read(messages: Sequence[Mapping[str, Any]]) -> Rendered:
    """Return OpenAI messages as vLLM hands them to a template: content is text, a call's arguments are an object.

    OpenAI's `arguments` are JSON text; a template that prints them as they are would train quoted JSON, and every
    request would then be rendered otherwise. Arguments that are no JSON object become {}, as in vLLM.
    """
    return [_message(message) for message in messages]


def tools_as_engines_read(tools: Sequence[Mapping[str, Any]] | None) -> Rendered | None:
    """Return OpenAI tools with the keys, and in the order, that vLLM's request keeps; None where there are none.

    Templates print tools as JSON: another order of keys, or a description left out, is another prompt.
    """
    if not tools:
        return None
    return [_tool(tool.get("function", tool)) for tool in tools]


def require_tools(template: str, messages: Sequence[Mapping[str, Any]], tools: Any, where: str) -> None:
    """InputError where a conversation has tools or calls that the template would leave out without a word."""
    calls = any(message.get("tool_calls") for message in messages)
    missing = [what for what, asked in (("tools", tools), ("tool_calls", calls)) if asked and what not in template]
    if missing:
        raise InputError(
            where,
            f"a conversation with {' and '.join(missing)}, which this model's chat template does not write",
            "a template that does, or conversations without",
            "add template: chatml (or qwen, llama3, mistral, glm4: the model's own family) to the recipe",
        )


def _message(message: Mapping[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {"role": message["role"], "content": message.get("content") or ""}
    made |= {field: message[field] for field in FIELDS if message.get(field)}
    calls = message.get("tool_calls")
    if isinstance(calls, str):
        calls = json.loads(calls) if calls else None
    if calls:
        made["tool_calls"] = [_call(call) for call in calls]
    return made


def _call(call: Mapping[str, Any]) -> dict[str, Any]:
    function = call.get("function", call)
    arguments = function.get("arguments") or {}
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except json.JSONDecodeError:
            arguments = {}
    kept = {"name": function["name"], "arguments": arguments if isinstance(arguments, dict) else {}}
    return {key: call[key] for key in ("id", "type") if key in call} | {"function": kept}


def _tool(function: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {key: function.get(key) for key in _TOOL_KEYS}
    if function.get("strict") is not None:
        kept["strict"] = function["strict"]
    return {"type": "function", "function": kept}
