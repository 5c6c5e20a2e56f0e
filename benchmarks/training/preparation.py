"""Data preparation: when nothing changed, and when 1 % of GSM8K's training rows did, against from scratch."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.ground.common import Row, median, number, ratio
from benchmarks.ground.process import Measured, printed, python, run
from benchmarks.training.samples import gsm8k, write_alpaca_lines

_FILE = "gsm8k.jsonl"
_CHANGED_SHARE = 0.01
_NOOP, _DELTA = "prep_noop_seconds", "prep_delta"


@dataclass(frozen=True)
class Preparation:
    """One preparation: seconds inside the call, the whole process, and the digest of the result."""

    seconds: float
    process: Measured
    digest: str


def prepare(folder: Path, home: Path, *options: str) -> Preparation:
    """Prepare the folder in a process of its own; "--loaded" leaves imports out of the call's seconds."""
    log = home / "prepare.log"
    measured = run(python("prepare", folder, home, *options), log)
    found = printed(log)
    return Preparation(found["seconds"], measured, found["digest"])


def change(lines: Sequence[str], share: float, number: int) -> list[str]:
    """Return the lines with that share of them, evenly spread, given another answer; `number` tells changes apart."""
    every = round(1 / share)
    return [_changed(line, number) if place % every == every // 2 else line for place, line in enumerate(lines)]


def _changed(line: str, number: int) -> str:
    row = json.loads(line)
    return json.dumps({**row, "output": f"{row['output']} ({number})"}, ensure_ascii=False)


def change_one_byte(path: Path) -> None:
    """Replace the first letter of the last answer by another: one byte of the file."""
    data = bytearray(path.read_bytes())
    place = data.rindex(b'"output": "') + len('"output": "')
    place += next(offset for offset, byte in enumerate(data[place:]) if chr(byte).isalpha())
    data[place] = ord("x") if data[place] != ord("x") else ord("y")
    path.write_bytes(bytes(data))


def rows(wanted: Sequence[str], work: Path, rounds: int) -> list[Row]:
    """Measure the rows asked for; each home starts empty."""
    if not {_NOOP, _DELTA} & set(wanted):
        return []
    shutil.rmtree(work, ignore_errors=True)
    folder, home = work / "rows", work / "home"
    folder.mkdir(parents=True)
    file = folder / _FILE
    write_alpaca_lines(gsm8k(), file)
    first = prepare(folder, home)
    measured = [_noop(folder, home, first, rounds)] if _NOOP in wanted else []
    return measured + ([_delta(file, home, work, rounds)] if _DELTA in wanted else [])


def _noop(folder: Path, home: Path, first: Preparation, rounds: int) -> Row:
    again = [prepare(folder, home) for _ in range(rounds)]
    seconds = median(run.process.seconds for run in again)
    change_one_byte(folder / _FILE)
    noticed = prepare(folder, home)
    inside = number(median(run.seconds for run in again))
    same = all(run.digest == first.digest for run in again)
    note = (
        f"wall time of the whole process, median of {rounds}; inside the call {inside} s; "
        f"the first preparation took {number(first.process.seconds)} s; one changed byte "
        f"{'was noticed' if noticed.digest != first.digest else 'WAS NOT NOTICED'}"
    )
    sound = same and noticed.digest != first.digest
    return Row(_NOOP, "s", "<= 2", seconds if sound else None, ours=seconds, note=note)


def _delta(file: Path, home: Path, work: Path, rounds: int) -> Row:
    deltas, clean, whole, equal = [], [], [], True
    prepare(file.parent, home)
    for number_ in range(rounds):
        before = file.read_text(encoding="utf-8").rstrip("\n").split("\n")  # U+2028 may stand inside a row
        after = change(before, _CHANGED_SHARE, number_)
        file.write_text("\n".join(after) + "\n", encoding="utf-8")
        delta = prepare(file.parent, home, "--loaded")
        scratch = prepare(file.parent, work / f"clean{number_}", "--loaded")
        equal &= delta.digest == scratch.digest
        deltas.append(delta.seconds)
        clean.append(scratch.seconds)
        whole.append((delta.process.seconds, scratch.process.seconds))
    value = ratio(median(clean), median(deltas))
    changed = sum(one != other for one, other in zip(before, after, strict=True))
    note = (
        f"seconds of the call without start-up, median of {rounds}: {number(median(clean))} from scratch, "
        f"{number(median(deltas))} with {changed} of {len(after)} rows changed; "
        f"whole process {number(median(b for _, b in whole))} and {number(median(a for a, _ in whole))}; "
        f"{'the same digest as a clean rebuild' if equal else 'NOT THE SAME AS A CLEAN REBUILD'}"
    )
    return Row(_DELTA, "x", ">= 20", value if equal else None, ours=median(deltas), peer=median(clean), note=note)
