"""The recipes of a night beside each other: what tells them apart, what their trainings took, what they came to."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from pipelines.finetune.training.record import TrainingRecord

_ALWAYS = ("finetuning_type", "lora_rank", "learning_rate")
_NEVER = ("run_name", "output_dir", "dataset_dir", "logging_steps", "save_steps", "save_total_limit")
_ALL = "all"
UNSET = "unset"
"""What a key has that a recipe leaves open."""


def compared_recipes(
    trainings: Mapping[str, TrainingRecord], evaluations: Mapping[str, pa.Table], by_language: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Return by recipe {name: value}, the same names for each: keys, training, metrics.

    A value is None where a figure was not taken. Of the keys there are those that differ, and method, rank and rate;
    of EVALUATION the adapter's means over all rows, and of the metrics `by_language` those of each language.
    """
    keys = [key for key in _keys(trainings) if key not in _NEVER]
    figures = {recipe: _figures(table, by_language) for recipe, table in evaluations.items()}
    names = list(dict.fromkeys(name for found in figures.values() for name in _languages_last(found)))
    return {
        recipe: {
            **{key: _value(training.resolved.get(key)) for key in keys},
            "rows": training.rows,
            "seconds": round(training.seconds, 1),
            "held_out_loss": _after(training),
            **{name: figures.get(recipe, {}).get(name) for name in names},
        }
        for recipe, training in trainings.items()
    }


def _keys(trainings: Mapping[str, TrainingRecord]) -> list[str]:
    every = list(dict.fromkeys(key for training in trainings.values() for key in training.resolved))
    values = {key: {repr(training.resolved.get(key)) for training in trainings.values()} for key in every}
    return [key for key in every if key in _ALWAYS or len(values[key]) > 1]


def _value(found: Any) -> Any:
    return UNSET if found is None else found


def _after(training: TrainingRecord) -> float | None:
    found = training.held_out()
    return None if found is None else round(found[1], 4)


def _figures(evaluation: pa.Table, by_language: Sequence[str]) -> dict[str, float]:
    return {
        row["metric"] if row["slice"] == _ALL else f"{row['metric']} {row['slice']}": round(row["adapter"], 4)
        for row in evaluation.to_pylist()
        if row["slice"] == _ALL or ("=" not in row["slice"] and row["metric"] in by_language)
    }


def _languages_last(names: Iterable[str]) -> list[str]:
    """Return "token_f1 en" and "token_f1 zh" beside each other, behind what is of all rows."""
    whole = [name for name in names if " " not in name]
    return [*whole, *(part for name in whole for part in names if part.startswith(f"{name} "))]
