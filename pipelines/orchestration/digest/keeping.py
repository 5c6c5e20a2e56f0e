"""A night that leaves a digest however it ends: one at a time, its journal, its record, its page, and who is told."""

import json
import logging
import signal
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import dagster as dg

from pipelines.core.errors import GraftlineError, library_line
from pipelines.core.files import write_atomically
from pipelines.orchestration.digest.gathering import gather
from pipelines.orchestration.digest.journal import MARKDOWN, PAGE, RECORD, Entry, Nights
from pipelines.orchestration.digest.markdown import digest_markdown
from pipelines.orchestration.digest.page import digest_page
from pipelines.orchestration.digest.record import (
    BROKE_OFF,
    BUDGET_SPENT,
    CANCELLED,
    DONE,
    FAILED,
    UNDER_WAY,
    Night,
    Picture,
    headline,
    one_line,
)
from pipelines.orchestration.digest.stored import NightStore
from pipelines.orchestration.limits import Clock, NightLimits
from pipelines.orchestration.night import NightStep
from pipelines.orchestration.outcomes import INTERRUPTED, Outcome
from pipelines.orchestration.running import refuse_second_night, run_steps

log = logging.getLogger("graftline")


Teller = Callable[[Mapping[str, Any], str, Path], None]
"""Hands a digest on: the record as JSON, a short text, the folder with the files. It may raise: that is told."""


@dataclass(frozen=True)
class Keeping:
    """Where digests are kept and what they are made from; `hide` takes secrets out of a text.

    `plan` says what the next night would cost, as JSON rows by asset; `tellers` by name hand the digest on; inside of
    `inputs` the input folders are as they were when it was entered.
    """

    folder: Path
    store: NightStore
    hide: Callable[[str], str]
    plan: Callable[[], Sequence[Mapping[str, Any]]] = tuple
    tellers: Mapping[str, Teller] | None = None
    limits: NightLimits = field(default_factory=NightLimits)
    inputs: Callable[[], AbstractContextManager[None]] = nullcontext

    @property
    def nights(self) -> Nights:
        return Nights(self.folder)

    def night(
        self,
        defs: dg.Definitions,
        instance: dg.DagsterInstance,
        steps: Sequence[NightStep],
        night: str,
        own: str | None = None,
        config: Mapping[str, Any] | None = None,
    ) -> dict[str, Outcome]:
        """Run the steps (see `run_steps`) and leave a digest on success, failure and cancellation alike.

        ServiceError when another night is under way, in this or another process. A night that was killed before gets
        its digest first.
        """
        with self.nights.alone(), self.inputs():
            refuse_second_night(instance, own)
            self.mend(instance)
            _terminate_as_interrupt()
            entry = self.nights.begin(night, [step.name for step in steps])
            state, reason = FAILED, ""
            try:
                planned = self._planned()
                entry.plan(planned)
                clock = Clock(self.limits, self.nights.seconds() | expected_seconds(planned))
                outcomes = run_steps(defs, instance, steps, night, own, config, entry, clock)
                state = _ended_with(outcomes.values())
                return outcomes
            except BaseException as error:
                state, reason = _ended_by(error, entry.written.get("at", ""))
                raise
            finally:
                entry.close(state, reason)
                self._leave_digest(instance, entry, state, reason)

    def mend(self, instance: dg.DagsterInstance) -> None:
        """Leave the digests of nights whose process was killed; only who holds `Nights.alone` may ask for it."""
        for entry in self.nights.unfinished():
            at = entry.written.get("at") or "no step"
            state = entry.written.get("state", BROKE_OFF)
            reason = entry.written.get("reason", f"broke off at step {at}: its process was killed")
            self._leave_digest(instance, entry, state, reason)

    def so_far(self, instance: dg.DagsterInstance, entry: Entry) -> tuple[Night, list[Picture]]:
        """Return the record of a night that is under way."""
        return self._record(instance, entry, UNDER_WAY, "")

    def _record(
        self, instance: dg.DagsterInstance, entry: Entry, state: str, reason: str
    ) -> tuple[Night, list[Picture]]:
        before = self.nights.before(entry.written["started"])
        night, pictures = gather(instance, self.store, entry.written, state, reason, before)
        return night.written_by(self.hide), [replace(one, title=one_line(self.hide(one.title))) for one in pictures]

    def _planned(self) -> Sequence[dict[str, Any]]:
        try:
            return [dict(one) for one in self.plan()]
        except Exception as error:  # a plan that cannot be made holds no night up
            told = _line(error)
            return [{"asset": "", "told": f"what the night would cost was not known before: {told}", "error": told}]

    def _leave_digest(self, instance: dg.DagsterInstance, entry: Entry, state: str, reason: str) -> None:
        """Write the files and tell; what fails of it is told, and fails nothing else."""
        try:
            night, pictures = self._record(instance, entry, state, reason)
            self._write(entry.folder, night, pictures)
        except Exception as error:
            log.warning("the digest of the night %s could not be written: %s", entry.night, self.hide(_line(error)))
            return
        for name, tell in (self.tellers or {}).items():
            try:
                tell(night.as_json(), headline(night), entry.folder)
            except Exception as error:
                failure = f"{name} has not got this digest: {self.hide(_line(error))}"
                log.warning("%s", failure)
                night = replace(night, notes=(*night.notes, one_line(failure)))
                self._write(entry.folder, night, pictures)
        log.info("digest of the night: %s", entry.folder / PAGE)

    def _write(self, folder: Path, night: Night, pictures: Sequence[Picture]) -> None:
        # The record last: a night without one gets its digest anew.
        write_atomically(folder / MARKDOWN, digest_markdown(night), private=True)
        write_atomically(folder / PAGE, digest_page(night, pictures), private=True)
        write_atomically(folder / RECORD, json.dumps(night.as_json(), ensure_ascii=False, indent=1), private=True)


def expected_seconds(planned: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
    """Return what the plan expects each step to take, where it says so of all its assets."""
    found: dict[str, float | None] = {}
    for one in planned:
        if step := one.get("step"):
            so_far, more = found.get(step, 0.0), one.get("seconds")
            found[step] = None if so_far is None or more is None else so_far + more
    return {step: seconds for step, seconds in found.items() if seconds is not None}


def _ended_with(outcomes: Iterable[Outcome]) -> str:
    found = list(outcomes)
    if all(outcome.done for outcome in found):
        return DONE
    return BUDGET_SPENT if all(outcome.well for outcome in found) else FAILED


def _terminate_as_interrupt() -> None:
    """Make a termination what Ctrl-C is, so that it leaves a digest; Dagster does the same while a step runs."""
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
        signal.signal(signal.SIGTERM, signal.default_int_handler)


def _ended_by(error: BaseException, at: str) -> tuple[str, str]:
    step = f" at step {at}" if at else ""
    if type(error).__name__ in INTERRUPTED or isinstance(error, SystemExit):
        return CANCELLED, f"cancelled{step}"
    return FAILED, f"ended{step} by {_line(error)}"


def _line(error: BaseException) -> str:
    if isinstance(error, GraftlineError):
        return str(error)
    return library_line(f"{type(error).__qualname__}: {error}")[0]
