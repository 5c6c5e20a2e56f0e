"""What the next run would train and generate: rows, updates, tokens, and seconds by the measured rate of the last run.

Nothing is read of the rows themselves and no model is loaded or fetched: a base is the one that the last training had.
"""

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.core.errors import GraftlineError

if TYPE_CHECKING:
    from pipelines.finetune.recipes.recipe import Recipe
    from pipelines.finetune.training.record import TrainingRecord
    from resources.settings import Settings
    from resources.tables.tables import TableStore

RATE_NAME = "generation_rate"
_OF_THE_RATE = ("model_name_or_path", "finetuning_type", "quantization_bit", "stage", "lora_target")
"""Keys of a recipe: with another value of one the last run's rate says nothing of the next one's."""
_OF_THE_TOKENS = ("cutoff_len", "packing", "per_device_train_batch_size", "gradient_accumulation_steps")


@dataclass(frozen=True)
class Work:
    """What one asset of a recipe would do; None: nobody knows before. `why` says what it is done for."""

    asset: str
    recipe: str
    rows: int
    steps: int | None = None
    tokens: int | None = None
    seconds: float | None = None
    why: str = ""

    def __str__(self) -> str:
        what = "rows to train on" if self.asset == "adapter" else "texts to generate"
        if not self.rows:
            return f"{self.asset}[{self.recipe}]: nothing, {self.why}"
        unit = "tokens" if self.asset == "adapter" else "tokens at most"
        amounts = [f"{self.rows:,} {what}"]
        amounts += [] if self.steps is None else [f"{self.steps:,} updates"]
        amounts += [] if self.tokens is None else [f"about {self.tokens:,} {unit}"]
        time = "seconds unknown: no run has told its rate" if self.seconds is None else f"about {self.seconds:,.0f} s"
        return f"{self.asset}[{self.recipe}]: {', '.join(amounts)}; {time} ({self.why})"


def planned_work(settings: "Settings", tables: "TableStore") -> list[dict[str, Any]]:
    """Return what each recipe's training and predictions would do, a row each, with the `step` of a night that does it.

    A row with an `error` says why it is not known.
    """
    rows: list[dict[str, Any]] = []
    paths = sorted(settings.recipes.glob("*.yaml"))
    if paths and tables.find_record("instruction_dataset") is None:
        told = (
            "what the recipes would train and generate is not known: no dataset was made yet, nobody counted its rows"
        )
        return [{"asset": "", "told": told, "error": told}]
    for path in paths:
        step = {"step": f"finetune[{path.stem}]"}
        try:
            rows += [{**asdict(one), **step, "told": str(one)} for one in _of_recipe(path, settings, tables)]
        except (GraftlineError, OSError, ValueError, KeyError) as error:
            told = f"what {path.stem} would train and generate is not known: {error}"
            rows.append({"asset": "adapter", "recipe": path.stem, **step, "seconds": None, "told": told, "error": told})
    return rows


def _of_recipe(path: Path, settings: "Settings", tables: "TableStore") -> Iterator[Work]:
    from pipelines.finetune.recipes.datasets import row_counts
    from pipelines.finetune.recipes.files import load_recipe
    from pipelines.finetune.training.record import TrainingRecord
    from pipelines.finetune.training.training import MARKER, read_log, run_key

    recipe, name = load_recipe(path), path.stem
    dataset, last = tables.read_record("instruction_dataset"), tables.find_record(f"adapter/{name}")
    trained, held_out = row_counts(recipe, dataset)
    former = TrainingRecord.read(last, f"adapter/{name}") if last else None
    why, done = _why(recipe, former, dataset, settings), 0
    if former and not why:
        key = run_key(recipe, dataset["digest"], former.base_revision)
        if not (settings.home / "models" / "adapters" / key / MARKER).exists():
            log = read_log(settings.home / "work" / "training" / key)
            done = int(log[-1]["step"]) if log else 0
            why = f"goes on after update {done}" if done else "another recipe or code than in the last run"
    if not why:
        yield Work("adapter", name, 0, 0, 0, 0.0, "as it was")
    else:
        yield _training(recipe, name, trained, done, former, why)
    yield from _generating(name, held_out, why, settings, tables)


