"""The held-out rows that a training takes its loss on: the first so many that have one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipelines.finetune.recipes.recipe import Recipe
from pipelines.finetune.templates.encoding import RowEncoding, chosen_rows, tokens_of

_GROWTH = 4


def held_out_tokens(
    rows: Any,
    recipe: Recipe,
    tokenizer: Any,
    encoding: RowEncoding,
    most: int | None,
    cache: Path,
    place_of: Callable[[str], str] = "row {}".format,
) -> tuple[Any, Any]:
    """Return the rows that were looked at, and of the first `most` (None: all) that keep a token with loss the ids.

    The first rows alone may all be longer than cutoff_len, so that no loss would be left to take.
    """
    looked_at = most
    while True:
        few = chosen_rows(rows, recipe, recipe.eval_dataset or recipe.dataset, looked_at)
        kept = tokens_of(few, tokenizer, recipe, encoding, cache, place_of)[0] if len(few) else few
        if most is None or looked_at is None:
            return few, kept
        if len(kept) >= most or len(few) < looked_at:
            return few, kept.select(range(most)) if len(kept) > most else kept
        looked_at *= _GROWTH
