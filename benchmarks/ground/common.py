"""What every benchmark shares: its arguments, its rows, the table it prints and the JSON that it writes."""

import argparse
import json
import operator
import os
import platform
import re
import statistics
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Any, TypeVar

from pipelines.compute.processor import processor_flags

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("GRAFTLINE_BENCH_DATA") or ROOT.parent / "shared" / "data")
"""The folder of the benchmarks' data: sft/ with instruction rows, multihop/ with passages and questions,
extraction/ with documents whose entities and relations are known."""
SEED = 42
_PACKAGES = ("torch", "transformers", "trl", "peft", "accelerate", "datasets")


@dataclass(frozen=True)
class Row:
    """One measured figure; `value` is None where it could not be measured, and `note` then says why."""

    id: str
    unit: str
    target: str
    value: float | None = None
    ours: float | None = None
    peer: float | None = None
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the value reaches its target, such as ">= 2.0", "<= 0.6" or "> 0"; None without a value or target."""
        parsed = re.match(r"(>=|<=|>) ([0-9.]+)", self.target)
        if self.value is None or not parsed:
            return None
        limit = float(parsed[2])
        compare = {">=": operator.ge, "<=": operator.le, ">": operator.gt}[parsed[1]]
        return bool(compare(self.value, limit))


def parse(name: str, rows: Sequence[str], arguments: Sequence[str] | None = None, add: Any = None) -> Any:
    """Return the parsed arguments; `rows` are the ids that --rows takes, `add` may add more options to the parser."""
    parser = argparse.ArgumentParser(prog=f"benchmarks/{name}.py", description=f"Rows: {', '.join(rows)}.")
    parser.add_argument("--quick", action="store_true", help="the same work at a smaller size")
    parser.add_argument("--rows", default=",".join(rows), help="ids of the rows to measure, divided by commas")
    parser.add_argument("--seed", type=int, default=SEED, help=f"of samples and trainings (default {SEED})")
    parser.add_argument("--json", type=Path, default=None, help="where to write the result")
    parser.add_argument("--keep", action="store_true", help="leave the other rows that --json's file has")
    parser.add_argument("--markdown", type=Path, default=None, help="where to write the table for docs/benchmarks")
    if add:
        add(parser)
    options = parser.parse_args(arguments)
    options.rows = [row.strip() for row in options.rows.split(",") if row.strip()]
    unknown = sorted(set(options.rows) - set(rows))
    if unknown:
        parser.error(f"--rows: unknown {', '.join(unknown)}; expected some of {', '.join(rows)}")
    return options


def add_sizes(parser: argparse.ArgumentParser, full: Any) -> None:
    """Add an option for each whole number of a dataclass of sizes."""
    for name, value in asdict(full).items():
        if isinstance(value, int):
            parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=None, help=f"instead of {value}")


def chosen_sizes(options: Any, full: T, quick: T) -> T:
    """Return the sizes of --quick or of the full run, with those that the options name."""
    chosen: Any = quick if options.quick else full
    return replace(chosen, **{name: value for name in asdict(chosen) if (value := getattr(options, name, None))})


def machine() -> dict[str, Any]:
    """Return the processor, its cores and features that matter here, the memory in GiB, and the system."""
    info = _text("/proc/cpuinfo")
    model = re.search(r"^model name\s*:\s*(.+)$", info, re.MULTILINE)
    memory = re.search(r"^MemTotal:\s*(\d+) kB", _text("/proc/meminfo"), re.MULTILINE)
    shown, flags = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "bf16"), processor_flags()
    return {
        "processor": model[1] if model else platform.processor() or platform.machine(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "features": [flag for flag in shown if flag in flags],
        "memory_gib": round(int(memory[1]) / 2**20, 1) if memory else None,
        "system": f"{platform.system()} {platform.release()}",
        "load_at_start": round(os.getloadavg()[0], 2),
    }


def _text(path: str) -> str:
    return Path(path).read_text(encoding="utf-8") if Path(path).exists() else ""


def versions(packages: Iterable[str] = _PACKAGES) -> dict[str, str]:
    """Return the versions of Python and of the packages that are installed beside us."""
    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def interleave(rounds: int, parties: Mapping[str, Callable[[int], Any]]) -> dict[str, list[Any]]:
    """Call each party once a round with the round's number, the order turned round by round; return results by name."""
    results: dict[str, list[Any]] = {name: [] for name in parties}
    names = list(parties)
    for number in range(rounds):
        for name in names if number % 2 == 0 else reversed(names):
            results[name].append(parties[name](number))
    return results


