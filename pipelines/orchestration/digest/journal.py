"""The folder of the nights: who may run, what a night has done so far, and which one has no digest yet."""

import fcntl
import json
import logging
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pipelines.core.errors import NotMaterializedError, ServiceError
from pipelines.core.files import write_atomically
from pipelines.orchestration.digest.record import Night

log = logging.getLogger("graftline")
JOURNAL, RECORD, MARKDOWN, PAGE = "journal.json", "night.json", "digest.md", "digest.html"
_LOCK = ".running"
_NOT_IN_NAMES = re.compile(r"[^\w.-]+")


class Entry:
    """A night while it goes on: its file is written at each step, so that a killed night still says how far it came."""

    def __init__(self, folder: Path, written: dict[str, Any]) -> None:
        self.folder, self.written = folder, written

    @property
    def night(self) -> str:
        return str(self.written["night"])

    def plan(self, planned: Sequence[dict[str, Any]]) -> None:
        """Keep what the night was expected to cost."""
        self._write(planned=list(planned))

    def began(self, step: str) -> None:
        """Keep which step is under way."""
        self._write(at=step)

    def ended(self, step: str, state: str, reason: str, seconds: float, tries: int = 1) -> None:
        """Keep how a step ended."""
        outcome = {"state": state, "reason": reason, "seconds": round(seconds, 3), "tries": tries}
        self._write(at="", outcomes={**self.written["outcomes"], step: outcome})

    def close(self, state: str, reason: str) -> None:
        """Keep how the night ended; its digest follows."""
        self._write(state=state, reason=reason, closed=now())

    def _write(self, **changed: Any) -> None:
        self.written |= changed
        write_atomically(self.folder / JOURNAL, json.dumps(self.written, ensure_ascii=False), private=True)


class Nights:
    """A folder with a folder a night: its journal, then its record, its Markdown and its page."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the only place for a night, which a killed process gives back; ServiceError where another has it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 200, 0).decode(errors="replace")
            os.close(descriptor)
            raise ServiceError(
                "the night", f"{holder or 'another one'} still running", "one night at a time", "wait for it, or end it"
            ) from None
        except OSError as error:  # a file system without locks: Dagster's list of runs is asked all the same
            log.warning("two nights at once cannot be told apart in %s: %s", self.folder, error.strerror)
        try:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"a night of process {os.getpid()}, since {now()},".encode(), 0)
            yield
        finally:
            os.close(descriptor)

    def begin(self, night: str, steps: Sequence[str]) -> Entry:
        """Return the entry of a new night."""
        name = _NOT_IN_NAMES.sub("-", night).strip(".") or "night"
        folder, number = self.folder / name, 1
        while (folder / JOURNAL).exists() or (folder / RECORD).exists():
            number += 1
            folder = self.folder / f"{name}-{number}"
        entry = Entry(folder, {"night": night, "started": now(), "steps": list(steps), "outcomes": {}, "planned": []})
        entry.began("")
        return entry

    def unfinished(self) -> list[Entry]:
        """Return the nights without a digest, the first one first; whether one is under way, the lock says."""
        paths = [path for path in self.folder.glob(f"*/{JOURNAL}") if not (path.parent / RECORD).exists()]
        entries = [Entry(path.parent, json.loads(path.read_text(encoding="utf-8"))) for path in paths]
        return sorted(entries, key=lambda entry: entry.written["started"])

    def records(self) -> list[tuple[Path, Night]]:
        """Return each digest with its folder, the newest first."""
        found = [(path.parent, _read(path)) for path in self.folder.glob(f"*/{RECORD}")]
        return sorted(found, key=lambda one: one[1].started, reverse=True)

    def before(self, started: str) -> Night | None:
        """Return the last night before a time that ended by itself: what this one's seconds are held against."""
        return next((night for _, night in self.records() if night.started < started and night.state == "done"), None)

    def seconds(self) -> dict[str, float | None]:
        """Return what each step took when it was done the last time."""
        nights = (night for _, night in reversed(self.records()))
        return {step.name: step.seconds for night in nights for step in night.steps if step.state == "done"}

    def named(self, night: str | None) -> tuple[Path, Night]:
        """Return a night's folder and record, without a name the newest; NotMaterializedError where there is none."""
        known = self.records()
        found = next(((folder, one) for folder, one in known if night in (None, one.night, folder.name)), None)
        if found is None:
            what = f"no digest of a night {night}" if night else "no digest"
            have = f"one of {', '.join(one.night for _, one in known[:10])}" if known else "a night that ran"
            raise NotMaterializedError("the nights", what, have, "graftline night")
        return found


def _read(path: Path) -> Night:
    return Night.from_json(json.loads(path.read_text(encoding="utf-8")))


def now() -> str:
    """Return this moment in UTC."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
