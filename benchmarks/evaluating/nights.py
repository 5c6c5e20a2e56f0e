"""A first run in an empty home, and a night in which nothing changed: whole processes, by the commands of a user."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.ground.common import ROOT, Row, say
from benchmarks.ground.process import ENVIRONMENT, ProcessFailed, printed, python, run
from pipelines.core.child_process import last_lines
from resources.models.small_model import SmallModel

NOOP_SECONDS, NOOP_MODELS, FIRST_STARTS = "night_noop_seconds", "night_noop_models_loaded", "engine_starts_first_run"
NIGHT_TARGETS = {NOOP_SECONDS: ("s", "<= 15"), NOOP_MODELS: ("models", "<= 0"), FIRST_STARTS: ("starts", "<= 2")}
_STARTS = re.compile(r"^engine starts: (\d+)$", re.MULTILINE)


def night_rows(rows: Sequence[str], home: Path) -> list[Row]:
    """Measure the rows asked for.

    Where the first run is among them, the night in which nothing changed follows it in the same home; else it is one
    of `home`, after a night that takes in what did change.
    """
    found = []
    place = home
    if FIRST_STARTS in rows:
        place = home / "work" / "benchmark-first-run"
        found.append(first_run(home, place))
    if {NOOP_SECONDS, NOOP_MODELS} & set(rows):
        found += noop_rows(place, first=place == home)
    return [row for row in found if row.id in rows]


def first_run(home: Path, place: Path) -> Row:
    """Run `graftline run` on the sample in an empty home, into which only the prepared small model is put."""
    shutil.rmtree(place, ignore_errors=True)
    small = SmallModel(home).path()
    shutil.copytree(small, place / small.relative_to(home))
    log = place / "work" / "first-run.log"
    say("graftline run in an empty home")
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as output:
        status = subprocess.run(
            [sys.executable, "-m", "pipelines.commands.cli", "run"],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **ENVIRONMENT, "GRAFTLINE_HOME": str(place)},
        ).returncode
    return starts_row(log.read_text(encoding="utf-8", errors="replace"), status, log)


def starts_row(text: str, status: int, log: Path) -> Row:
    """Return the row of what a first run printed."""
    told = _STARTS.findall(text)
    if status or not told:
        reason = f"the run ended with status {status}: {last_lines(log)}" if status else "it printed no count"
        return Row(FIRST_STARTS, *NIGHT_TARGETS[FIRST_STARTS], note=reason)
    note = "what `graftline run` on the sample prints at its end, in an empty home"
    return Row(FIRST_STARTS, *NIGHT_TARGETS[FIRST_STARTS], float(told[-1]), float(told[-1]), None, note)


def noop_rows(home: Path, first: bool) -> list[Row]:
    """Run `graftline night` where nothing changed; `first`: after one that takes in what did."""
    say("a night in which nothing changed")
    log = home / "work" / "night_noop.out"
    try:
        run(python("night_noop", home, *(["--first"] if first else [])), log)
    except ProcessFailed as error:
        return [Row(name, *NIGHT_TARGETS[name], note=str(error)[:500]) for name in (NOOP_SECONDS, NOOP_MODELS)]
    return rows_of_noop(printed(log))


def rows_of_noop(found: dict[str, Any]) -> list[Row]:
    """Return the two rows of what the watched process printed."""
    note = (
        f"`graftline night` as a whole process, {found['processor_seconds']:.1f} s of the processor; load "
        f"{os.getloadavg()[0]:.1f}"
    )
    seconds, models = float(found["seconds"]), float(found["models_loaded"])
    names = ", ".join(Path(path).name for path in found["weight_files"])
    seen = f"weight files that a process of the night's tree had mapped or opened: {names or 'none'}"
    return [
        Row(NOOP_SECONDS, *NIGHT_TARGETS[NOOP_SECONDS], seconds, seconds, None, note),
        Row(NOOP_MODELS, *NIGHT_TARGETS[NOOP_MODELS], models, models, None, seen),
    ]
