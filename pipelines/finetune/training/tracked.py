"""A training with its record: trained (or found), drawn, and logged as one run that a person can tell apart."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from pipelines.core.identity import json_digest
from pipelines.finetune.dataset.preparation import read_ledger
from pipelines.finetune.dataset.stored import load_dataset
from pipelines.finetune.models.base import BaseModel
from pipelines.finetune.models.servability import servability_line, vllm_lora
from pipelines.finetune.recipes import files as recipe_file
from pipelines.finetune.recipes.datasets import split_for
from pipelines.finetune.recipes.recipe import Recipe
from pipelines.finetune.tasks.tasks import task_of
from pipelines.finetune.templates.encoding import chosen_rows
from pipelines.finetune.training import training
from pipelines.finetune.training.pictures import loss_curve
from pipelines.finetune.training.record import Part, TrainingRecord, TrainingRun
from pipelines.finetune.training.system_metrics import read_samples

_COUNTS = ("train", "test", "kept", "rejected_share")
_COUNTS_BY_REASON = ("repaired", "rejected")
_SUMMARY = (
    "train_loss",
    "first_loss",
    "last_loss",
    "held_out_loss_before",
    "held_out_loss_after",
    "held_out_rows",
    "rows",
    "rows_without_loss",
    "turns_without_loss",
    "tokens",
    "seconds",
    "tokens_per_second",
    "trainable_parameters",
    "peak_memory_bytes",
    "peak_gpu_memory_bytes",
)
VLLM_TAG = "graftline.vllm"
"""Tag of a run: the command by which vLLM serves the adapter beside its base, or why it refuses it."""


class RunTracker(Protocol):
    """Where trainings are logged; `resources.tracking.tracker.Tracker`."""

    def log_training(self, run: TrainingRun) -> str: ...


def train_and_track(
    name: str,
    recipe: Recipe,
    dataset: Mapping[str, Any],
    base: BaseModel,
    home: Path,
    tracker: RunTracker,
    parent: str | None = None,
) -> TrainingRecord:
    """Train unless it is done, draw its curve, log it as one run; return training's record with all of that."""
    record = training.train(recipe, dict(dataset), base, home)
    folder = Path(record.path)
    log_rows = training.read_log(folder)
    title = run_name(name, recipe, record.rows, record.key)
    notes = [*recipe.notes(), *dataset.get("notes", ()), *record.noted]
    serving = vllm_lora(recipe, folder)
    curve = loss_curve(log_rows, title, home / "plots" / f"loss-{record.key}.png", record.held_out())
    run = TrainingRun(
        key=record.key,
        name=title,
        recipe=name,
        parameters=recipe.resolved(),
        dataset_path=Path(dataset["path"]),
        dataset_digest=dataset["digest"],
        log_rows=log_rows,
        summary=summary_metrics(record),
        adapter=folder,
        plots=[curve],
        samples=read_samples(folder),
        counts=dataset_counts(dataset),
        ledger=read_ledger(dict(dataset)).to_pylist() if dataset.get("ledger") else (),
        notes=notes,
        tags={VLLM_TAG: servability_line(serving)},
        parent=parent,
        parts=used_rows(recipe, dataset),
    )
    return replace(
        record,
        recipe=name,
        resolved=recipe.model_dump(),
        notes=notes,
        vllm_lora=serving,
        curve=str(curve),
        dataset_path=str(dataset["path"]),
        base_path=str(base.path),
        run_id=tracker.log_training(run),
        run_name=title,
    )


def used_rows(recipe: Recipe, dataset: Mapping[str, Any]) -> list[Part]:
    """Return the rows that the recipe trains on and those that it is measured by, of all that its dataset stores.

    A part has the dataset's digest where the recipe chooses nothing of it.
    """
    trained, held_out = split_for(recipe, load_dataset(Path(dataset["path"])))
    asked = recipe.eval_dataset or recipe.dataset
    parts = (
        ("training", recipe.dataset or "instructions-train", chosen_rows(trained, recipe, recipe.dataset)),
        ("evaluation", asked or "instructions-test", chosen_rows(held_out, recipe, asked, len(held_out))),
    )
    whole = {"training": len(trained), "evaluation": len(held_out)} if not asked and not recipe.dataset else {}

    def digest(context: str, rows: Any) -> str:
        chosen = [dataset["digest"], context, rows.with_format(None)["row_id"]]
        return dataset["digest"] if whole.get(context) == len(rows) else json_digest(chosen)

    return [Part(context, name, rows, digest(context, rows)) for context, name, rows in parts if len(rows)]


def dataset_counts(dataset: Mapping[str, Any]) -> dict[str, float]:
    """Return a dataset's rows by fate: kept, and repaired and rejected in all and by reason.

    >>> dataset_counts({"kept": 3, "rejected": {"no output": 2}})
    {'kept': 3.0, 'rejected': 2.0, 'rejected.no output': 2.0}
    >>> dataset_counts({"repaired": {"line ends unified": 2, "role renamed": 1}, "repaired_rows": 2})
    {'repaired': 2.0, 'repaired.line ends unified': 2.0, 'repaired.role renamed': 1.0}
    """
    counts = {key: float(dataset[key]) for key in _COUNTS if key in dataset}
    for fate in _COUNTS_BY_REASON:
        if fate in dataset:
            reasons = dataset[fate]
            counts |= {fate: float(dataset.get(f"{fate}_rows", sum(reasons.values())))}  # a row has many repairs
            counts |= {f"{fate}.{reason}": float(number) for reason, number in sorted(reasons.items())}
    return counts


def run_name(name: str, recipe: Recipe, rows: int, key: str) -> str:
    """Return what tells a run apart: recipe, method, rate, model, rows trained on, and the beginning of its key."""
    methods = {
        "lora": f"{'DoRA' if recipe.use_dora else 'LoRA'} r{recipe.lora_rank} a{recipe.alpha}",
        "full": "full",
        "freeze": f"freeze {recipe.freeze_trainable_layers}",
    }
    method = methods[recipe.finetuning_type]
    if recipe.quantization_bit:
        method = f"{recipe.quantization_bit}-bit {method}"
    method = f"{task_of(recipe).run_label} {method}".lstrip()
    model = recipe.model_name_or_path.rstrip("/").rsplit("/", 1)[-1]
    batch = recipe.per_device_train_batch_size * recipe.gradient_accumulation_steps
    parts = [recipe.run_name or name, method, f"lr {recipe.learning_rate:g}", f"batch {batch}", model, f"{rows} rows"]
    return " · ".join([*parts, key[:8]])


def recipe_path(record: TrainingRecord) -> Path:
    """Return where a training's resolved recipe lies: beside what it trained."""
    return Path(record.path) / recipe_file.FILE


def summary_metrics(record: TrainingRecord) -> dict[str, float]:
    """Return the numbers of a training's record that stand for the whole of it."""
    stored = record.as_json()
    return {name: float(stored[name]) for name in _SUMMARY if name in stored}
