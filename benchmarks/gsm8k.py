"""Does a training help? GSM8K: held-out loss and exact match of base and trained, with paired intervals."""

import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

if not __package__:  # started by its path
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import yaml

from benchmarks.ground.common import Row, add_sizes, chosen_sizes, finish, machine, parse, result, say
from benchmarks.training import samples
from benchmarks.training.samples import Sample
from benchmarks.training.trainers import row_losses
from pipelines.finetune.merging.merging import merge
from pipelines.finetune.models.base import BaseModel
from pipelines.finetune.recipes.recipe import Recipe
from pipelines.finetune.training.training import train
from pipelines.measuring.bootstrap import Estimate, paired_bootstrap
from pipelines.measuring.intervals import percent
from resources.engines.engine import InferenceEngine
from resources.models.small_model import SmallModel
from resources.settings import Settings

ROWS = {"gsm8k_loss_fall": ("nats", "> 0"), "gsm8k_exact_match": ("share", "")}
RECIPE: dict[str, Any] = {
    "lora_rank": 16,
    "lora_alpha": 32,
    "cutoff_len": 512,
    "per_device_train_batch_size": 4,
    "gradient_accumulation_steps": 2,
    "learning_rate": 5.0e-4,
    "lr_scheduler_type": "cosine",
    "warmup_ratio": 0.1,
    "num_train_epochs": 1,
    "bf16": True,
    "logging_steps": 4,
    "save_steps": 1000,
}
_NUMBER = re.compile(r"[-−]?\$?\d[\d,]*(?:\.\d+)?|[-−]?\$?\.\d+")
_MARK = "####"


@dataclass(frozen=True)
class Sizes:
    """How much is measured: samples trained on, held-out rows of the loss, questions answered, new tokens of each."""

    train: int
    loss: int
    match: int
    tokens: int


FULL = Sizes(256, 128, 100, 256)
QUICK = Sizes(64, 32, 16, 256)


def gold_number(answer: str) -> Decimal:
    """Return the number after "####" of a GSM8K answer; ValueError where there is none."""
    _, mark, tail = answer.rpartition(_MARK)
    found = _value(tail) if mark else None
    if found is None:
        raise ValueError(f"no number after {_MARK} in {answer[-40:]!r}")
    return found


def said_number(text: str) -> Decimal | None:
    """Return the last number of a text, commas, currency signs and a full stop behind it left out; None without one.

    >>> said_number("So she pays $1,050.00.")
    Decimal('1050.00')
    """
    found = _NUMBER.findall(text)
    return _value(found[-1]) if found else None


def _value(text: str) -> Decimal | None:
    plain = text.strip().replace(",", "").replace("$", "").replace("−", "-").rstrip(".")
    try:
        value = Decimal(plain)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def matches(rows: Sequence[Sample], texts: Sequence[str]) -> list[float]:
    """Return 1.0 where a text's last number is the row's, else 0.0."""
    return [float(said_number(text) == gold_number(row.answer)) for row, text in zip(rows, texts, strict=True)]


def loss_row(base: Sequence[float], trained: Sequence[float]) -> Row:
    """Return the row of the fall in held-out loss; its value is the lower end of the paired interval."""
    fall = paired_bootstrap(base, trained)
    note = f"the value is the lower end of: loss falls by {_interval(fall)} over {len(base)} rows, each row's mean"
    better = sum(new < old for new, old in zip(trained, base, strict=True))
    note += f"; {better} rows have a lower loss; peer is the base"
    return Row("gsm8k_loss_fall", *ROWS["gsm8k_loss_fall"], fall.low, _mean(trained), _mean(base), note)


def match_row(base: Sequence[float], trained: Sequence[float], note: str = "") -> Row:
    """Return the row of exact match; its value is the difference, reported either way."""
    gain = paired_bootstrap(trained, base)
    pairs = list(zip(trained, base, strict=True))
    told = (
        f"trained − base {_interval(gain)} over {len(base)} questions: {sum(trained):.0f} right by the trained, "
        f"{sum(base):.0f} by the base; {sum(new > old for new, old in pairs)} gained, "
        f"{sum(new < old for new, old in pairs)} lost; peer is the base"
    )
    told = f"{told}; {note}" if note else told
    return Row("gsm8k_exact_match", *ROWS["gsm8k_exact_match"], gain.mean, _mean(trained), _mean(base), told)


