"""What every request passes: the key, the headers that a browser obeys, the counters."""

import secrets
import time

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipelines.serving.errors import error_body
from pipelines.serving.metrics import Metrics

_OPEN_PATHS = ("/health", "/", "/page/")
"""What is shown without a key: nothing of the documents."""
_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_REFUSED = "the key is missing or wrong: send Authorization: Bearer KEY"


class Guard:
    """Lets through what is open or has the key."""

    def __init__(self, app: ASGIApp, api_key: str, metrics: Metrics) -> None:
        self._app, self._api_key, self._metrics = app, api_key, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve or refuse one request."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        request, started = Request(scope), time.perf_counter()

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
                self._metrics.answered(scope, message["status"], time.perf_counter() - started)
            await send(message)

        if self._lets_in(request):
            return await self._app(scope, receive, sent)
        body = error_body(_REFUSED, "invalid_request_error", code="invalid_api_key")
        await JSONResponse(body, 401)(scope, receive, sent)

    def _lets_in(self, request: Request) -> bool:
        path = request.url.path
        if not self._api_key or path in _OPEN_PATHS or path.startswith(_OPEN_PATHS[-1]):
            return True
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and secrets.compare_digest(given.strip().encode(), self._api_key.encode())
