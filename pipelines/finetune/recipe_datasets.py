"""Which datasets the recipes name: a registered one on the hub is loaded only when a recipe asks for it."""

from pathlib import Path
from typing import Any

import yaml


def dataset_names(recipes: Path) -> frozenset[str]:
    """Return all names in `dataset` and `eval_dataset` of the recipes in a folder; broken recipes name none."""
    names: frozenset[str] = frozenset()
    for path in sorted(recipes.glob("*.yaml")):
        try:
            recipe = yaml.safe_load(path.read_text(encoding="utf-8"))
        except (yaml.YAMLError, UnicodeDecodeError):  # the recipe's own partition reports it
            continue
        for key in ("dataset", "eval_dataset") if isinstance(recipe, dict) else ():
            names |= names_in(recipe.get(key))
    return names


def names_in(value: Any) -> frozenset[str]:
    """Return the names that a recipe's key holds: a list of them, or a text with commas."""
    names = value if isinstance(value, list) else str(value or "").split(",")
    return frozenset(str(name).strip() for name in names) - {""}
