"""The recipes of recipes/more: each is read, and each trains the real small model for two steps."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.finetune.dataset.preparation import prepare
from pipelines.finetune.recipes.files import load_recipe
from pipelines.finetune.recipes.recipe import Recipe
from pipelines.finetune.training.training import RESULT
from resources.models.small_model import SmallModel
from resources.settings import CHECKOUT
from tests.finetune.dataset.example_rows import many
from tests.integration.training.trained import preferences, specification

SHIPPED = sorted((CHECKOUT / "recipes").rglob("*.yaml"))
ALWAYS = ("dpo",)


def every() -> list[Any]:
    return [pytest.param(path, id=path.stem, marks=() if path.stem in ALWAYS else pytest.mark.slow) for path in SHIPPED]


def test_every_method_ships_a_recipe():
    recipes = [load_recipe(path) for path in SHIPPED]
    assert {recipe.stage for recipe in recipes} == {"sft", "dpo"}
    assert {recipe.finetuning_type for recipe in recipes} == {"lora", "full", "freeze"}
    assert {recipe.quantization_bit for recipe in recipes} == {None, 4, 8}
    assert any(recipe.use_dora for recipe in recipes) and any(recipe.use_rslora for recipe in recipes)
    assert {recipe.freeze_trainable_layers > 0 for recipe in recipes if recipe.finetuning_type == "freeze"} == {
        True,
        False,
    }


@pytest.mark.parametrize("path", every())
def test_a_shipped_recipe_trains_the_real_small_model(path: Path, small_model: Path, tmp_path: Path):
    from pipelines.finetune.training.train_child import train

    recipe = load_recipe(path)
    base = SmallModel(small_model.parent.parent).resolve("smollm2")
    short = {"max_steps": 2, "warmup_ratio": 0.0, "logging_steps": 1, "per_device_train_batch_size": 2, "eval_steps": 1}
    recipe = Recipe(**recipe.model_dump() | short)
    data = tmp_path / "data"
    dataset = preferences(data, 24) if recipe.stage == "dpo" else prepare(many(data / "in", 40), data)["path"]
    train(specification(recipe, dataset, base, tmp_path) | {"held_out_rows": 4})
    result = json.loads((tmp_path / "output" / RESULT).read_text())
    assert result["steps"] == 2 and result["held_out_loss_after"] < result["held_out_loss_before"]
