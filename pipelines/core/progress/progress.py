"""How far a long step is: lines in the log, at most one in some seconds, with the rate and the time that is left."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

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
