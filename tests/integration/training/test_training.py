"""Training, resuming and merging with the real libraries: every recipe on a tiny model, two steps on the small one."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.core.errors import InputError
from pipelines.finetune.dataset.stored import store_dataset
from pipelines.finetune.merging.checks import merge_checks
from pipelines.finetune.merging.merging import merge
from pipelines.finetune.models.base import BaseModel
from pipelines.finetune.models.profile import read_weights, trainable_parameters
from pipelines.finetune.recipes.recipe import Recipe
from pipelines.finetune.training.training import LOG, RESULT, read_log, train
from resources.models.small_model import SmallModel
from tests.finetune.dataset.example_rows import stored
from tests.integration.training.trained import QUICK, specification

RECIPES: dict[str, dict[str, Any]] = {
    "lora": {},
    "nf4": {"quantization_bit": 4},
    "full": {"finetuning_type": "full", "learning_rate": 1e-3},
    "freeze": {"finetuning_type": "freeze", "freeze_trainable_layers": 1},
    "dora": {"use_dora": True},
    "rslora": {"use_rslora": True},
    "two_layers": {"lora_target": "q_proj,v_proj"},
    "fp4": {"quantization_bit": 4, "quantization_type": "fp4", "double_quantization": False},
    "int8": {"quantization_bit": 8},
    "checkpointed": {"disable_gradient_checkpointing": False},
    "nf4_checkpointed": {"quantization_bit": 4, "disable_gradient_checkpointing": False},
    "part_of_a_layer": {
        "finetuning_type": "freeze",
        "freeze_trainable_layers": -1,
        "freeze_trainable_modules": "mlp",
        "freeze_extra_modules": "norm",
    },
    "whole_head": {"additional_target": "embed_tokens"},
    "packed": {"packing": True, "cutoff_len": 256, "per_device_train_batch_size": 1},
    "prompt_too": {"train_on_prompt": True},
    "paged": {"optim": "paged_adamw_8bit", "quantization_bit": 4},
    "the_rest": {
        "neftune_noise_alpha": 5.0,
        "lora_dropout": 0.1,
        "gradient_accumulation_steps": 2,
        "max_samples": 20,
        "group_by_length": False,
        "weight_decay": 0.1,
        "warmup_ratio": 0.2,
        "lr_scheduler_type": "linear",
    },
}
NOT_PROFILED = ("part_of_a_layer", "whole_head")
ALWAYS = ("lora", "nf4", "full", "freeze")


def some_slow(names: Iterable[str], always: Sequence[str]) -> list[Any]:
    return [pytest.param(name, marks=() if name in always else pytest.mark.slow) for name in names]


@pytest.mark.parametrize("name", some_slow(RECIPES, ALWAYS))
def test_every_kind_of_recipe_trains_what_its_profile_says_and_lowers_the_loss(
    name: str, tiny: BaseModel, dataset: dict[str, Any], tmp_path: Path
):
    from pipelines.finetune.training.train_child import train as train_here

    recipe = Recipe(**{**QUICK, **RECIPES[name]})
    train_here(specification(recipe, dataset["path"], tiny, tmp_path))
    result = json.loads((tmp_path / "output" / RESULT).read_text())
    if name not in NOT_PROFILED:
        assert result["trainable_parameters"] == trainable_parameters(read_weights(tiny.path), recipe, layers=2)
    assert result["held_out_loss_after"] < result["held_out_loss_before"]
    assert [row["step"] for row in read_log(tmp_path / "output")] == [1, 2, 4, 6]
    names = {path.suffix for path in (tmp_path / "output").iterdir()}
    assert ".safetensors" in names and not names & {".bin", ".pt", ".pth", ".pkl"}
    assert (tmp_path / "output" / "chat_template.jinja").exists()
    if recipe.finetuning_type == "lora":
        config = json.loads((tmp_path / "output" / "adapter_config.json").read_text())
        assert config["base_model_name_or_path"] == "org/tiny" and config["peft_type"] == "LORA"


def test_gradients_flow_through_a_quantised_base_also_after_an_evaluation(tiny: BaseModel):
    import torch

    from pipelines.finetune.models.loading import load_base
    from pipelines.finetune.models.methods import apply_method

    recipe = Recipe(**QUICK, quantization_bit=4)
    model = apply_method(load_base(tiny.path, recipe), recipe)
    ids = torch.tensor([[1, 5, 7, 9, 11, 4]], device=model.device)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            drawn = torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1))
            parameter.data.copy_(0.02 * drawn)

    def gradients() -> list[torch.Tensor]:
        model.train()
        model.zero_grad()
        model(input_ids=ids, labels=ids).loss.backward()
        return [parameter.grad.clone() for parameter in model.parameters() if parameter.requires_grad]

    before = gradients()
    with torch.no_grad():
        model.eval()(input_ids=ids)
    for one, other in zip(before, gradients(), strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("name", some_slow(["nf4", "lora", "full"], ["nf4"]))
def test_a_merged_model_says_what_base_and_adapter_say(
    name: str, tiny: BaseModel, dataset: dict[str, Any], tmp_path: Path
):
    from transformers import AutoModelForCausalLM

    recipe = Recipe(**{**QUICK, **RECIPES[name], "max_steps": 2})
    adapter = train(recipe, dataset, tiny, tmp_path)
    merged = merge(recipe, adapter, Path(dataset["path"]), tiny, tmp_path)
    assert all(check.passed for check in merge_checks(merged).values())
    assert merge(recipe, adapter, Path(dataset["path"]), tiny, tmp_path) == merged
    folder = Path(merged.path)
    assert not (folder / "adapter_config.json").exists() and (folder / "chat_template.jinja").exists()
    assert AutoModelForCausalLM.from_pretrained(folder).config.eos_token_id == 2
    assert merged.adapter_path == adapter.path


def test_a_merge_is_compared_on_answers_behind_long_passages(tiny: BaseModel, tmp_path: Path):
    rows = stored(
        {"row_id": f"r{n}", "source": f"s{n}", "language": "en", "messages": [
            {"role": "user", "content": "The tide turns. " * 20 + f"What is {n}?"},
            {"role": "assistant", "content": f"It is {n}."},
        ]}
        for n in range(8)
    )  # fmt: skip
    dataset = store_dataset(rows, np.arange(8), np.arange(8) >= 6, tmp_path)
    recipe = Recipe(**{**QUICK, "max_steps": 1, "cutoff_len": 512})
    adapter = train(recipe, dataset, tiny, tmp_path)
    merged = merge(recipe, adapter, Path(dataset["path"]), tiny, tmp_path)
    assert merged.compared_rows == 2 and merged.compared_tokens >= 2 * len("It is 6.")
    assert all(check.passed for check in merge_checks(merged).values())


def test_a_childs_refusal_is_the_parents(tiny: BaseModel, dataset: dict[str, Any], tmp_path: Path):
    recipe = Recipe(**{**QUICK, "lora_target": "no_such_layer"})
    with pytest.raises(InputError, match="'no_such_layer', which is no module"):
        train(recipe, dataset, tiny, tmp_path)


def test_two_steps_on_the_real_small_model(small_model: Path, dataset: dict[str, Any], tmp_path: Path):
    base = SmallModel(small_model.parent.parent).resolve("smollm2")
    recipe = Recipe(lora_rank=8, per_device_train_batch_size=2, learning_rate=1e-3, max_steps=2, logging_steps=1)
    record = train(recipe, dataset, base, tmp_path)
    assert record.held_out_after["loss"] < record.held_out_before["loss"] < 6
    assert record.trainable_parameters == 2_442_240
    assert 5e8 < record.peak_memory_bytes < 8e9
    config = json.loads((Path(record.path) / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == "HuggingFaceTB/SmolLM2-135M-Instruct"
    assert (Path(record.path) / LOG).exists()
