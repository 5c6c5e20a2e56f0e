"""Merging, seen from the parent: base and adapter become one ordinary checkpoint, proven to say the same."""

import json
import logging
from pathlib import Path

from pipelines.core.checkpoints.revision import weights_digest
from pipelines.core.child_process import run_child
from pipelines.core.errors import InputError
from pipelines.core.identity import json_digest
from pipelines.core.progress.told import ToldProgress
from pipelines.finetune.merging.record import MergedRecord
from pipelines.finetune.models.base import BaseModel
from pipelines.finetune.recipes.recipe import Recipe
from pipelines.finetune.training.record import TrainingRecord
from pipelines.finetune.training.training import MARKER, RESULT, switch_complete

log = logging.getLogger("graftline")

CODE_VERSION = "3"
PROGRESS = "progress.json"
_CHILD = "pipelines.finetune.merging.merge_child"


def merge_key(adapter: TrainingRecord, base_revision: str) -> str:
    """Return the key of a merge: the training (so its recipe and tokenizer), its weights, the base's and this code.

    The weights alone don't tell: a token that was added and occurs in no row changes none of them.
    """
    return json_digest([adapter.key, adapter.digest, base_revision, CODE_VERSION])


def merge(recipe: Recipe, adapter: TrainingRecord, dataset_path: Path, base: BaseModel, home: Path) -> MergedRecord:
    """Merge unless it is done already; return its record.

    The weights are base + BA in float32, stored as bfloat16 safetensors in home/models/merged/<key> with tokenizer and
    chat template. A QLoRA adapter is merged onto the base as its training saw it, quantised and dequantised again: onto
    the original weights it would be another model than the one that was trained. ChildError when it fails, InputError
    where the base is not any more what the adapter was trained on.
    """
    key = merge_key(adapter, adapter.base_revision)
    folder = home / "models" / "merged" / key
    if not (folder / MARKER).exists():
        _require_same(adapter, base)
        work = home / "work" / "merging" / key
        spec = {
            "recipe": recipe.model_dump(),
            "adapter": adapter.path,
            "dataset": str(dataset_path),
            "base_path": str(base.path),
            "base_name": base.hub_name,
            "output": str(work / "output"),
            "progress": str(work / PROGRESS),
        }
        log.info("merging adapter %s", adapter.key)
        told = ToldProgress(work / PROGRESS, f"merging {adapter.key}", "comparisons")
        run_child(_CHILD, spec, work, watch=told, needed_bytes=base.working_bytes(recipe.quantization_bit))
        switch_complete(work, folder)
    result = json.loads((folder / RESULT).read_text(encoding="utf-8"))
    return MergedRecord.of_result(result, key, folder, adapter, adapter.base_revision)


def _require_same(adapter: TrainingRecord, base: BaseModel) -> None:
    # Records of before name the weights alone.
    if adapter.base_revision == base.revision or adapter.base_revision == weights_digest(base.path):
        return
    raise InputError(
        str(base.path),
        "another model (or an edited one) than the adapter was trained on",
        f"revision {adapter.base_revision}",
        "put that base back, or train again: graftline run --select adapter,merged_model",
    )
