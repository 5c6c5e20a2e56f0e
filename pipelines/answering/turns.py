"""Turns at the processor: of many questions at once only so many compute, the others wait in the order they came."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from pipelines.compute.processor import available_cores


class Turns:
    """As many turns at once as there are cores. More threads that compute make none of them faster, and keep those
    that only hand on what a model writes from running."""

    def __init__(self, most: int | None = None) -> None:
        self._free = threading.BoundedSemaphore(most or available_cores())
        self._thread = threading.local()

    @property
    def waited(self) -> float:
        """Seconds that this thread has waited for its turns so far."""
        return float(getattr(self._thread, "waited", 0.0))

    @contextmanager
    def one(self) -> Iterator[None]:
        """Wait for a turn, and have it; what waits for another server or process has no place in it."""
        started = time.perf_counter()
        with self._free:
            self._thread.waited = self.waited + time.perf_counter() - started
            yield
