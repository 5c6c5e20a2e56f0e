"""Every figure of the project that needs a GPU, by one command and within ten minutes on one GPU.

Without a GPU each row stands there without a value, with the reason; what an earlier run measured on one stays. A part
that fails or takes longer than its time leaves the others theirs.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

if not __package__:  # started by its path
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import engines
from benchmarks.evaluating.figures import AGREEMENT, SPEED_ON_GPU, TARGETS
from benchmarks.ground.common import ROOT, Row, finish, machine, parse, result, say
from benchmarks.training import on_gpu
from pipelines.compute.processor import has_gpu
from pipelines.core.child_process import last_lines
from resources.settings import Settings

SECONDS = 600.0
"""For all parts together."""


@dataclass(frozen=True)
class Part:
    """One benchmark in a process of its own: its rows with unit and target, its arguments, the seconds it may take."""

    module: str
    rows: Mapping[str, tuple[str, str]]
    seconds: float
    arguments: tuple[str, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Rows that have another name here: measured on a processor too, they would stand there twice."""


PARTS = (
    Part(
        "benchmarks.evaluation",
        {SPEED_ON_GPU: TARGETS[SPEED_ON_GPU], f"{AGREEMENT}_gpu": TARGETS[AGREEMENT]},
        210.0,
        ("--rows", f"{SPEED_ON_GPU},{AGREEMENT}"),
        {AGREEMENT: f"{AGREEMENT}_gpu"},
    ),
    Part(
        "benchmarks.training.on_gpu",
        on_gpu.ROWS,
        210.0,
        ("--layers", "24", "--width", "2048", "--rounds", "1"),
    ),
    Part("benchmarks.engines", engines.GPU_ROWS, 180.0, ("--quick",), engines.RENAMED),
)


def lacking() -> str:
    """Return why nothing can be measured on a GPU here, or "" where it can."""
    if not has_gpu():
        return "no GPU here"
    import torch

    return "" if torch.cuda.is_available() else f"torch {torch.__version__} does not see the GPU of this machine"


def skipped(part: Part, reason: str) -> list[Row]:
    """Return a part's rows without a value, each with the reason."""
    return [Row(name, *told, note=f"skipped: {reason}") for name, told in part.rows.items()]


def measured(part: Part, work: Path, seconds: float) -> tuple[list[Row], dict[str, str]]:
    """Run a part and return its rows and details; rows with the reason where it fails or needs longer."""
    work.mkdir(parents=True, exist_ok=True)
    found, log = work / "found.json", work / "log.txt"
    command = [sys.executable, "-m", part.module, *part.arguments, "--json", str(found)]
    with log.open("wb") as output:
        child = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
        try:
            status = child.wait(timeout=max(0.0, seconds))
        except subprocess.TimeoutExpired:
            return skipped(part, f"it was not done after {seconds:.0f} s"), {}
        finally:
            _end(child)
    if status:
        return skipped(part, f"it ended with status {status}: {_last(log)}"), {}
    said = json.loads(found.read_text(encoding="utf-8"))
    rows = [Row(**{**row, "id": part.renamed.get(row["id"], row["id"])}) for row in said["rows"]]
    had = {row.id for row in rows}
    missing = [row for row in skipped(part, "its benchmark did not report it") if row.id not in had]
    details = {f"{part.module}: {title}": text for title, text in said.get("details", {}).items()}
    return [*(row for row in rows if row.id in part.rows), *missing], details


def _end(child: "subprocess.Popen[bytes]") -> None:
    """End what a part has started; nothing of a part that is done is left."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(child.pid, number)
            child.wait(timeout=10)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def _last(log: Path) -> str:
    lines = [line for line in last_lines(log).split("\n") if line.strip()]
    return lines[-1][:300] if lines else "it said nothing"


def measure(parts: Sequence[Part], work: Path, seconds: float = SECONDS) -> tuple[list[Row], dict[str, str]]:
    """Run the parts in turn, none longer than what is left of the seconds; return all rows and details."""
    end, rows, details = time.monotonic() + seconds, list[Row](), dict[str, str]()
    for part in parts:
        left = min(part.seconds, end - time.monotonic())
        say(f"{part.module} (at most {max(0.0, left):.0f} s)")
        place = work / part.module.rpartition(".")[2]
        found, told = measured(part, place, left) if left > 0 else (skipped(part, "no time was left for it"), {})
        rows, details = [*rows, *found], {**details, **told}
    return rows, details


def _measured_before(found: Path | None) -> set[str]:
    """Return the rows with a value of the result that is to be written over."""
    rows = json.loads(found.read_text(encoding="utf-8"))["rows"] if found and found.is_file() else []
    return {row["id"] for row in rows if row["value"] is not None}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print and write; without a GPU all rows stand as skipped, and that is no failure."""
    every = [name for part in PARTS for name in part.rows]
    options = parse("gpu", every, arguments)
    parts = [part for part in PARTS if set(part.rows) & set(options.rows)]
    host: dict[str, Any] = machine()
    details: dict[str, str] = {}
    reason = lacking()
    if not reason:
        import torch

        host["processor"] = f"{torch.cuda.get_device_name()} beside {host['processor']}"
        work = Settings.load().home / "work" / "benchmark-gpu-parts"
        shutil.rmtree(work, ignore_errors=True)
        rows, details = measure(parts, work)
    else:
        stay = _measured_before(options.json)
        say(f"skipped: {reason}" + (f"; {len(stay)} rows of an earlier run stay" if stay else ""))
        rows = [row for part in parts for row in skipped(part, reason) if row.id not in stay]
        options.keep = bool(stay)
    rows = [row for row in rows if row.id in options.rows]
    finish(options, result("gpu", rows, host, details=details), "make gpu")


if __name__ == "__main__":
    main()
