"""The datasets that a recipe names, held against those that the stored rows come from."""

import difflib
from pathlib import Path
from typing import Any

from pipelines.errors import InputError
from pipelines.finetune.dataset import load_dataset
from pipelines.finetune.recipe import Recipe, names_in


def require_known(recipe: Recipe, dataset: dict[str, Any]) -> None:
    """InputError where `dataset` or `eval_dataset` names one that the stored rows don't have; the nearest is named."""
    asked = {key: names_in(getattr(recipe, key)) for key in ("dataset", "eval_dataset")}
    if not any(asked.values()):
        return
    rows = load_dataset(Path(dataset["path"]))
    for key, split in (("dataset", "train"), ("eval_dataset", "test")):
        known = sorted(set(rows[split].with_format(None)["dataset"])) if "dataset" in rows[split].column_names else []
        for name in asked[key]:
            if name in known:
                continue
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
            raise InputError(
                f"the recipe's {key}",
                f"'{name}', which no row comes from",
                f"one of {', '.join(known) or 'no names (these rows have none)'}",
                f"write {key}: {near[0]}" if near else f"add '{name}' to dataset_info.json, or leave {key} out",
            )


def require_configured_folder(recipe: Recipe, folder: Path) -> None:
    """InputError where a partition's recipe names another `dataset_dir` than the one that its dataset is made of."""
    if recipe.dataset_dir and Path(recipe.dataset_dir).expanduser().resolve() != folder.resolve():
        raise InputError(
            "the recipe's dataset_dir",
            recipe.dataset_dir,
            f"{folder}, which instruction_dataset reads for every recipe",
            "set GRAFTLINE_INSTRUCTIONS to that folder, or train it alone: graftline train RECIPE dataset_dir=FOLDER",
        )
