"""What a night may take: seconds in all and by asset, tries of what failed for outside reasons, and a clean stop."""

import signal
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

import dagster as dg

from pipelines.core.errors import ServiceError

_AGAIN_SECONDS = 5.0
"""A library that swallows the error which stops a step is told again."""


class TimeIsUp(ServiceError):
    """A step that the night, or its asset, has no more time for: what it stored stays, and the next night goes on."""

    def __init__(self, variable: str, limit: float) -> None:
        fix = f"nothing: the next night goes on with what is stored; or raise {variable}"
        super().__init__(variable, f"{limit:,.6g} s spent", "time for this step", fix)


@dataclass(frozen=True)
class NightLimits:
    """Seconds of a night and, by asset, of one step of it, tries of a step, and the wait before the second one.

    None: no limit. The wait is twice as long before each next try.
    """

    seconds: float | None = None
    assets: Mapping[str, float] = field(default_factory=dict)
    tries: int = 1
    wait: float = 0.0


class Clock:
    """The time of one night: what is left, whether a step fits, and the stop of what runs over."""

    def __init__(self, limits: NightLimits, expected: Mapping[str, float | None] | None = None) -> None:
        self.limits, self._expected, self._began = limits, expected or {}, time.monotonic()
        self._asset_end: float | None = None
        self._asset = ""

    @property
    def left(self) -> float:
        """Seconds that are left; endless without a limit."""
        spent = time.monotonic() - self._began
        return float("inf") if self.limits.seconds is None else self.limits.seconds - spent

    def refusal(self, step: str) -> str:
        """Return why a step is put off until the next night, "" where it may begin.

        One that would not fit into a whole night begins while half of the night is left: it is stopped at the end, and
        goes on from what it stored.
        """
        if self.limits.seconds is None:
            return ""
        limit, left, wanted = self.limits.seconds, self.left, self._expected.get(step)
        if left <= 0:
            return f"budget: the night's {limit:,.6g} s are spent; the next night does it"
        if wanted is None or wanted <= left or (wanted > limit and left > limit / 2):
            return ""
        return f"budget: about {wanted:,.0f} s expected, {left:,.0f} of {limit:,.6g} s left; the next night does it"

    def hear(self, entry: dg.EventLogEntry) -> None:
        """Begin an asset's own time when its step begins, and end it with the step."""
        event = entry.dagster_event
        if event is None or not self.limits.assets or not event.step_key:
            return
        if event.event_type == dg.DagsterEventType.STEP_START:
            self._asset = event.step_key
            limit = self.limits.assets.get(self._asset)
            self._asset_end = None if limit is None else time.monotonic() + limit
            self._arm()
        elif event.event_type in (dg.DagsterEventType.STEP_SUCCESS, dg.DagsterEventType.STEP_FAILURE):
            self._asset_end = None
            self._arm()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Stop what runs inside when its time is up, by TimeIsUp in the main thread; elsewhere only steps are held."""
        limited = self.limits.seconds is not None or self.limits.assets
        if not limited or threading.current_thread() is not threading.main_thread():
            yield
            return
        former = signal.signal(signal.SIGALRM, self._stop)
        try:
            self._arm()
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, former)

    def _arm(self) -> None:
        if signal.getsignal(signal.SIGALRM) != self._stop:
            return
        ends = [self.left] if self.limits.seconds is not None else []
        ends += [] if self._asset_end is None else [self._asset_end - time.monotonic()]
        signal.setitimer(signal.ITIMER_REAL, max(0.001, min(ends)) if ends else 0, _AGAIN_SECONDS)

    def _stop(self, _: int, __: FrameType | None) -> None:
        if self._asset_end is not None and time.monotonic() >= self._asset_end:
            raise TimeIsUp(f"GRAFTLINE_ASSET_BUDGETS, {self._asset}", self.limits.assets[self._asset])
        if self.limits.seconds is not None and self.left <= 0:
            raise TimeIsUp("GRAFTLINE_NIGHT_SECONDS", self.limits.seconds)