def _why(recipe: "Recipe", former: "TrainingRecord | None", dataset: dict[str, Any], settings: "Settings") -> str:
    """Return why a recipe is trained, "" where only its key can tell."""
    from pipelines.finetune.dataset.preparation import is_prepared
    from pipelines.finetune.recipes.datasets import dataset_names

    given = settings.home / "feedback" / "instructions.jsonl"
    feedback = given if given.exists() else None
    if not is_prepared(settings.instructions, settings.home, dataset_names(settings.recipes), feedback):
        return "the rows' files are others than in the last run, by whose rows this counts"
    if former is None:
        return "it was never trained"
    if former.resolved.get("model_name_or_path") != recipe.model_name_or_path:
        return "another base than in the last run"
    return ""


def _training(recipe: "Recipe", name: str, rows: int, done: int, former: "TrainingRecord | None", why: str) -> Work:
    resolved = recipe.model_dump()
    at_once = recipe.per_device_train_batch_size * recipe.gradient_accumulation_steps
    steps: int | None = recipe.max_steps if recipe.max_steps > 0 else None
    if steps is None and not recipe.packing:
        steps = math.ceil(math.ceil(rows / at_once) * recipe.num_train_epochs)
    left = None if steps is None else max(0, steps - done)
    alike = former is not None and all(former.resolved.get(key) == resolved[key] for key in _OF_THE_TOKENS)
    tokens = round(former.tokens * left / former.steps) if former and alike and left is not None else None
    same = former is not None and all(former.resolved.get(key) == resolved[key] for key in _OF_THE_RATE)
    seconds = tokens / former.tokens_per_second if former and same and tokens is not None else None
    return Work("adapter", name, rows, left, tokens, seconds, why)


def _generating(name: str, held_out: int, trains: str, settings: "Settings", tables: "TableStore") -> Iterator[Work]:
    """Yield the texts that would be asked for: of the adapter, and where the rows are others of base and champion."""
    from pipelines.finetune.evaluation.prediction import PredictionSettings

    stored, merged = tables.find(f"predictions/{name}"), tables.find_record(f"merged_model/{name}")
    fresh = stored is not None and stored.num_rows and not trains
    if fresh and merged is not None and stored is not None and stored["model"][0].as_py() == merged["digest"]:
        yield Work("predictions", name, 0, 0, 0, 0.0, "as they were")
        return
    again = stored is None or trains.startswith("the rows' files") or trains.startswith("another base")
    champion = (tables.find_record("registered_model") or {}).get("champion")
    twice = min(held_out, PredictionSettings().rows_twice)  # of the adapter, for the noise floor
    rows, rate = held_out * (1 + again * (2 if champion else 1)) + twice, tables.find_record(f"{RATE_NAME}/{name}")
    seconds = None if rate is None else rate["start_seconds"] + rows * rate["seconds_per_text"]
    limit = rate["max_tokens"] if rate else None
    why = f"base, {'champion, ' if champion else ''}adapter" if again else "the adapter"
    why += f", {twice:,} of it twice" if twice else ""
    yield Work("predictions", name, rows, None, None if limit is None else rows * limit, seconds, why)


def generation_rate(generated: int, max_tokens: int, speed: dict[str, float]) -> dict[str, Any]:
    """Return what a run tells of the next one's generation."""
    from pipelines.core.identity import json_digest

    told = {
        "seconds_per_text": speed["generate_seconds"] / generated,
        "start_seconds": speed["engine_start_seconds"],
        "max_tokens": max_tokens,
    }
    return {**told, "digest": json_digest(told)}
