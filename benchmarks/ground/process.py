"""One measured child process: wall time, and the largest resident set of any process in its tree."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks.ground.common import ROOT
from pipelines.core.child_process import end, high_water_bytes, last_lines

_POLL_SECONDS = 0.1

ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
}
"""The environment of every child, ours and the peers': that of a user, who sets nothing about threads."""


@dataclass(frozen=True)
class Measured:
    """Wall seconds of a whole process, and the peak resident memory in bytes of the largest process in its tree."""

    seconds: float
    peak_bytes: int


class ProcessFailed(Exception):
    """A child that ended badly; the text has the end of its log."""


def run(command: Sequence[str | Path], log: Path, environment: Mapping[str, str] | None = None) -> Measured:
    """Run to the end, output in `log`; ProcessFailed where the exit status isn't 0. Polls VmHWM, so Linux only."""
    log.parent.mkdir(parents=True, exist_ok=True)
    started, peaks = time.monotonic(), {}
    with log.open("wb") as output:
        child = subprocess.Popen(
            [str(part) for part in command],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **ENVIRONMENT, **(environment or {})},
        )
        try:
            while child.poll() is None:
                peaks.update(_peaks(child.pid))
                time.sleep(_POLL_SECONDS)
        finally:
            if child.poll() is None:
                end(child)
    if child.returncode:
        raise ProcessFailed(f"exit status {child.returncode} (log: {log}):\n{last_lines(log)}")
    return Measured(time.monotonic() - started, max(peaks.values(), default=0))


def printed(log: Path) -> dict[str, Any]:
    """Return the JSON object that a child printed as its last line."""
    return json.loads(log.read_text(encoding="utf-8").strip().splitlines()[-1])


def python(script: str, *arguments: str | Path, interpreter: Path | None = None) -> list[str | Path]:
    """Return the command that runs a script of benchmarks/children, by path: a peer's Python has none of our code."""
    return [interpreter or sys.executable, ROOT / "benchmarks" / "children" / f"{script}.py", *arguments]


def _peaks(pid: int) -> dict[int, int]:
    try:
        root = psutil.Process(pid)
        tree = [root, *root.children(recursive=True)]
    except psutil.Error:
        return {}
    return {process.pid: peak for process in tree if (peak := high_water_bytes(process.pid))}
