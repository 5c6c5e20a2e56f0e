"""A server of the OpenAI protocol as its variables name it: its client, and its errors without key or request."""

from typing import Any

from pipelines.core.errors import ConfigurationError, ServiceError
from pipelines.core.masked import without_user


class OpenAIServer:
    """Where a model is served; `prefix` is that of the variables: LLM of LLM_BASE_URL, LLM_MODEL and LLM_API_KEY."""

    def __init__(self, prefix: str, base_url: str, model: str, api_key: str) -> None:
        if not model:
            raise ConfigurationError(
                f"{prefix}_MODEL",
                "nothing",
                f"the name of a model that {prefix}_BASE_URL serves",
                f"GET {prefix}_BASE_URL/models lists them; then set {prefix}_MODEL=NAME",
            )
        self._prefix, self._base_url, self._api_key = prefix, base_url, api_key
        # An address may carry a user and a password: neither belongs into names or messages.
        self._shown = without_user(base_url.rstrip("/"))
        self.name = f"{model}@{self._shown}"

    def client(self, timeout: float, retries: int) -> Any:
        """Return a client that backs off on 408, 409, 429 and 5xx, so many times."""
        from openai import OpenAI

        # Servers without keys still want the header; the client would otherwise look for OPENAI_API_KEY.
        return OpenAI(base_url=self._base_url, api_key=self._api_key or "none", timeout=timeout, max_retries=retries)

    def failure(self, error: Exception, expected: str) -> ServiceError:
        """Return the client's error without the key or the request; the class and status say enough."""
        status = getattr(error, "status_code", None)
        found = f"{type(error).__name__}{f' (status {status})' if status else ''}"
        fix = (
            f"start the server and try curl {self._shown}/models, or unset {self._prefix}_BASE_URL for the local model"
        )
        if status in (401, 403):
            fix = f"set {self._prefix}_API_KEY to a valid key"
        return self.wrong(found, f"{expected} from an OpenAI-protocol server", fix)

    def wrong(self, found: str, expected: str, fix: str) -> ServiceError:
        """Return the error of an answer that is not what was asked for."""
        return ServiceError(f"{self._prefix}_BASE_URL={self._shown}", found, expected, fix)