def median(values: Iterable[float]) -> float:
    """Return the median."""
    return statistics.median(values)


def ratio(numerator: float, denominator: float) -> float:
    """Return a plain fraction; ZeroDivisionError where there is nothing to compare with."""
    return numerator / denominator


def number(value: float | None) -> str:
    """Return four significant digits, or a dash where there is no value."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def cells(row: Row) -> list[str]:
    """Return a row as the table shows it."""
    verdict = {True: "yes", False: "no", None: "–"}[row.met]
    return [row.id, number(row.value), row.target, verdict, number(row.ours), number(row.peer), row.unit]


HEADER = ["row", "value", "target", "met", "ours", "peer", "unit"]


def table(rows: Sequence[Row]) -> str:
    """Return an aligned text table, the notes below it."""
    lines = [HEADER, *(cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADER))]
    text = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
    return "\n".join([*text, "", *(f"{row.id}: {row.note}" for row in rows if row.note)])


def result(name: str, rows: Sequence[Row], host: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Return the JSON object that a benchmark writes; `host` is machine() as it was before the first measurement."""
    found = {"benchmark": name, "machine": dict(host), "versions": versions(), "rows": [asdict(row) for row in rows]}
    return {**found, **more, "versions": {**found["versions"], **more.get("versions", {})}}


def markdown(found: Mapping[str, Any], command: str) -> str:
    """Return the result as the page for docs/benchmarks: machine, versions, table, notes and details."""
    rows = [Row(**row) for row in found["rows"]]
    it = found["machine"]
    lines = [
        f"# Benchmark: {found['benchmark']}",
        "",
        f"Machine: {described(it)}, {it['system']}; load at the start {it['load_at_start']}.",
        "",
        "Versions: " + ", ".join(f"{name} {version}" for name, version in sorted(found["versions"].items())) + ".",
        "",
        f"Made by `{command}`. Ratios and shares are plain fractions.",
        "",
        "| " + " | ".join(HEADER) + " |",
        "| " + " | ".join(["---"] * len(HEADER)) + " |",
        *("| " + " | ".join(cells(row)) + " |" for row in rows),
        "",
        "## Notes",
        *(f"- `{row.id}`: {row.note}" for row in rows if row.note),
    ]
    for title, body in found.get("details", {}).items():
        lines += ["", f"## {title}", "```", str(body).rstrip(), "```"]
    return "\n".join(lines) + "\n"


def kept(found: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    """Return the result with the rows and details of an earlier one that it does not have itself.

    The notes of rows from another kind of machine say which.
    """
    own = {row["id"]: row for row in found["rows"]}
    elsewhere = "" if described(found["machine"]) == described(before["machine"]) else described(before["machine"])
    rows = [own.pop(row["id"], None) or _from(row, elsewhere) for row in before["rows"]]
    details = {**before.get("details", {}), **found.get("details", {})}
    versions = {**before["versions"], **found["versions"]}
    return {**found, "rows": [*rows, *own.values()], "versions": versions, **({"details": details} if details else {})}


def _from(row: dict[str, Any], elsewhere: str) -> dict[str, Any]:
    told = not elsewhere or "measured on " in row["note"]
    return row if told else {**row, "note": f"{row['note']}; measured on {elsewhere}".removeprefix("; ")}


def described(host: Mapping[str, Any]) -> str:
    """Return what of a machine matters to a figure."""
    features = ", ".join(host["features"]) or "no vector extensions named"
    return f"{host['processor']}, {host['cores']} cores ({features}), {host['memory_gib']} GiB"


def finish(options: Any, found: Mapping[str, Any], command: str, more: str = "") -> None:
    """Print the table on stdout and write what --json and --markdown ask for; --keep adds to what --json's file has.

    `more` is Markdown that the page ends with.
    """
    if options.keep and options.json and options.json.is_file():
        found = kept(found, json.loads(options.json.read_text(encoding="utf-8")))
    print(table([Row(**row) for row in found["rows"]]))
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if options.markdown:
        options.markdown.parent.mkdir(parents=True, exist_ok=True)
        options.markdown.write_text(markdown(found, command) + more, encoding="utf-8")


def say(text: str) -> None:
    """Tell the person who waits, on stderr."""
    print(text, file=sys.stderr, flush=True)
