"""The rows that a recipe trains on, as token ids; kept on disk by what they are made of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.core.identity import content_id
from pipelines.finetune.recipes.recipe import Recipe
from pipelines.finetune.recipes.wanted_rows import kind_of
from pipelines.finetune.templates.masking import template_digest


@dataclass(frozen=True)
class RowEncoding:
    """How a stage makes token ids of a stored row.

    `encode(row, tokenizer, recipe)` returns lists of ids by name, `has_loss` says whether such a row teaches anything,
    and `keys` are the recipe's keys that `encode` looks at.
    """

    encode: Callable[[Mapping[str, Any], Any, Recipe], dict[str, list[int]]]
    has_loss: Callable[[Mapping[str, list[int]]], bool]
    keys: tuple[str, ...]


def chosen_rows(rows: Any, recipe: Recipe, names: str | None, most: int | None = None) -> Any:
    """Return the rows of the recipe's stage and datasets; of each dataset the first max_samples (or `most` in all)."""
    kind = kind_of(recipe)
    columns = set(rows.column_names)
    wanted = {name.strip() for name in (names or "").split(",") if name.strip()}
    counts: dict[str, int] = {}
    kept: list[int] = []
    kinds = rows["kind"] if "kind" in columns else [kind] * len(rows)
    datasets = rows["dataset"] if "dataset" in columns else [""] * len(rows)
    for place, (row_kind, dataset) in enumerate(zip(kinds, datasets, strict=True)):
        known = not wanted or "dataset" not in columns or dataset in wanted
        if row_kind != kind or not known or (most is not None and len(kept) >= most):
            continue
        counts[dataset] = counts.get(dataset, 0) + 1
        if most is None and recipe.max_samples and counts[dataset] > recipe.max_samples:
            continue
        kept.append(place)
    return rows.select(kept)


def tokens_of(rows: Any, tokenizer: Any, recipe: Recipe, encoding: RowEncoding, cache: Path) -> Any:
    """Return the rows as the token ids that the stage's `encoding` makes of them.

    Cached on disk by rows, template, stage and the encoding's keys. Rows that keep no token with loss are left out:
    len(rows) - len(result) of them.
    """
    cache.mkdir(parents=True, exist_ok=True)
    options = [recipe.stage, *(getattr(recipe, key) for key in encoding.keys)]
    key = content_id(rows._fingerprint, template_digest(tokenizer), str(len(tokenizer)), *map(str, options), "2")
    encoded = rows.map(
        encoding.encode,
        fn_kwargs={"tokenizer": tokenizer, "recipe": recipe},
        remove_columns=rows.column_names,
        cache_file_name=str(cache / f"{key}.arrow"),
        new_fingerprint=key,
    )
    return encoded.filter(
        encoding.has_loss, cache_file_name=str(cache / f"{key}-kept.arrow"), new_fingerprint=f"{key}kept"
    )
