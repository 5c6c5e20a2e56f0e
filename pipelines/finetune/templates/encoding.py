"""The rows that a recipe trains on, as token ids; kept on disk by what they are made of."""

from pathlib import Path
from typing import Any

from pipelines.core.identity import content_id
from pipelines.finetune.conversation import messages_of, tools_of
from pipelines.finetune.recipes.recipe import Recipe
from pipelines.finetune.recipes.wanted_rows import kind_of
from pipelines.finetune.templates.masking import encode, encode_pair, template_digest


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


def tokens_of(rows: Any, tokenizer: Any, recipe: Recipe, cache: Path) -> Any:
    """Return input_ids and labels (sft) or prompt_ids, chosen_ids and rejected_ids (dpo) of the rows that have a loss.

    Cached on disk by rows, template and every option that matters. Rows that keep no token with loss are left out:
    len(rows) - len(result) of them.
    """
    cache.mkdir(parents=True, exist_ok=True)
    options = [recipe.stage, recipe.cutoff_len, recipe.train_on_prompt, recipe.mask_history]
    key = content_id(rows._fingerprint, template_digest(tokenizer), str(len(tokenizer)), *map(str, options), "2")
    encoded = rows.map(
        _pair if recipe.stage == "dpo" else _conversation,
        fn_kwargs={"tokenizer": tokenizer, "recipe": recipe},
        remove_columns=rows.column_names,
        cache_file_name=str(cache / f"{key}.arrow"),
        new_fingerprint=key,
    )
    return encoded.filter(has_loss, cache_file_name=str(cache / f"{key}-kept.arrow"), new_fingerprint=f"{key}kept")


def has_loss(row: dict[str, list[int]]) -> bool:
    """Say whether an encoded row teaches anything; a conversation's first token is never predicted."""
    if "labels" in row:
        return any(label >= 0 for label in row["labels"][1:])
    return bool(row["prompt_ids"] and row["chosen_ids"] and row["rejected_ids"])


def _conversation(row: dict[str, Any], tokenizer: Any, recipe: Recipe) -> dict[str, list[int]]:
    options = (recipe.train_on_prompt, recipe.mask_history)
    return encode(tokenizer, messages_of(row), recipe.cutoff_len, tools_of(row), *options)


def _pair(row: dict[str, Any], tokenizer: Any, recipe: Recipe) -> dict[str, list[int]]:
    answers = (row["chosen"], row["rejected"])
    return encode_pair(tokenizer, messages_of(row), *answers, recipe.cutoff_len, tools_of(row))
