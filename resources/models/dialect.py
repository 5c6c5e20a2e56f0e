"""What a server takes of the protocol's parameters: what it refuses is replaced or left out."""

import re
from dataclasses import dataclass, replace
from typing import Any

THINKING_TOKENS = 4096
"""What a model that thinks may use beside the answer's own tokens."""

_JSON = re.compile(r"response_?format|json_?(?:schema|object)|structured|schema|grammar|guided")
# "'max_tokens' is too large: this model's maximum context length is …" is about one prompt, not about the parameter.
_SIZE = re.compile(r"context|too (?:large|long|many|big|high)|exceed|maximum|at most|less than")
_NEXT_FORMAT = {"json_schema": "json_object", "json_object": ""}
_NEXT_LIMIT = {"max_tokens": "max_completion_tokens", "max_completion_tokens": ""}


@dataclass(frozen=True)
class Dialect:
    """How a server is asked: the type of its response_format, its name of the token limit ("": neither), and so on."""

    json_format: str = "json_schema"
    limit: str = "max_tokens"
    temperature: bool = True
    thinking: bool = False

    def arguments(self, max_tokens: int, schema: dict[str, Any] | None) -> dict[str, Any]:
        """Return a request's parameters beside the model and the messages."""
        arguments: dict[str, Any] = {"temperature": 0} if self.temperature else {}
        if self.limit:
            arguments[self.limit] = max_tokens + (THINKING_TOKENS if self.thinking else 0)
        if schema and self.json_format:
            named = {"json_schema": {"name": "answer", "schema": schema, "strict": True}}
            arguments["response_format"] = {"type": self.json_format} | (
                named if self.json_format == "json_schema" else {}
            )
        return arguments

    def without(self, refusal: str, schema: dict[str, Any] | None) -> "Dialect | None":
        """Return the dialect without what a refusal names; None where it names nothing that was sent.

        >>> Dialect().without("Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens'.", None).limit
        'max_completion_tokens'
        """
        text, other = refusal.lower(), self
        if schema and self.json_format and _JSON.search(text):
            other = replace(other, json_format=_NEXT_FORMAT[self.json_format])
        if self.temperature and "temperature" in text:
            other = replace(other, temperature=False)
        if self.limit and self.limit in text and not _SIZE.search(text):
            other = replace(other, limit=_NEXT_LIMIT[self.limit])
        return other if other != self else None
