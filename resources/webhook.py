"""A webhook: one JSON object posted to an address that only its owner knows, within a time limit."""

import base64
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from pipelines.core.errors import ServiceError
from pipelines.core.masked import user_of, without_user


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """What a redirect leads to was named by nobody."""

    def redirect_request(self, *_: Any) -> None:
        return None


class Webhook:
    """An address that takes JSON by POST; of it, no message shows more than the host."""

    def __init__(self, address: str, seconds: float) -> None:
        self._address, self._seconds = address, seconds
        self.name = f"the webhook at {urlsplit(without_user(address)).hostname}"

    def post(self, content: Mapping[str, Any]) -> None:
        """Send it; ServiceError where nobody takes it in time. All of it, the name's look-up too, has the limit."""
        failures: list[str] = []

        def send() -> None:
            try:
                opener = urllib.request.build_opener(_NoRedirects)
                with opener.open(self._request(content), timeout=self._seconds):
                    return
            except urllib.error.HTTPError as error:
                failures.append(f"status {error.code}")
            except Exception as error:  # a library's message may hold the address
                cause = getattr(error, "reason", error)
                failures.append(type(cause).__name__)

        sender = threading.Thread(target=send, daemon=True)
        sender.start()
        sender.join(self._seconds)
        if sender.is_alive():
            failures.append(f"no answer within {self._seconds:g} s")
        if failures:
            fix = "correct GRAFTLINE_WEBHOOK, raise GRAFTLINE_WEBHOOK_SECONDS, or unset both"
            raise ServiceError(self.name, failures[0], "a server that takes JSON by POST (status 2xx)", fix)

    def _request(self, content: Mapping[str, Any]) -> urllib.request.Request:
        headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "graftline"}
        if user := user_of(self._address):
            name, _, password = user.partition(":")
            pair = base64.b64encode(f"{unquote(name)}:{unquote(password)}".encode()).decode()
            headers["Authorization"] = f"Basic {pair}"
        body = json.dumps(content, ensure_ascii=False).encode()
        return urllib.request.Request(without_user(self._address), body, headers, method="POST")
