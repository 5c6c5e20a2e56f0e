"""Fine-tuning against LLaMA-Factory and TRL, and data preparation: speed, memory and loss on the same samples."""

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if not __package__:  # started by its path
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import yaml

from benchmarks.ground.common import Row, add_sizes, chosen_sizes, finish, machine, parse, result, say
from benchmarks.ground.process import ProcessFailed
from benchmarks.training import preparation, samples, speed, trainers
from pipelines.core.errors import GraftlineError
from resources.models.small_model import SmallModel
from resources.settings import Settings

ROWS = {
    "sft_default_alpaca": ("x", ">= 2.0"),
    "sft_default_gsm8k": ("x", ">= 1.5"),
    "sft_best": ("x", ">= 1.3"),
    "sft_memory": ("x", "<= 0.6"),
    "sft_loss_gap": ("share", "<= 0.05"),
    "prep_noop_seconds": ("s", "<= 2"),
    "prep_delta": ("x", ">= 20"),
}
OURS = {"per_device_train_batch_size": 4, "group_by_length": True}
"""The recipe that our users would write for a machine without a GPU; the rest is what it shares with the peers."""


@dataclass(frozen=True)
class Sizes:
    """How much is measured: samples of each kind of run, rounds, the batch sizes searched, rows of the evaluation."""

    default_samples: int
    default_rounds: int
    try_samples: int
    batches: tuple[int, ...]
    best_samples: int
    best_rounds: int
    held_out: int
    prep_rounds: int


FULL = Sizes(64, 3, 32, (1, 2, 4, 8, 16), 256, 2, 128, 5)
QUICK = Sizes(32, 1, 16, (1, 4, 16), 256, 1, 64, 3)


def _options(parser: Any) -> None:
    parser.add_argument("--work", type=Path, default=None, help="where runs leave their files (default: the home)")
    parser.add_argument("--best-data", choices=("gsm8k", "alpaca"), default="gsm8k", help="data of sft_best and below")
    parser.add_argument("--ours", nargs="*", default=[], metavar="KEY=VALUE", help="recipe keys over our own defaults")
    add_sizes(parser, FULL)


def sizes(options: Any) -> Sizes:
    """Return the sizes of --quick or of the full run, with those that the options name."""
    return chosen_sizes(options, FULL, QUICK)


def recipe_keys(pairs: Sequence[str]) -> dict[str, Any]:
    """Return OURS with KEY=VALUE pairs over it, the values as YAML has them."""
    return {**OURS, **{key: yaml.safe_load(value) for key, value in (pair.split("=", 1) for pair in pairs)}}


def measure(options: Any) -> tuple[list[Row], dict[str, Any]]:
    """Measure the rows asked for; a row that fails has no value and the reason. Returns rows and details to print."""
    settings = Settings.load()
    work = options.work or settings.home / "work" / "benchmark"
    shutil.rmtree(work, ignore_errors=True)
    size, wanted = sizes(options), set(options.rows)
    own = recipe_keys(options.ours)
    details: dict[str, Any] = {"Our recipe": yaml.safe_dump({**trainers.SHARED, **own}, sort_keys=False)}
    rows: list[Row] = []

    def attempt(ids: Sequence[str], run: Any) -> None:
        asked = [row for row in ids if row in wanted]
        if not asked:
            return
        say(f"measuring {', '.join(asked)}")
        try:
            rows.extend(row for row in run() if row.id in wanted)
        except (ProcessFailed, GraftlineError, OSError) as error:
            rows.extend(Row(row, *ROWS[row], note=f"not measured: {error}") for row in asked)

    def default(name: str, pool: Sequence[samples.Sample]) -> list[Row]:
        base = SmallModel(settings.home).resolve("smollm2")
        bench = speed.Bench(base, work / name, options.seed, own)
        row = f"sft_default_{name}"
        found, text = speed.against_defaults(bench, pool, size.default_samples, size.default_rounds, row, *ROWS[row])
        details["LLaMA-Factory's defaults: what differs from its example"] = text
        return [found]

    def best() -> list[Row]:
        base = SmallModel(settings.home).resolve("smollm2")
        bench = speed.Bench(base, work / "best", options.seed, own)
        pool = samples.gsm8k() if options.best_data == "gsm8k" else samples.alpaca()
        fresh = samples.gsm8k("test") if options.best_data == "gsm8k" else None
        found, more = speed.against_best(bench, pool, fresh, size, {row: ROWS[row] for row in ROWS})
        details.update(more)
        return found

    attempt(["sft_default_alpaca"], lambda: default("alpaca", samples.alpaca()))
    attempt(["sft_default_gsm8k"], lambda: default("gsm8k", samples.gsm8k()))
    attempt(["sft_best", "sft_memory", "sft_loss_gap"], best)
    prep = ["prep_noop_seconds", "prep_delta"]
    attempt(prep, lambda: preparation.rows(options.rows, work / "prep", size.prep_rounds))
    return rows, details


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print and write."""
    options = parse("finetune", list(ROWS), arguments, _options)
    host = machine()
    rows, details = measure(options)
    peer = details.pop("versions", {})
    found = result("finetune", rows, host, versions=peer, seed=options.seed, quick=options.quick, details=details)
    given = " ".join(sys.argv[1:] if arguments is None else arguments)
    finish(options, found, f"python -m benchmarks.finetune {given}".strip())


if __name__ == "__main__":
    main()
