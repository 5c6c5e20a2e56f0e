"""A client that leaves ends its answer: whatever the pieces come from is closed, and with it the model's writing."""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import TypeVar

import anyio
from fastapi.responses import StreamingResponse
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

_Piece = TypeVar("_Piece")


class EventStream(StreamingResponse):
    """Server-sent events, the `first` of which are there; `rest` is closed when it ends or nobody reads it any more."""

    def __init__(self, first: list[str], rest: AsyncGenerator[list[str]]) -> None:
        super().__init__(_joined(first, rest), media_type="text/event-stream")
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            await _closed(self._rest)


async def _joined(first: list[str], rest: AsyncIterator[list[str]]) -> AsyncIterator[str]:
    yield "".join(first)
    async for batch in rest:
        yield "".join(batch)


async def last_piece(batches: AsyncGenerator[list[_Piece]], request: Request) -> _Piece:
    """Return the last piece; ClientDisconnect where the client left before it."""
    last: list[_Piece] = []
    try:
        async for batch in batches:
            last = batch
            if await request.is_disconnected():
                raise ClientDisconnect
    finally:
        await _closed(batches)
    return last[-1]


async def _closed(batches: AsyncGenerator[list[_Piece]]) -> None:
    # The thread that makes the next piece closes what it comes from, once that piece is there.
    with anyio.CancelScope(shield=True):
        await batches.aclose()
