"""A client that leaves ends its answer: whatever the pieces come from is closed, and with it the model's writing."""

from collections.abc import Callable, Iterator
from typing import TypeVar

import anyio
from fastapi.responses import StreamingResponse
from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

_Piece = TypeVar("_Piece")


class EventStream(StreamingResponse):
    """Server-sent events; `close` is called when they end or nobody reads them any more."""

    def __init__(self, told: Iterator[str], close: Callable[[], None]) -> None:
        super().__init__(told, media_type="text/event-stream")
        self._close = close

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            await _closed(self._close)


async def last_piece(pieces: Iterator[_Piece], close: Callable[[], None], request: Request) -> _Piece:
    """Return the last piece; ClientDisconnect where the client left before it."""
    last: list[_Piece] = []
    try:
        async for piece in iterate_in_threadpool(pieces):
            last = [piece]
            if await request.is_disconnected():
                raise ClientDisconnect
    finally:
        await _closed(close)
    return last[0]


async def _closed(close: Callable[[], None]) -> None:
    # A thread that makes the next piece is waited for; only then can its generator be closed.
    with anyio.CancelScope(shield=True):
        await run_in_threadpool(close)