def _interval(found: Estimate) -> str:
    return f"{found.mean:+.4f} [{found.low:+.4f}, {found.high:+.4f}] (paired {percent(found.level)})"


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _options(parser: Any) -> None:
    parser.add_argument("--work", type=Path, default=None, help="where runs leave their files (default: the home)")
    add_sizes(parser, FULL)


def sizes(options: Any) -> Sizes:
    """Return the sizes of --quick or of the full run, with those that the options name."""
    return chosen_sizes(options, FULL, QUICK)


def answers(
    models: Sequence[Path], rows: Sequence[Sample], engine: InferenceEngine, tokens: int
) -> tuple[list[list[str]], str]:
    """Return each model's greedy texts for the questions, from the same prompt ids, and what made them."""
    prompts = engine.render(models[-1], [row.messages[:1] for row in rows])
    batches = engine.generate_many([(model, prompts) for model in models], tokens)
    cut = [sum(output["finish_reason"] == "length" for output in batch.outputs) for batch in batches]
    told = f"{batches[0].engine} ({batches[0].dtype}), greedy, up to {tokens} tokens, reached by {cut[0]} texts of the "
    told += f"base and {cut[-1]} of the trained"
    return [[output["text"] for output in batch.outputs] for batch in batches], told


def measure(options: Any) -> tuple[list[Row], dict[str, Any]]:
    """Train, then measure the rows asked for. Returns rows and details to print."""
    settings, size = Settings.load(), sizes(options)
    home = options.work or settings.home / "work" / "benchmark-gsm8k"
    shutil.rmtree(home, ignore_errors=True)
    base: BaseModel = SmallModel(settings.home).resolve("smollm2")
    recipe = Recipe(**RECIPE, seed=options.seed)
    learned = samples.choose(samples.gsm8k(), size.train, options.seed)
    asked = samples.choose(samples.gsm8k("test"), max(size.loss, size.match), options.seed)
    dataset = samples.write_ours(learned, asked, home / "data")
    say(f"training on {size.train} samples")
    trained = train(recipe, dataset, base, home)
    rows = []
    if "gsm8k_loss_fall" in options.rows:
        say(f"loss on {size.loss} rows of the test split")
        found = row_losses(base, asked[: size.loss], {"trained": Path(trained.path)}, home / "losses")
        rows.append(loss_row(found["base"], found["trained"]))
    if "gsm8k_exact_match" in options.rows:
        merged = merge(recipe, trained, Path(dataset["path"]), base, home)
        say(f"answers to {size.match} questions of the test split")
        questions = asked[: size.match]
        engine = InferenceEngine.of(settings, home / "work")
        texts, told = answers([base.path, Path(merged.path)], questions, engine, size.tokens)
        rows.append(match_row(matches(questions, texts[0]), matches(questions, texts[-1]), told))
    stored = trained.as_json()
    training = {name: stored[name] for name in ("rows", "rows_without_loss", "steps", "first_loss", "last_loss",
                "held_out_loss_before", "held_out_loss_after", "tokens", "seconds")}  # fmt: skip
    details = {"Recipe": yaml.safe_dump(RECIPE, sort_keys=False), "Training": yaml.safe_dump(training, sort_keys=False)}
    return rows, details


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print and write."""
    options = parse("gsm8k", list(ROWS), arguments, _options)
    host = machine()
    rows, details = measure(options)
    found = result("gsm8k", rows, host, seed=options.seed, quick=options.quick, details=details)
    given = " ".join(sys.argv[1:] if arguments is None else arguments)
    finish(options, found, f"python -m benchmarks.gsm8k {given}".strip())


if __name__ == "__main__":
    main()
