"""What every request passes: the key, the headers of every response, and the count of both."""

import secrets
import time
from typing import Any

from fastapi.responses import JSONResponse
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipelines.serving.chat_protocol import error_body
from pipelines.serving.metrics import Metrics

_OPEN_PATHS = ("/health", "/", "/page/")
"""What is shown without a key: nothing of the documents."""
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class Guard:
    """Refuses what lacks the key; it stands beside a response's body, so that no piece of a stream goes through it."""

    def __init__(self, app: ASGIApp, api_key: str, metrics: Metrics) -> None:
        self._app, self._api_key, self._metrics = app, api_key, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with status 401."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, path = time.perf_counter(), scope["path"]

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
                self._metrics.answered(scope, message["status"], time.perf_counter() - started)
            await send(message)

        is_open = path in _OPEN_PATHS or path.startswith(_OPEN_PATHS[-1])
        app: Any = self._app
        if self._api_key and not is_open and not _has_key(Headers(scope=scope), self._api_key):
            app = JSONResponse(
                error_body("the key is missing or wrong: send Authorization: Bearer KEY", "invalid_request_error"), 401
            )
        await app(scope, receive, sending)


def _has_key(headers: Headers, api_key: str) -> bool:
    given = headers.get("authorization", "").removeprefix("Bearer ")
    return secrets.compare_digest(given.encode(), api_key.encode())
