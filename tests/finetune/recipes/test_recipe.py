from pathlib import Path
from typing import Any

import pytest
import yaml

from pipelines.core.errors import InputError
from pipelines.finetune.recipes.faults import RecipeErrors
from pipelines.finetune.recipes.files import (
    examined,
    load_recipe,
    parse_arguments,
    read_recipe,
    recipe_of,
    resolved_yaml,
)
from pipelines.finetune.recipes.keys import NOTED, REFUSED
from pipelines.finetune.recipes.recipe import Recipe
from resources.settings import CHECKOUT
from tests.finetune.recipes.llama_factory_keys import COMMENTED, EXAMPLES, EXTRAS, SPEED_LOGGING_CHECKPOINTS, example

GUIDE = """\
model_name_or_path: Qwen/Qwen2-7B
stage: sft
dataset: my_data
template: qwen
cutoff_len: 2048
finetuning_type: lora
lora_target: all
lora_rank: 8
lora_alpha: 16
output_dir: ./output/qwen2_lora
num_train_epochs: 3
per_device_train_batch_size: 2
gradient_accumulation_steps: 4
learning_rate: 5e-5
lr_scheduler_type: cosine
fp16: true
logging_steps: 10
save_steps: 500
"""


def recipe(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("path", sorted((CHECKOUT / "recipes").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_shipped_recipes_load_and_nothing_in_them_is_idle(path: Path):
    assert load_recipe(path).notes() == []


def test_the_guides_recipe_has_the_guides_values(tmp_path: Path):
    loaded = load_recipe(recipe(tmp_path, GUIDE))
    given = yaml.safe_load(GUIDE)
    assert {key: loaded.resolved()[key] for key in given} == {**given, "learning_rate": 5e-5}
    assert loaded.fp16 and not loaded.bf16 and loaded.targets is None
    assert [note.split(":")[0] for note in loaded.notes()] == ["output_dir"]


def test_the_guides_flags_are_the_guides_recipe(tmp_path: Path):
    flags = [part for line in GUIDE.splitlines() for part in f"--{line}".replace(": ", "|").split("|")]
    from_flags = recipe_of(parse_arguments([*flags, "--do_train"]), "the command line")
    from_file = load_recipe(recipe(tmp_path, GUIDE))
    assert from_flags.resolved() == from_file.resolved() and from_flags.digest() == from_file.digest()
    four_bit = recipe_of(parse_arguments([*flags, "--do_train", "--quantization_bit", "4"]), "the command line")
    assert four_bit.quantization_bit == 4 and four_bit.double_quantization


@pytest.mark.parametrize("name", EXAMPLES)
def test_no_key_of_llama_factorys_examples_is_ignored(name: str):
    refused, kept = {}, {}
    for key, value in {**example(name), **COMMENTED}.items():
        try:
            recipe_of({key: value}, name)
            kept[key] = value
        except InputError as error:
            refused[key] = str(error)
    assert set(refused) <= {"deepspeed", "ray_num_workers", "image_max_pixels", "video_max_pixels"} | {
        key for key in kept | refused if key.startswith("freeze_")
    }
    assert all(key in text and "expected" in text and "Next:" in text for key, text in refused.items())
    loaded = recipe_of(kept, name)
    resolved, noted = loaded.resolved(), {note.split(":")[0] for note in loaded.notes()}
    for key, value in kept.items():
        honoured = key in resolved and str(resolved[key]).lower() in (str(value).lower(), str(_number(value)))
        assert key in noted or honoured or value is None, f"{key}: {value} was ignored"


def _number(value: Any) -> Any:
    try:
        return float(value)
    except (TypeError, ValueError):
        return value


@pytest.mark.parametrize("key", EXTRAS)
def test_what_is_not_done_here_is_refused_by_name_with_what_to_use(key: str):
    with pytest.raises(InputError, match=rf"key '{key}'.*expected .{{4,}} Next: "):
        recipe_of({key: EXTRAS[key]}, "mine.yaml")


@pytest.mark.parametrize("key", SPEED_LOGGING_CHECKPOINTS)
def test_what_asks_only_for_speed_logging_or_checkpoints_is_noted_and_changes_no_training(key: str):
    for value in (SPEED_LOGGING_CHECKPOINTS[key], False):
        loaded = recipe_of({key: value}, "mine.yaml")
        assert loaded.notes()[0].startswith(f"{key}: {value} – ") and loaded.digest() == Recipe().digest()


def test_all_faults_of_a_recipe_come_in_one_error():
    values = {
        "deepspeed": "ds.json", "lora_rnk": 8, "learning_rate": "fast", "seed": True, "optim": "magic",
        "flash_attn": "fa2", "warmup_ratio": 0.1, "warmup_steps": 5, "mask_history": True, "train_on_prompt": True,
    }  # fmt: skip
    with pytest.raises(RecipeErrors) as error:
        recipe_of(values, "mine.yaml")
    text = str(error.value)
    assert len(error.value.faults) == 7 and len(text.splitlines()) == 8 and text.startswith("mine.yaml: found 7 faults")
    for word in ("deepspeed", "'lora_rank'", "learning_rate", "seed", "optim", "warmup_ratio and", "mask_history and"):
        assert word in text
    assert text.count("Next: ") == 7 and "flash_attn" not in text
    usable, faults = examined(values | {"dataset": "a", "lora_rank": 4}, "mine.yaml")
    assert usable.dataset == "a" and len(faults) == 7
    with pytest.raises(ValueError, match=r"(?s)deepspeed.*lora_rnk"):
        Recipe(**values)


@pytest.mark.parametrize("key", ["use_unsloth", "enable_liger_kernel", "fp8", "use_galore", "predict_with_generate"])
def test_a_refused_key_that_is_switched_off_asks_for_nothing(key: str):
    loaded = recipe_of({key: False}, "mine.yaml")
    assert key in loaded.notes()[0] and loaded.digest() == Recipe().digest()


def test_each_key_is_honoured_noted_or_refused_but_only_one_of_them():
    assert not set(NOTED) & set(REFUSED)
    assert not (set(NOTED) | set(REFUSED)) & set(Recipe.model_fields)
    assert all(len(text) > 10 for text in NOTED.values())


@pytest.mark.parametrize(
    ("wrong", "near"),
    [("lora_rnk", "lora_rank"), ("plot_los", "plot_loss"), ("deepsped", "deepspeed"), ("warmup_step", "warmup_steps")],
)
def test_an_unknown_key_is_refused_with_its_nearest_neighbour(tmp_path: Path, wrong: str, near: str):
    with pytest.raises(InputError, match=rf"mine\.yaml.*{wrong}.*'{near}'"):
        load_recipe(recipe(tmp_path, f"{wrong}: 8\n"))
    with pytest.raises(ValueError, match=near):
        Recipe(**{wrong: 8})


@pytest.mark.parametrize("text", ["lora_rank: 0", "lora_rank: true", "learning_rate: fast", "optim: magic"])
def test_a_value_out_of_range_names_file_and_key(tmp_path: Path, text: str):
    with pytest.raises(InputError, match=rf"mine\.yaml.*{text.split(':')[0]}"):
        load_recipe(recipe(tmp_path, f"{text}\n"))


@pytest.mark.parametrize("text", ["- a\n- b\n", "lora_rank: [\n"])
def test_what_is_no_mapping_is_refused(tmp_path: Path, text: str):
    with pytest.raises(InputError, match=r"mine\.yaml"):
        load_recipe(recipe(tmp_path, text))


def test_a_missing_recipe_lists_those_that_are_there():
    with pytest.raises(InputError, match=r"lora.*qlora"):
        load_recipe(CHECKOUT / "recipes" / "none.yaml")


def test_values_come_as_text_lists_and_yamls_no(tmp_path: Path):
    text = "learning_rate: 5e-5\nlora_target: [q_proj, v_proj]\neval_strategy: no\nmax_samples: null\npacking: null\n"
    loaded = load_recipe(recipe(tmp_path, text))
    assert (loaded.learning_rate, loaded.targets) == (5e-5, ["q_proj", "v_proj"])
    assert (loaded.eval_strategy, loaded.max_samples, loaded.packing) == ("no", None, False)


@pytest.mark.parametrize(
    "values",
    [
        {"quantization_bit": 4, "finetuning_type": "full"}, {"fp16": True, "bf16": True},
        {"warmup_ratio": 0.1, "warmup_steps": 5}, {"train_on_prompt": True, "mask_history": True},
        {"freeze_trainable_layers": 0, "finetuning_type": "freeze"}, {"use_dora": True, "finetuning_type": "full"},
        {"packing": True, "stage": "dpo"}, {"val_size": 0.1, "eval_dataset": "a"},
        {"additional_target": "lm_head", "finetuning_type": "freeze"},
        {"dpo_label_smoothing": 0.1, "pref_loss": "hinge", "stage": "dpo"},
    ],
    ids=lambda values: "+".join(values),
)  # fmt: skip
def test_keys_that_contradict_each_other_are_refused(values: dict[str, Any]):
    with pytest.raises(InputError, match=next(iter(values))):
        recipe_of(values, "mine.yaml")


def test_a_key_that_this_method_does_not_look_at_is_noted():
    notes = recipe_of({"finetuning_type": "full", "lora_rank": 4, "pref_beta": 0.3}, "mine.yaml").notes()
    assert [note.split(":")[0] for note in notes] == ["lora_rank", "pref_beta"]
    assert all("without effect" in note for note in notes)


def test_the_digest_is_of_what_changes_the_training():
    same = [{"lora_rank": 8}, {"lora_alpha": 16}, {"output_dir": "x"}, {"plot_loss": True}, {"logging_steps": 1},
            {"pref_beta": 0.5}, {"run_name": "mine"}]  # fmt: skip
    assert {Recipe(**values).digest() for values in same} == {Recipe().digest()}
    other = [{"seed": 7}, {"lora_alpha": 8}, {"template": "qwen"}, {"stage": "dpo"}, {"dataset": "a"}]
    assert len({Recipe(**values).digest() for values in other} | {Recipe().digest()}) == 6


def test_the_resolved_recipe_reads_back_as_itself(tmp_path: Path):
    loaded = recipe_of({"lora_rank": 4, "plot_loss": True, "lora_target": "q_proj"}, "mine.yaml")
    text = resolved_yaml(loaded)
    again = load_recipe(recipe(tmp_path, text))
    assert again.digest() == loaded.digest() and read_recipe(tmp_path / "mine.yaml")["lora_alpha"] == 8
    assert "# plot_loss: True" in text


def test_pairs_flags_and_bare_flags_are_keys():
    given = [
        "lora_rank=4",
        "--do_train",
        "--learning-rate=1e-4",
        "--lora_target",
        "q_proj",
        "v_proj",
        "seed=7",
        "--bf16",
        "False",
    ]
    assert parse_arguments(given) == {
        "lora_rank": 4, "do_train": True, "learning_rate": "1e-4", "lora_target": ["q_proj", "v_proj"], "seed": 7,
        "bf16": False,
    }  # fmt: skip
    with pytest.raises(InputError, match="neither a flag nor a pair"):
        parse_arguments(["lora"])


def test_a_recipe_survives_the_way_to_the_child():
    made = recipe_of({"lora_target": ["q_proj"], "plot_loss": True, "fp16": True}, "mine.yaml")
    assert Recipe(**made.model_dump()) == made
