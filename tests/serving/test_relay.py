"""What a thread makes reaches the loop whole and in order; errors come where they happened; who leaves ends it."""

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest

from pipelines.serving.http.relay import Relay


def test_all_items_come_in_order_and_those_that_are_there_come_together() -> None:
    async def read() -> list[list[int]]:
        found = []
        async for batch in Relay().batches(iter(range(1000))):
            found.append(batch)
            time.sleep(0.001)  # the loop is busy: meanwhile more is made
        return found

    found = asyncio.run(read())
    assert [one for batch in found for one in batch] == list(range(1000))
    assert all(found) and len(found) < 500


def test_an_error_comes_behind_what_was_made_before_it() -> None:
    def items() -> Iterator[str]:
        yield "a"
        yield "b"
        raise ValueError("broken")

    async def read() -> list[str]:
        found: list[str] = []
        with pytest.raises(ValueError, match="broken"):
            async for batch in Relay().batches(items()):
                found += batch
        return found

    assert asyncio.run(read()) == ["a", "b"]


def test_nothing_is_an_end_at_once() -> None:
    async def read() -> list[list[str]]:
        return [batch async for batch in Relay().batches(iter(()))]

    assert asyncio.run(read()) == []


def test_an_answer_that_nobody_reads_any_more_is_closed_in_its_own_thread() -> None:
    closed: list[str] = []
    over = threading.Event()

    def items() -> Iterator[int]:
        try:
            for number in range(10_000):
                yield number
                time.sleep(0.001)
        finally:
            closed.append(threading.current_thread().name)
            over.set()

    async def leave() -> None:
        batches = Relay().batches(items())
        await anext(batches)
        await batches.aclose()  # type: ignore[attr-defined]

    asyncio.run(leave())
    assert over.wait(10) and closed == ["answer"]


def test_of_more_than_there_is_room_for_the_later_ones_wait() -> None:
    running, most, lock = 0, 0, threading.Lock()

    def items() -> Iterator[int]:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.01)
        yield 1
        with lock:
            running -= 1

    async def read() -> list[list[int]]:
        relay = Relay(most=2)

        async def one() -> list[int]:
            return [item async for batch in relay.batches(items()) for item in batch]

        return list(await asyncio.gather(*(one() for _ in range(6))))

    assert asyncio.run(read()) == [[1]] * 6
    assert most == 2
