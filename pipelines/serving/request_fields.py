"""What a request of OpenAI's protocol may ask for beside its messages: done, refused by name, or told as not read."""

from collections.abc import Mapping
from typing import Any

from pipelines.core.errors import ConfigurationError

_FORM = {
    "n": (lambda value: value == 1, "1: an answer from sources is one"),
    "stop": (lambda value: value in ("", []), "none: an answer ends where its model ends it"),
    "response_format": (lambda value: _kind(value) == "text", "type text: an answer is text with its citations"),
    "tool_choice": (lambda value: value in ("auto", "none"), "auto or none: no tool is called here"),
    "function_call": (lambda value: value in ("auto", "none"), "auto or none: no function is called here"),
    "logprobs": (lambda value: value is False, "false"),
    "top_logprobs": (lambda value: value == 0, "0"),
    "modalities": (lambda value: value == ["text"], "text"),
    "audio": (lambda value: False, "none: answers are text"),
}
"""Fields that change what an answer looks like, the values that ask for what it is anyway, and those in words."""


class FieldError(ConfigurationError):
    """A field that a request may not have so; `field` names it."""

    def __init__(self, field: str, found: str, expected: str, fix: str = "", code: str | None = None) -> None:
        super().__init__(field, found, expected, fix or f"send what is expected as {field}")
        self.field, self.code = field, code


def unread_fields(given: Mapping[str, Any]) -> list[str]:
    """Return the names of fields that are not read and change nothing (temperature); FieldError for one that would."""
    named = {name: value for name, value in given.items() if value is not None}
    for name, value in named.items():
        allowed, expected = _FORM.get(name, (lambda _: True, ""))
        if not allowed(value):
            raise FieldError(name, str(value)[:80], expected)
    return sorted(name for name in named if name not in _FORM)


def _kind(value: Any) -> Any:
    return value.get("type") if isinstance(value, Mapping) else value
