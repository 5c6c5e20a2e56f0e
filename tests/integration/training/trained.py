"""A specification of a tiny training, as the parent writes it, and preference rows to train on."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipelines.finetune.dataset.saved import save_splits
from pipelines.finetune.models.base import BaseModel
from pipelines.finetune.recipes.recipe import Recipe

QUICK: dict[str, Any] = {
    "lora_rank": 4,
    "per_device_train_batch_size": 4,
    "learning_rate": 1e-2,
    "max_steps": 6,
    "logging_steps": 2,
    "save_steps": 2,
    "bf16": False,
}


def specification(recipe: Recipe, dataset: str, base: BaseModel, folder: Path) -> dict[str, Any]:
    return {
        "recipe": recipe.model_dump(),
        "dataset": dataset,
        "base_path": str(base.path),
        "key": "k",
        "base_name": base.hub_name,
        "base_revision": base.revision,
        "base_hub_revision": None,
        "work": str(folder),
        "output": str(folder / "output"),
        "cache": str(folder / "cache"),
        "kept_checkpoints": 2,
    }


def preferences(folder: Path, rows: int = 40, held_out: int = 8) -> str:
    """Store a dataset whose chosen answers are polite and whose rejected ones are not; return its path."""

    every = [
        {
            "row_id": str(n),
            "tools": "",
            "kind": "preference",
            "dataset": "pairs",
            "source": str(n),
            "language": "en",
            "messages": [{"role": "user", "content": f"Question {n}?", "tool_calls": ""}],
            "chosen": f"Of course: {n}.",
            "rejected": f"No {n}!",
            "characters": 20,
        }
        for n in range(rows)
    ]
    table = pa.Table.from_pylist(every)
    save_splits({"train": table.slice(0, rows - held_out), "test": table.slice(rows - held_out)}, folder, "pairs")
    (folder / "graftline.json").write_text(json.dumps({}), encoding="utf-8")
    return str(folder)
