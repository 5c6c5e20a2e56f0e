"""What a thread makes, handed to the event loop as it comes: a thread an answer, one wake-up for all that is there."""

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")
_MOST = 256
"""Answers under way at once; each has a thread, which mostly waits for its model."""


class Relay:
    """Runs iterators in threads of their own; of more than `most` at once the later ones wait."""

    def __init__(self, most: int = _MOST) -> None:
        self._free = asyncio.Semaphore(most)

    async def batches(self, items: Iterator[T]) -> AsyncGenerator[list[T]]:
        """Yield in order what the iterator has yielded since, never nothing; raises what it raises.

        Whoever stops early ends it: it is closed in its own thread when it has made its next item.
        """
        async with self._free:
            made = _Made[T](items)
            try:
                async for batch in made.batches():
                    yield batch
            finally:
                made.is_left = True


class _Made(Generic[T]):
    """The items of one iterator between its thread and the loop."""

    def __init__(self, items: Iterator[T]) -> None:
        self._items, self._loop, self._woken = items, asyncio.get_running_loop(), asyncio.Event()
        self._there, self._error, self._is_over = deque[T](), list[BaseException](), False
        self.is_left = False
        threading.Thread(target=self._run, name="answer", daemon=True).start()

    async def batches(self) -> AsyncIterator[list[T]]:
        over = False
        while not over:
            await self._woken.wait()
            self._woken.clear()
            over = self._is_over  # read before the items: what was made before the end is there
            batch = [self._there.popleft() for _ in range(len(self._there))]
            if batch:
                yield batch
        if self._error:
            raise self._error[0]

    def _run(self) -> None:
        try:
            for item in self._items:
                if self.is_left:
                    break
                self._there.append(item)
                self._wake()
        except BaseException as error:
            self._error.append(error)
        finally:
            close = getattr(self._items, "close", None)
            if close is not None:
                close()
            self._is_over = True
            self._wake()

    def _wake(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._woken.set)
