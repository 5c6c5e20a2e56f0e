"""Every engine on the same token ids: speed, first token, memory, keys and values, agreement, prefixes; one table.

What cannot run here stands with the reason. `make gpu` runs it on a GPU as `python -m benchmarks.engines --json FILE`.
"""

import json
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if not __package__:  # started by its path
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.ground.common import Row, add_sizes, chosen_sizes, finish, machine, parse, result, say
from benchmarks.serving.figures import ENGINES, Measured, identifier, page, rows_of, rows_of_all, skipped_rows
from benchmarks.serving.prompts import Prompts, prompts
from benchmarks.serving.servers import SERVERS, measure
from pipelines.compute.processor import has_gpu
from pipelines.core.child_process import run_child
from pipelines.core.errors import GraftlineError
from resources.engines.batch_engine import CannotRun, dtype_name, stop_token_ids
from resources.engines.servers.served_batch import Launch
from resources.models.small_model import SmallModel
from resources.settings import Settings

ROWS = rows_of_all()
GPU_ROWS = {f"{name}_gpu": told for name, told in ROWS.items()}
"""As a part of `benchmarks.gpu` names them: measured on a processor too, they would stand there twice."""
RENAMED = {name: f"{name}_gpu" for name in ROWS}


@dataclass(frozen=True)
class Sizes:
    """How much is asked: the largest batch, new tokens a prompt, answers compared with the reference."""

    largest: int
    tokens: int
    compared: int


FULL = Sizes(32, 48, 16)
QUICK = Sizes(8, 24, 8)


def grid(largest: int) -> list[tuple[int, int]]:
    """Return (batch size, prompts): a larger batch has more to do, so that each takes about as long.

    >>> grid(32)
    [(1, 4), (8, 16), (32, 32)]
    """
    sizes = [(1, 4), (8, 16), (32, 32), (128, 128)]
    return [(size, max(size, count)) for size, count in sizes if size <= largest]


def _plain(model: Path, asked: Prompts, sizes: Sizes, work: Path) -> tuple[Measured, list[list[int]]]:
    """Return transformers' figures and the reference's answers."""
    spec = {
        "model": str(model), "questions": asked.questions, "tokens": sizes.tokens, "stop": stop_token_ids(model),
        "compared": sizes.compared, "grid": grid(sizes.largest), "dtype": dtype_name(),
        "result": str(work / "transformers" / "result.json"),
    }  # fmt: skip
    run_child("benchmarks.serving.plain_transformers", spec, work / "transformers")
    found = json.loads(Path(spec["result"]).read_text(encoding="utf-8"))
    speeds = {int(size): speed for size, speed in found["speeds"].items()}
    first, memory, share = found["first"], found["memory"], found["kv_share"]
    it = Measured(speeds, first, memory, share, found["outputs"], None, None, found["start"], str(spec["dtype"]))
    return it, found["reference"]


def measured(model: Path, work: Path, engines: Sequence[str], sizes: Sizes, seed: int) -> list[Row]:
    """Measure the engines one after the other; the rows of one that cannot run, or fails, say why."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    count = max(prompted for _, prompted in grid(sizes.largest))
    asked = prompts(model, count, seed)
    say("transformers, and the reference in float32")
    plain, reference = _plain(model, asked, sizes, work)
    rows: list[Row] = []
    for engine in engines:
        if engine == "transformers":
            rows += rows_of(engine, plain, reference)
            continue
        reason = SERVERS[engine].why_not()
        say(f"{engine}: {f'skipped, {reason}' if reason else 'measured'}")
        rows += skipped_rows(engine, reason) if reason else _server_rows(engine, model, asked, reference, sizes, work)
    return rows


def _server_rows(
    engine: str, model: Path, asked: Prompts, reference: list[list[int]], sizes: Sizes, work: Path
) -> list[Row]:
    longest = max(map(len, asked.questions)) + sizes.tokens
    folder = work / engine
    folder.mkdir()
    launch = Launch(model, "model", 0, -(-longest // 128) * 128, sizes.largest, dtype_name(), folder)
    try:
        sides = grid(sizes.largest)
        found = measure(engine, launch, asked, sides, sizes.tokens, stop_token_ids(model), folder / "server.log")
    except (GraftlineError, CannotRun) as error:
        return skipped_rows(engine, " ".join(str(error).split())[:400])
    return rows_of(engine, found, reference)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print and write."""

    def add(parser: Any) -> None:
        add_sizes(parser, FULL)
        parser.add_argument("--model", type=Path, default=None, help="a checkpoint's folder; unset: the small model")

    options = parse("engines", list(ROWS), arguments, add)
    host, settings = machine(), Settings.load()
    if has_gpu():
        import torch

        host["processor"] = f"{torch.cuda.get_device_name()} beside {host['processor']}"
    engines = [one for one in ENGINES if any(name.startswith(identifier(one, "")) for name in options.rows)]
    model = options.model or SmallModel(settings.home).path()
    sizes = chosen_sizes(options, FULL, QUICK)
    rows = measured(model, settings.home / "work" / "benchmark-engines", engines, sizes, options.seed)
    rows = [row for row in rows if row.id in options.rows]
    command = f"python -m benchmarks.engines{' --quick' if options.quick else ''}"
    versions = {"llama.cpp": _llama_version()} if _llama_version() else {}
    finish(options, result("engines", rows, host, versions=versions), command, page(rows))


def _llama_version() -> str:
    from resources.engines.servers import llama_cpp

    return "" if llama_cpp.why_not() else llama_cpp.version()


if __name__ == "__main__":
    main()
