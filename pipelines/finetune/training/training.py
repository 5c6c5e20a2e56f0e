"""Training, seen from the parent: a key of all that matters, a child process that does it, and its record."""

import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipelines.core.child_process import run_child
from pipelines.core.errors import InputError
from pipelines.core.files import switch
from pipelines.core.identity import file_digest, json_digest
from pipelines.finetune.models.base import BaseModel
from pipelines.finetune.recipes import files as recipe_file
from pipelines.finetune.recipes.datasets import require_known
from pipelines.finetune.recipes.faults import faults_of, require_faultless
from pipelines.finetune.recipes.recipe import Recipe
from pipelines.finetune.recipes.wanted_rows import require_kind, rows_line
from pipelines.finetune.templates.templates import template_form, template_text_digest
from pipelines.finetune.training import system_metrics
from pipelines.finetune.training.record import TrainingRecord

log = logging.getLogger("graftline")

CODE_VERSION = "6"
"""Raise it when the child trains differently from the same inputs: it is part of the run key."""
MARKER = "COMPLETE"
LOG = "train_log.jsonl"
RESULT = "result.json"
_CHILD = "pipelines.finetune.training.train_child"
_KEPT_CHECKPOINTS = 2
ENVIRONMENT = {
    # oneDNN would keep the kernels of 1,024 shapes, and every pass has a length of its own.
    "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "128",
}
"""What a training's process is started with."""


def run_key(recipe: Recipe, dataset_digest: str, base_revision: str) -> str:
    """Return the key of a training: recipe, the template it names, data, base, this code; never the clock or a path."""
    template = template_text_digest(recipe.template) if recipe.template else ""
    own = ["eval_dataset is held out whole"] if recipe.eval_dataset else []
    return json_digest([recipe.digest(), template, dataset_digest, base_revision, CODE_VERSION, *own])


def input_faults(recipe: Recipe, dataset: dict[str, Any] | None) -> list[InputError]:
    """Return all that keeps a recipe from its template and its rows (None: nothing is known of them)."""
    template = recipe.template
    faults = faults_of(lambda: template_form(template)) if template else []
    if dataset is not None:
        faults += faults_of(lambda: require_known(recipe, dataset), lambda: require_kind(recipe, dataset))
    return faults


def train(recipe: Recipe, dataset: dict[str, Any], base: BaseModel, home: Path) -> TrainingRecord:
    """Train unless it is done already; return its record, not tracked yet.

    The adapter (or, with finetuning_type full or freeze, the model) lies in home/models/adapters/<key> in safetensors
    form, with the resolved recipe beside it. An interrupted training goes on from its last checkpoint. ChildError when
    the child fails, InputError where recipe and rows don't go together.
    """
    key = run_key(recipe, dataset["digest"], base.revision)
    folder = home / "models" / "adapters" / key
    if not (folder / MARKER).exists():
        require_faultless("the recipe", input_faults(recipe, dataset))  # before a process starts
        work = home / "work" / "training" / key
        spec = {
            "recipe": recipe.model_dump(),
            "dataset": dataset["path"],
            "ledger": dataset.get("ledger"),
            "base_path": str(base.path),
            "base_name": base.hub_name,
            "base_revision": base.revision,
            "base_hub_revision": base.hub_revision,
            "output": str(work / "output"),
            "work": str(work),
            "key": key,
            "cache": str(home / "cache" / "tokens"),
            "kept_checkpoints": _KEPT_CHECKPOINTS,
        }
        log.info("training %s: %s (log: %s)", key, rows_line(recipe, dataset), work / "child.log")
        sampler = system_metrics.SystemSampler(work / system_metrics.FILE)
        sampler()  # the machine before the child has begun
        watch = _Watch(_Progress(work / LOG), sampler)
        environment = {"HF_DATASETS_CACHE": str(home / "cache" / "datasets"), **ENVIRONMENT}
        run_child(_CHILD, spec, work, environment, watch, base.working_bytes(recipe.quantization_bit))
        shutil.copy(work / system_metrics.FILE, work / "output" / system_metrics.FILE)
        (work / "output" / recipe_file.FILE).write_text(recipe_file.resolved_yaml(recipe), encoding="utf-8")
        switch_complete(work, folder)
    else:
        log.info("training %s is complete already", key)
    result = json.loads((folder / RESULT).read_text(encoding="utf-8"))
    return TrainingRecord.of_result(result, key, folder)


def switch_complete(work: Path, folder: Path) -> None:
    """Mark work/output as complete, put it in the folder's place at once, and drop the rest of `work`."""
    output = work / "output"
    (output / MARKER).write_text("", encoding="utf-8")
    folder.parent.mkdir(parents=True, exist_ok=True)
    switch(output, folder)
    shutil.rmtree(work, ignore_errors=True)  # checkpoints and logs of what is finished


def weights_digest(folder: Path) -> str:
    """Return the digest of a folder's safetensors files."""
    return json_digest([file_digest(path) for path in sorted(folder.glob("*.safetensors"))])


def read_log(folder: Path) -> list[dict[str, float]]:
    """Return the logged updates of a training, in order: step, loss, learning_rate, tokens, tokens_per_second, …"""
    path = folder / LOG
    lines = path.read_text(encoding="utf-8").split("\n") if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("}")]


class _Watch:
    """Calls each of several watchers."""

    def __init__(self, *watchers: Callable[[], None]) -> None:
        self.watchers = watchers

    def __call__(self) -> None:
        for watcher in self.watchers:
            watcher()


class _Progress:
    """Logs what the child has appended to its log since the last look."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.shown = len(read_log(path.parent))

    def __call__(self) -> None:
        if not self.path.exists():
            return
        rows = read_log(self.path.parent)
        if len(rows) < self.shown:  # the child went back to a checkpoint
            self.shown = 0
        for row in rows[self.shown :]:
            log.info(
                "step %d/%d: loss %.3f, %.0f tokens/s, %.0f s left",
                row["step"],
                row["total_steps"],
                row["loss"],
                row["tokens_per_second"],
                row["seconds_left"],
            )
        self.shown = len(rows)
