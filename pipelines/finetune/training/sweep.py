"""A sweep: one training for each setting of a grid, nested below one run that compares them."""

import csv
import itertools
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pipelines.core.errors import GraftlineError, InputError
from pipelines.core.identity import json_digest
from pipelines.finetune.models.base import BaseModel
from pipelines.finetune.models.servability import servability_line
from pipelines.finetune.recipes.files import parse_arguments
from pipelines.finetune.recipes.recipe import Recipe
from pipelines.finetune.training.pictures import setting_plot
from pipelines.finetune.training.record import TrainingRecord
from pipelines.finetune.training.tracked import RunTracker, train_and_track
from pipelines.finetune.training.training import run_key

log = logging.getLogger("graftline")

_LARGEST = 200


@dataclass(frozen=True)
class Member:
    """One setting and what came of it: the held-out loss after training, or None and the error.

    `record` is the training's; None where it failed.
    """

    label: str
    key: str
    loss: float | None
    before: float | None
    seconds: float | None
    path: str
    run_id: str
    error: str
    record: TrainingRecord | None = None

    def row(self) -> dict[str, Any]:
        """Return the member as a row of the sweep's table."""
        return {
            "setting": self.label,
            "held_out_loss": self.loss,
            "held_out_loss_before": self.before,
            "seconds": self.seconds,
            "state": "failed" if self.error else "finished",
            "error": self.error,
            "vllm": servability_line(self.record.vllm_lora) if self.record else "",
            "key": self.key,
            "run_id": self.run_id,
        }


@dataclass(frozen=True)
class SweepResult:
    """All members in the grid's order, and the run that holds them."""

    run_id: str
    members: list[Member]

    @property
    def failed(self) -> list[Member]:
        return [member for member in self.members if member.error]

    @property
    def best(self) -> Member | None:
        """The member with the lowest held-out loss, or None where all failed."""
        done = [member for member in self.members if member.loss is not None]
        return min(done, key=lambda member: (member.loss, member.label), default=None)


class SweepRuns(RunTracker, Protocol):
    """Where a sweep is logged; `resources.tracking.sweep_tracker.SweepTracker`."""

    def open_sweep(self, key: str, name: str, recipe: str) -> str: ...

    def log_failure(self, key: str, name: str, recipe: str, parent: str, error: str) -> str: ...

    def close_sweep(self, run_id: str, rows: Sequence[Mapping[str, Any]], picture: Path, failed: int) -> None: ...


def parse_grid(sets: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return {label: keys} of every combination of `key=a,b,c` texts, the last key running fastest.

    A value that holds a comma stands in double quotes: `lora_target="q_proj,v_proj",all`.
    """
    axes: dict[str, list[Any]] = {}
    for text in sets:
        key, given, values = text.partition("=")
        parts = _values(values)
        if not given or not key.strip() or not parts:
            raise InputError(f"--set {text}", "no key with values", "--set key=a,b", "--set lora_rank=4,8,16")
        if key in axes:
            raise InputError(
                f"--set {text}", f"'{key}' a second time", "each key once", f"--set {key}=… with all values"
            )
        for part in parts:
            if parts.count(part) > 1:
                raise InputError(f"--set {text}", f"'{part}' a second time", "each value once", f"--set {key}=… once")
        axes[key.strip()] = [next(iter(parse_arguments([f"{key.strip()}={part}"]).values())) for part in parts]
    if not axes:
        raise InputError("the sweep", "no --set", "a key with its values", "--set lora_rank=4,8,16")
    combinations = [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]
    if len(combinations) > _LARGEST:
        raise InputError("the sweep", f"{len(combinations)} trainings", f"at most {_LARGEST}", "name fewer values")
    return {" ".join(f"{key}={value}" for key, value in one.items()): one for one in combinations}


def _values(text: str) -> list[str]:
    read = next(csv.reader([text], skipinitialspace=True), [])
    return [part.strip() for part in read if part.strip()]


def sweep_key(members: Mapping[str, Recipe], dataset_digest: str, base_revision: str) -> str:
    """Return the key of a sweep: its members' keys; their order doesn't matter."""
    return json_digest(sorted(run_key(recipe, dataset_digest, base_revision) for recipe in members.values()))


def sweep(
    name: str,
    members: Mapping[str, Recipe],
    dataset: Mapping[str, Any],
    base: BaseModel,
    home: Path,
    runs: SweepRuns,
) -> SweepResult:
    """Train every member (those that are done are found), log each below one run with table and picture.

    A member that fails is logged as such and stops no other; a second call tries it again.
    """
    for name_of in ("model_name_or_path", "dataset_dir"):
        values = sorted({str(getattr(recipe, name_of)) for recipe in members.values()})
        if len(values) > 1:
            raise InputError(
                "the sweep", f"{name_of} {', '.join(values)}", "the same for all", f"a sweep for each {name_of}"
            )
    if dataset.get("test") == 0 and not all(recipe.eval_dataset for recipe in members.values()):
        raise InputError("the sweep", "no held-out row", "some, to compare the settings by", "add rows to the dataset")
    key = sweep_key(members, dataset["digest"], base.revision)
    parent = runs.open_sweep(key, f"sweep {name} · {len(members)} settings · {key[:8]}", name)
    done: list[Member] = []
    for number, (label, recipe) in enumerate(members.items(), start=1):
        log.info("sweep %d/%d: %s", number, len(members), label)
        done.append(_member(label, name, recipe, dataset, base, home, runs, parent))
    losses = [member.loss for member in done]
    picture = setting_plot(
        [member.label for member in done], losses, f"sweep {name}", home / "plots" / f"sweep-{key}.png"
    )
    result = SweepResult(parent, done)
    runs.close_sweep(parent, [member.row() for member in done], picture, len(result.failed))
    return result


def _member(
    label: str, name: str, recipe: Recipe, dataset: Mapping[str, Any], base: BaseModel, home: Path, runs: SweepRuns,
    parent: str,
) -> Member:  # fmt: skip
    key = run_key(recipe, dataset["digest"], base.revision)
    try:
        record = train_and_track(f"{name} {label}", recipe, dataset, base, home, runs, parent)
    except GraftlineError as error:
        log.warning("sweep: %s failed: %s", label, error)
        run_id = runs.log_failure(key, f"{name} {label} · failed · {key[:8]}", name, parent, str(error))
        return Member(label, key, None, None, None, "", run_id, _in_a_line(error))
    before, after = record.held_out() or (None, None)
    return Member(label, key, after, before, record.seconds, record.path, record.run_id, "", record)


def _in_a_line(error: GraftlineError) -> str:
    text = str(error)
    return text if "\n" not in text else f"{error.where}: {error.found.rstrip().splitlines()[-1]}"  # a traceback's end
