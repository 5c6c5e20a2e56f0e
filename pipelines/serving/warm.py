"""The answerer of a server: opened once, and again when a night has switched the graph."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from pipelines.answering.ask import Answerer
from pipelines.core.protocols import GraphStore


@dataclass
class Opened:
    """An answerer over the store that it reads, and how many questions use it now."""

    answerer: Answerer
    store: GraphStore
    version: str
    closed: Callable[[Answerer], None]
    users: int = field(default=0)

    def close(self) -> None:
        """Let go of both."""
        self.answerer.close()
        self.store.close()
        self.closed(self.answerer)


class WarmAnswerer:
    """Gives every question the answerer of today's graph.

    `version` names the graph that answers now: when it says something else, the next question opens that graph, and
    the former one is closed when the questions under way over it have their answers; `closed` is told of each.
    """

    def __init__(
        self,
        open_answerer: Callable[[], tuple[Answerer, GraphStore]],
        version: Callable[[], str],
        closed: Callable[[Answerer], None] = lambda _: None,
    ) -> None:
        self._open, self._version, self._closed = open_answerer, version, closed
        self._current: Opened | None = None
        # A stream that its client left ends when memory is cleared up, in any thread, also in one that holds the lock.
        self._lock = threading.RLock()

    @contextmanager
    def opened(self) -> Iterator[Opened]:
        """Lend today's answerer; raises what opening it raises."""
        with self._lock:
            version = self._version()
            if self._current is None or self._current.version != version:
                fresh = Opened(*self._open(), version, self._closed)
                former, self._current = self._current, fresh
                if former is not None and not former.users:
                    former.close()
            lent = self._current
            lent.users += 1
        try:
            yield lent
        finally:
            with self._lock:
                lent.users -= 1
                if not lent.users and lent is not self._current:
                    lent.close()

    def close(self) -> None:
        """Close the answerer, now or when the last question over it has its answer."""
        with self._lock:
            former, self._current = self._current, None
            if former is not None and not former.users:
                former.close()
