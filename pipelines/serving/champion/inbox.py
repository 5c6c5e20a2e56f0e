"""In a generator's process: requests from the parent, those that are not wanted any more, and an end without it."""

import json
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pipelines.serving.champion.generation import Sampling

Tell = Callable[[dict[str, Any]], None]
"""Hands one event to the parent: {id, text}, {id, finish, tokens} or {id, error}."""


@dataclass(frozen=True)
class Asked:
    """A request in the child."""

    number: int
    prompt: list[int]
    sampling: Sampling


class Inbox:
    """What the parent has asked for, read by a thread of its own; the process ends with the parent's pipe."""

    def __init__(self) -> None:
        self._waiting: deque[Asked] = deque()
        self._left: set[int] = set()
        self._some = threading.Condition()

    def begin(self) -> None:
        """Begin to read standard input."""
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        threading.Thread(target=self._read, daemon=True).start()

    def take(self, most: int, wait: bool) -> list[Asked]:
        """Return at most so many requests in their order; with `wait`, once there is one."""
        with self._some:
            while wait and not self._waiting:
                self._some.wait()
            taken = [self._waiting.popleft() for _ in range(min(most, len(self._waiting)))]
            gone = {one.number for one in taken} & self._left
            self._left -= gone
            return [one for one in taken if one.number not in gone]

    def left(self, under_way: set[int]) -> set[int]:
        """Return those under way that nobody waits for any more, each once."""
        with self._some:
            gone = self._left & under_way
            self._left -= gone
            return gone

    def ended(self, number: int) -> None:
        """Forget what was said about a request that is answered."""
        with self._some:
            self._left.discard(number)

    def put(self, asked: dict[str, Any]) -> None:
        """Take one line of the parent's."""
        with self._some:
            if "abort" in asked:
                self._left.add(asked["abort"])
            else:
                sampling = asked["sampling"] | {"stop": tuple(asked["sampling"]["stop"])}
                self._waiting.append(Asked(asked["id"], asked["prompt"], Sampling(**sampling)))
            self._some.notify()

    def _read(self) -> None:
        for line in sys.stdin.buffer:
            self.put(json.loads(line))
        os._exit(0)  # the parent is gone, or wants no more; the main thread may be in native code
