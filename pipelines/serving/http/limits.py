"""A request's size is limited before it is read: no client fills the server's memory."""

from fastapi import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipelines.serving.errors import error_body

MOST_BYTES = 8 << 20
"""Of a request's body: long conversations are some hundred KiB."""
_TOLD = f"the body is larger than {MOST_BYTES >> 20} MiB: send fewer or shorter messages"


class LimitedBody:
    """Answers 413 where a body is larger than MOST_BYTES, whether its length was told or not."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        told = dict(scope["headers"]).get(b"content-length", b"0")
        if told.isdigit() and int(told) > MOST_BYTES:
            response = JSONResponse(error_body(_TOLD, "invalid_request_error"), 413, {"Connection": "close"})
            return await response(scope, receive, send)
        read = 0

        async def limited() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > MOST_BYTES:
                raise HTTPException(413, _TOLD)
            return message

        await self._app(scope, limited, send)
