"""The body of an answer to `/chat/completions`, as servers really send it: a completion, or one line of what it is."""

import json
import re
from collections.abc import Mapping
from typing import Any

from pipelines.core.protocols import CUT, Completion

_LENGTH = 200
_PAGE = re.compile(r"^\s*(?:<!doctype html|<html|<\?xml|<head|<body)", re.IGNORECASE)
_TITLE = re.compile(r"<(title|h1)[^>]*>(.*?)</\1>", re.IGNORECASE | re.DOTALL)
# vLLM up to 0.11, SGLang, llama.cpp and DeepSeek; OpenRouter, Ollama and later vLLM; Ollama's own.
_THOUGHTS = ("reasoning_content", "reasoning", "thinking")


class MalformedAnswer(ValueError):
    """An answer of status 200 that does not hold what was asked for; `body` is its text."""

    def __init__(self, body: str) -> None:
        super().__init__(f"status 200 and nothing that was asked for: {sentence_of(body)}")
        self.body = body


def completion_of(body: str, json_wanted: bool = False) -> Completion:
    """Return the first choice's text, its thoughts still in it; MalformedAnswer where there is none.

    Where a server sorted the whole answer into its field of thoughts, that is the text, but not where the token limit
    cut it: then it is a thought that never ended, unless JSON was asked for and JSON it is.
    """
    value = _parsed(body)
    choices = value.get("choices") if isinstance(value, dict) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, dict):
        raise MalformedAnswer(body)
    message, finish = choice.get("message"), str(choice.get("finish_reason") or "")
    message = message if isinstance(message, dict) else {"content": choice.get("text")}
    text = _text(message.get("content")) or _text(message.get("refusal"))
    calls = _calls(message)
    if not text.strip() and not calls:
        thought = next((found for name in _THOUGHTS if (found := _text(message.get(name))).strip()), "")
        text = thought if finish != CUT or (json_wanted and thought.lstrip().startswith("{")) else ""
    usage = value.get("usage")
    counts = _count(usage, "prompt_tokens"), _count(usage, "completion_tokens")
    details = usage.get("prompt_tokens_details") if isinstance(usage, Mapping) else None
    prefix = min(_count(details, "cached_tokens"), counts[0])
    return Completion(text, *counts, finish_reason=finish, calls=calls, prefix_tokens=prefix)


def sentence_of(body: str) -> str:
    """Return what a server says in the body of an error, in one line.

    >>> sentence_of('{"error": {"message": "no such model"}}'), sentence_of("<html><title>502 Bad Gateway</title>")
    ('no such model', 'an HTML page (502 Bad Gateway)')
    """
    if _PAGE.match(body):
        title = _TITLE.search(body)
        return _line(f"an HTML page{f' ({title.group(2)})' if title else ''}")
    value = _parsed(body)
    while isinstance(value, dict):
        inner = next((value[name] for name in ("error", "message", "detail", "error_message") if value.get(name)), None)
        if inner is None:
            break
        value = inner
    return _line(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)) or "nothing"


def _parsed(body: str) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body


def _text(content: Any) -> str:
    """Return a content's text; of one in parts, what is none of a thought."""
    if isinstance(content, list):
        parts = [
            part for part in content if isinstance(part, dict) and part.get("type", "text") in ("text", "output_text")
        ]
        return "".join(str(part.get("text") or "") for part in parts)
    return content if isinstance(content, str) else ""


def _calls(message: Mapping[str, Any]) -> str:
    """Return the calls of tools as JSON, "" without any; the one of the protocol's earlier form as a list of it."""
    calls = message.get("tool_calls") or ([held] if isinstance(held := message.get("function_call"), dict) else [])
    return json.dumps(calls, ensure_ascii=False) if isinstance(calls, list) and calls else ""


def _count(usage: Any, name: str) -> int:
    count = usage.get(name) if isinstance(usage, Mapping) else None
    return int(count) if isinstance(count, int | float) else 0


def _line(text: str) -> str:
    return " ".join(text.split())[:_LENGTH]
