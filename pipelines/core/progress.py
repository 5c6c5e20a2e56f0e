"""How far a long step is: lines in the log, at most one in some seconds, with the rate and the time that is left."""

import json
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from pipelines.core.files import write_atomically

log = logging.getLogger("graftline")

EVERY_SECONDS = 10.0
_Item = TypeVar("_Item")


class Progress:
    """Counts what is done of `total`; the first line comes after `every` seconds, so that short work has none.

    The rate is over all that was done since it was made: not over what was done `already`.
    """

    def __init__(
        self,
        what: str,
        total: int,
        unit: str,
        already: int = 0,
        every: float = EVERY_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.what, self.total, self.unit, self.done = what, total, unit, already
        self._already, self._every, self._clock = already, every, clock
        self._started = self._told = clock()

    def add(self, count: int = 1) -> None:
        """Count more as done, and tell where it is time."""
        self.done += count
        now = self._clock()
        if now - self._told < self._every or self.done <= self._already:
            return
        self._told = now
        rate = (self.done - self._already) / (now - self._started)
        left = max(0, self.total - self.done) / rate
        log.info(
            "%s: %d of %d %s, %s, %s left",
            self.what,
            self.done,
            self.total,
            self.unit,
            pace(rate),
            duration(left),
        )

    def over(self, items: Sequence[_Item], size: Callable[[_Item], int] = lambda item: 1) -> Iterator[_Item]:
        """Yield the items, each counted as `size` of it once the next one is asked for."""
        for item in items:
            yield item
            self.add(size(item))


class PartsProgress:
    """The progress of several parts, each from the first of it that is done: what went before is counted for none."""

    def __init__(self, parts: Sequence[tuple[str, int]], unit: str, every: float = EVERY_SECONDS) -> None:
        self._parts, self._unit, self._every = parts, unit, every
        self._under_way: dict[int, Progress] = {}

    def __call__(self, part: int) -> None:
        """Count one more of a part, by its place, as done."""
        known = self._under_way.get(part)
        if known is None:
            what, total = self._parts[part]
            self._under_way[part] = Progress(what, total, self._unit, 1, self._every)
        else:
            known.add()


class ToldProgress:
    """The progress that another process tells by a file, as `{"done": 2, "total": 5}`; it is read at each call."""

    def __init__(self, path: Path, what: str, unit: str, every: float = EVERY_SECONDS) -> None:
        self._path, self._what, self._unit, self._every = path, what, unit, every
        self._path.unlink(missing_ok=True)  # of an earlier try
        self._progress: Progress | None = None

    def __call__(self) -> None:
        """Read how far it is; half a file there is never, since `tell` writes it whole."""
        if not self._path.exists():
            return
        told = json.loads(self._path.read_text(encoding="utf-8"))
        if self._progress is None:
            self._progress = Progress(self._what, told["total"], self._unit, told["done"], self._every)
        if told["done"] > self._progress.done:
            self._progress.add(told["done"] - self._progress.done)


def tell(path: Path, done: int, total: int) -> None:
    """In that other process: write how far it is."""
    write_atomically(path, json.dumps({"done": done, "total": total}))


def pace(rate: float) -> str:
    """Return a rate as one reads it.

    >>> pace(0.125), pace(6.04), pace(240.3)
    ('8.0 s each', '6.0 a second', '240 a second')
    """
    if rate < 1:
        return f"{1 / rate:.1f} s each"
    return f"{rate:.1f} a second" if rate < 10 else f"{rate:.0f} a second"


def duration(seconds: float) -> str:
    """Return a time as one reads it.

    >>> duration(8.6), duration(125), duration(7260)
    ('9 s', '2 min 5 s', '2 h 1 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
