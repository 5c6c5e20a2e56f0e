"""The datasets that a recipe names, held against those that the stored rows come from."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from pipelines.core.errors import InputError
from pipelines.core.inputs.as_of import is_there, text_of
from pipelines.finetune.dataset.stored import load_dataset
from pipelines.finetune.recipes.faults import require_faultless
from pipelines.finetune.recipes.recipe import Recipe, names_in
from pipelines.text.nearest import nearest_name


def dataset_names(recipes: Path) -> frozenset[str]:
    """Return all names in `dataset` and `eval_dataset` of the recipes in a folder; broken recipes name none."""
    return frozenset().union(*(names for _, names in _named(recipes)))


def counted_datasets(recipes: Path) -> frozenset[str] | None:
    """Return the datasets that the folder's recipes ask for; None where one asks for every row, or there is none."""
    named = _named(recipes)
    return frozenset().union(*(names for _, names in named)) if named and all(some for some, _ in named) else None


def _named(recipes: Path) -> list[tuple[bool, frozenset[str]]]:
    """Return for each recipe whether it names a `dataset`, and all that it names."""
    found = []
    for path in filter(is_there, sorted(recipes.glob("*.yaml"))):
        try:
            recipe = yaml.safe_load(text_of(path))
        except (yaml.YAMLError, UnicodeDecodeError):  # the recipe's own partition reports it
            continue
        if isinstance(recipe, dict):
            trained, measured = (frozenset(names_in(recipe.get(key))) for key in ("dataset", "eval_dataset"))
            found.append((bool(trained), trained | measured))
    return found


_CLOSE = 0.6
"""Likeness from which a name may have been meant; `difflib`'s own default."""


def split_for(recipe: Recipe, splits: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return the rows ({"train", "test"} as stored) that the recipe may train on, and those that it measures by.

    `eval_dataset` is held out whole, and all of the other datasets trains. What stands in `dataset` too is parted by
    source, as all rows are without `eval_dataset`.
    """
    train, test = splits["train"], splits["test"]
    own, names = frozenset(names_in(recipe.eval_dataset)), frozenset(names_in(recipe.dataset))
    if not own or "dataset" not in train.column_names:
        return train, test
    from datasets import concatenate_datasets

    rows = concatenate_datasets([train, test])
    chosen: tuple[list[int], list[int]] = ([], [])
    for place, dataset in enumerate(rows.with_format(None)["dataset"]):
        both, by_source = dataset in own & names, place >= len(train)
        held_out = by_source if both else dataset in own
        if held_out or not names or dataset in names:
            chosen[held_out].append(place)
    return rows.select(chosen[0]), rows.select(chosen[1])


def row_counts(recipe: Recipe, dataset: Mapping[str, Any]) -> tuple[int, int]:
    """Return how many rows of a dataset's record the recipe trains on and how many it holds out, by names alone."""
    own, names = frozenset(names_in(recipe.eval_dataset)), frozenset(names_in(recipe.dataset))
    train = test = 0
    for split, counts in dataset.get("datasets", {}).items():
        for name, rows in counts.items():
            whole = own and name not in own & names  # on one side: no split by source
            if name in own if whole else split == "test":
                measured = own or names
                test += rows if not measured or name in measured else 0
            elif not names or name in names:
                train += rows
    return train, test


def require_known(recipe: Recipe, dataset: dict[str, Any]) -> None:
    """Raise all faults of `dataset` and `eval_dataset`: names that the stored rows don't have, with the reason."""
    asked = {key: sorted(frozenset(names_in(getattr(recipe, key)))) for key in ("dataset", "eval_dataset")}
    if not any(asked.values()):
        return
    rows = load_dataset(Path(dataset["path"]))
    known = {
        split: sorted(set(rows[split].with_format(None)["dataset"])) if "dataset" in rows[split].column_names else []
        for split in ("train", "test")
    }
    every = sorted({*known["train"], *known["test"]})
    faults = []
    for key, split in (("dataset", "train"), ("eval_dataset", "test")):
        other = known["test" if split == "train" else "train"]
        for name in asked[key]:
            by_source = not asked["eval_dataset"] or (name in asked["dataset"] and name in asked["eval_dataset"])
            there = known[split] if by_source else every
            if name not in there:
                found, fix = _missing(key, name, there, other, recipe, dataset.get("absent", {}))
                expected = f"one of {', '.join(there) or 'no names (these rows have none)'}"
                faults.append(InputError(f"the recipe's {key}", found, expected, fix))
    require_faultless("the recipe", faults)


def _missing(
    key: str, name: str, known: list[str], other: list[str], recipe: Recipe, absent: Mapping[str, str]
) -> tuple[str, str]:
    """Return what was found of a dataset without rows in its split, and what to do."""
    if name in other:
        side = "held out" if key == "dataset" else "trained on"
        return f"'{name}', of which all rows are {side}", f"add rows of other sources to '{name}', or leave {key} out"
    if name in absent:
        return f"'{name}', of which there is no row: {absent[name]}", f"mend that, or leave '{name}' out of {key}"
    found = f"'{name}', which no row comes from"
    near = nearest_name(name, [*known, *absent], _CLOSE)
    if near:
        return found, f"write {key}: {near}"
    where = "" if recipe.dataset_dir else ", or name the folder that has it: dataset_dir or GRAFTLINE_INSTRUCTIONS"
    return found, f"add '{name}' to dataset_info.json{where}, or leave {key} out"


def require_configured_folder(recipe: Recipe, folder: Path) -> None:
    """InputError where a partition's recipe names another `dataset_dir` than the one that its dataset is made of."""
    if recipe.dataset_dir and Path(recipe.dataset_dir).expanduser().resolve() != folder.resolve():
        raise InputError(
            "the recipe's dataset_dir",
            recipe.dataset_dir,
            f"{folder}, which instruction_dataset reads for every recipe",
            "set GRAFTLINE_INSTRUCTIONS to that folder, or train it alone: graftline train RECIPE dataset_dir=FOLDER",
        )
