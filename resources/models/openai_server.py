"""A server of the OpenAI protocol as its variables name it: its client, and its errors without key or request."""

import threading
from functools import cached_property
from typing import Any

from pipelines.core.errors import ConfigurationError, ServiceError, shell_command
from pipelines.core.masked import HIDDEN, masked, without_user
from resources.models.chat_answer import sentence_of

_KEY_STATUSES = (401, 403)


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
        self._lock = threading.Lock()

    def client(self, timeout: float, retries: int) -> Any:
        """Return a client that backs off on 408, 409, 429 and 5xx, so many times.

        All of them share their connections, which stay open between requests: it is not the caller's to close.
        """
        with self._lock:
            shared = self._shared
        return shared.with_options(timeout=timeout, max_retries=retries)

    @cached_property
    def _shared(self) -> Any:
        from openai import OpenAI

        # Servers without keys still want the header; the client would otherwise look for OPENAI_API_KEY.
        return OpenAI(base_url=self._base_url, api_key=self._api_key or "none")

    def failure(self, error: Exception, expected: str) -> ServiceError:
        """Return the client's error as ours, with what to type for its status."""
        return self.wrong(self.error_text(error), f"{expected} from an OpenAI-protocol server", self._fix(error))

    def error_text(self, error: Exception) -> str:
        """Return an error in one line, the server's own sentence in it, without the key or the request."""
        status, body = getattr(error, "status_code", None), body_of(error)
        if status is None:
            return self._without_key(str(error)) if body else type(error).__name__
        # What refuses a key often repeats it, in a form that nothing here would recognise.
        sentence = f": {sentence_of(body)}" if body and status not in _KEY_STATUSES else ""
        return self._without_key(f"{type(error).__name__} (status {status}){sentence}")

    def _without_key(self, text: str) -> str:
        return masked(text.replace(self._api_key, HIDDEN) if self._api_key else text)

    def _fix(self, error: Exception) -> str:
        prefix, status = self._prefix, getattr(error, "status_code", None)
        listing = shell_command("curl", f"{self._shown}/models")
        if status in _KEY_STATUSES:
            return f"set {prefix}_API_KEY to a valid key"
        if status is None and not body_of(error):
            return f"start the server and try {listing}, or unset {prefix}_BASE_URL for the local model"
        if status is None or status == 404:
            return f"correct {prefix}_BASE_URL, which often ends in /v1, or {prefix}_MODEL: try {listing}"
        if status == 429:
            return "wait, or raise the limit of the account, and run it again: answers that came are kept"
        if status >= 500:
            return "look into the server's log, and run it again: answers that came are kept"
        return f"change what it names in the server's settings, or set another {prefix}_MODEL"

    def wrong(self, found: str, expected: str, fix: str) -> ServiceError:
        """Return the error of an answer that is not what was asked for."""
        return ServiceError(f"{self._prefix}_BASE_URL={self._shown}", found, expected, fix)


def body_of(error: Exception) -> str:
    """Return the text that a server sent with an error, "" where it sent none."""
    response = getattr(error, "response", None)
    return str(getattr(error, "body", "") or "") if response is None else response.text
