"""Conversations as a chat template receives them from an engine: training has to render exactly these."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.core.errors import InputError
from pipelines.finetune.conversation import FIELDS

Rendered = list[dict[str, Any]]
THOUGHT_FIELDS = ("reasoning_content", "reasoning", "thinking")
"""Under which names templates look for a thought beside the content."""
_TOOL_KEYS = ("name", "description", "parameters")
_THOUGHT = re.compile(r"\A\s*<think>(.*?)</think>\s*", re.DOTALL)
_READS = re.compile(rf"""(?:\.|\[["']|get\(["'])({"|".join(THOUGHT_FIELDS)})\b""")


def as_engines_read(messages: Sequence[Mapping[str, Any]], template: str) -> Rendered:
    """Return OpenAI messages as vLLM hands them to a template: content is text, a call's arguments are an object.

    OpenAI's `arguments` are JSON text; a template that prints them as they are would train quoted JSON, and every
    request would then be rendered otherwise. Arguments that are no JSON object become {}, as in vLLM. A thought before
    an answer stands in the field that the template reads it from.
    """
    field = thought_field(template)
    return [_message(message, field) for message in messages]


def thought_field(template: str) -> str | None:
    """Return the field that a template reads a thought from, None where it finds <think> in the content, or reads none.

    >>> thought_field("{{ message.thinking }}"), thought_field("{{ content.split('</think>') }}")
    ('thinking', None)
    """
    read = set() if "</think>" in template else set(_READS.findall(template))
    return next((name for name in THOUGHT_FIELDS if name in read), None)


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


def _message(message: Mapping[str, Any], field: str | None) -> dict[str, Any]:
    made: dict[str, Any] = {"role": message["role"], "content": message.get("content") or ""}
    thought = _THOUGHT.match(made["content"]) if field and made["role"] == "assistant" else None
    if field and thought and thought[1].strip():
        made |= {"content": made["content"][thought.end() :], field: thought[1].strip()}
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
