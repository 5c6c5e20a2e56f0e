from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset

from pipelines.finetune.recipes.recipe import Recipe
from pipelines.finetune.templates.encoding import RowEncoding
from pipelines.finetune.training.held_out import held_out_tokens

RECIPE = Recipe(cutoff_len=10)


class Tokenizer:
    chat_template = "none"

    def __len__(self) -> int:
        return 1


def encode(row: Mapping[str, Any], tokenizer: Any, recipe: Recipe) -> dict[str, list[int]]:
    return {"ids": [row["number"]] if row["length"] <= recipe.cutoff_len else []}


def has_loss(encoded: Mapping[str, list[int]]) -> bool:
    return bool(encoded["ids"])


ENCODING = RowEncoding(encode, has_loss, ("cutoff_len",))


@pytest.mark.parametrize(
    ("long", "short", "taken"),
    [
        (0, 9, [0, 1, 2, 3]),  # none is too long: the first
        (3, 9, [3, 4, 5, 6]),  # some of the first are
        (30, 9, [30, 31, 32, 33]),  # all of the first are, far beyond
        (30, 2, [30, 31]),  # fewer are left than asked for
        (6, 0, []),
    ],
)
def test_rows_without_loss_take_no_place_among_those_held_out(long: int, short: int, taken: list[int], tmp_path: Path):
    rows = [{"number": n, "length": 99 if n < long else 5} for n in range(long + short)]
    looked_at, kept = held_out_tokens(Dataset.from_list(rows), RECIPE, Tokenizer(), ENCODING, 4, tmp_path)
    assert [row["ids"][0] for row in kept] == taken
    assert {row["number"] for row in looked_at} >= set(taken)
