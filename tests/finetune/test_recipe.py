from pathlib import Path

import pytest

from pipelines.errors import InputError
from pipelines.finetune.recipe import Recipe
from pipelines.finetune.recipe_file import load_recipe
from resources.settings import CHECKOUT


def recipe(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["lora", "qlora"])
def test_the_shipped_recipes_load(name: str):
    loaded = load_recipe(CHECKOUT / "recipes" / f"{name}.yaml")
    assert loaded.finetuning_type == "lora"
    assert (loaded.quantization_bit, loaded.double_quantization) == ((4, True) if name == "qlora" else (None, True))


def test_an_unknown_key_is_refused_with_its_nearest_neighbour(tmp_path: Path):
    with pytest.raises(InputError, match=r"mine\.yaml.*lora_rnk.*lora_rank"):
        load_recipe(recipe(tmp_path, "lora_rnk: 8\n"))


def test_a_value_out_of_range_names_file_and_key(tmp_path: Path):
    with pytest.raises(InputError, match=r"mine\.yaml.*lora_rank"):
        load_recipe(recipe(tmp_path, "lora_rank: 0\n"))


@pytest.mark.parametrize("text", ["- a\n- b\n", "lora_rank: [\n"])
def test_what_is_no_mapping_is_refused(tmp_path: Path, text: str):
    with pytest.raises(InputError, match=r"mine\.yaml"):
        load_recipe(recipe(tmp_path, text))


def test_a_missing_recipe_lists_those_that_are_there():
    with pytest.raises(InputError, match="lora, qlora"):
        load_recipe(CHECKOUT / "recipes" / "none.yaml")


def test_a_spelled_out_default_does_not_change_the_digest():
    assert Recipe().digest() == Recipe(lora_rank=Recipe().lora_rank).digest()
    assert Recipe().digest() != Recipe(seed=7).digest()


def test_quantisation_without_an_adapter_is_refused():
    with pytest.raises(ValueError, match="quantization_bit"):
        Recipe(quantization_bit=4, finetuning_type="full")
