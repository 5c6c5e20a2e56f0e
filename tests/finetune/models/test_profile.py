import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.core.errors import InputError
from pipelines.finetune.dataset.preparation import prepare
from pipelines.finetune.models.base import BaseModel
from pipelines.finetune.models.profile import (
    Weight,
    conversations,
    decoded_runs,
    memory_bytes,
    profile_model,
    read_weights,
    trainable_parameters,
)
from pipelines.finetune.recipes.recipe import Recipe, names_in
from tests.integration.training.tiny_model import make_tiny_model

LAYER = Weight("model.layers.0.self_attn.q_proj.weight", (4096, 4096))


def test_the_guides_figure_for_one_layer():
    assert trainable_parameters([LAYER], Recipe(lora_rank=8), 1) == 65_536
    assert LAYER.parameters + 65_536 == 16_842_752


def test_dora_adds_a_magnitude_for_each_output():
    assert trainable_parameters([LAYER], Recipe(lora_rank=8, use_dora=True), 1) == 65_536 + 4_096


def test_freeze_trains_the_last_layers_and_full_trains_all():
    weights = [LAYER, Weight("model.layers.1.self_attn.q_proj.weight", (8, 8)), Weight("model.norm.weight", (8,))]
    last = Recipe(finetuning_type="freeze", freeze_trainable_layers=1)
    first = Recipe(finetuning_type="freeze", freeze_trainable_layers=-1)
    assert trainable_parameters(weights, last, 2) == 64
    assert trainable_parameters(weights, first, 2) == 4096 * 4096
    assert trainable_parameters(weights, Recipe(finetuning_type="full"), 2) == 4096 * 4096 + 64 + 8


def test_an_embedding_is_not_a_linear_layer():
    assert trainable_parameters([Weight("model.embed_tokens.weight", (100, 8))], Recipe(lora_rank=8), 1) == 0


def tiny(**values) -> Recipe:
    return Recipe(lora_rank=4, bf16=False, **values)


def peft_count(model_path, recipe: Recipe) -> int:
    """Count what PEFT itself makes trainable for an adapter, or what a freeze leaves."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(model_path)
    whole = names_in(recipe.additional_target) or None
    config = LoraConfig(
        task_type="CAUSAL_LM", r=recipe.lora_rank, target_modules=recipe.targets or "all-linear",
        modules_to_save=whole, use_dora=recipe.use_dora,
    )  # fmt: skip
    return sum(p.numel() for p in get_peft_model(model, config).parameters() if p.requires_grad)


@pytest.fixture(scope="module")
def model_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("profiled"))


@pytest.mark.parametrize(
    "values",
    [
        {}, {"use_dora": True}, {"lora_target": "q_proj,v_proj"}, {"additional_target": "embed_tokens"},
        {"additional_target": "norm"}, {"additional_target": "lm_head", "lora_target": "q_proj"}, {"stage": "dpo"},
    ],
    ids=str,
)  # fmt: skip
def test_the_count_is_what_peft_makes_trainable(model_path: Path, values: dict[str, Any]):
    recipe = tiny(**values)
    assert trainable_parameters(read_weights(model_path), recipe, 2) == peft_count(model_path, recipe)


def test_freeze_counts_named_modules_and_extras(model_path: Path):
    weights = read_weights(model_path)
    layer = {"mlp": 3 * 64 * 128, "q_proj": 64 * 64, "all": 3 * 64 * 128 + 2 * 64 * 64 + 2 * 64 * 32 + 2 * 64}
    for modules, expected in layer.items():
        recipe = tiny(finetuning_type="freeze", freeze_trainable_layers=1, freeze_trainable_modules=modules)
        assert trainable_parameters(weights, recipe, 2) == expected
    extra = tiny(finetuning_type="freeze", freeze_trainable_layers=1, freeze_extra_modules="norm")
    assert trainable_parameters(weights, extra, 2) == layer["all"] + 64


def test_a_pair_counts_both_answers_and_a_dataset_its_own_rows_only():
    said = [{"role": "user", "content": "q", "tool_calls": ""}]
    answered = [*said, {"role": "assistant", "content": "a", "tool_calls": ""}]
    rows = [
        {"messages": said, "tools": "", "kind": "preference", "chosen": "yes", "rejected": "no", "dataset": "p"},
        {"messages": answered, "tools": "", "kind": "sft", "chosen": "", "rejected": "", "dataset": "a"},
        {"messages": answered, "tools": "", "kind": "sft", "chosen": "", "rejected": "", "dataset": "b"},
        {"messages": answered, "tools": "", "kind": "sft", "chosen": "", "rejected": "", "dataset": "b"},
    ]
    pairs = conversations(rows, Recipe(stage="dpo"))
    assert [messages[-1]["content"] for messages, _ in pairs] == ["yes", "no"]
    assert len(conversations(rows, Recipe())) == 3
    assert len(conversations(rows, Recipe(dataset="b"))) == 2
    assert len(conversations(rows, Recipe(max_samples=1))) == 2


def test_a_character_of_several_tokens_is_decoded_as_one(model_path: Path):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model_path)  # a token a byte
    asked, answered = tokenizer.encode("退货？"), tokenizer.encode("请在45天内。")
    texts, labels = decoded_runs(tokenizer, asked + answered, [-100] * len(asked) + answered)
    assert texts == ["退货？", "请在45天内。"] and labels == [-100, answered[0]]


def test_dpo_takes_two_rows_a_pair_and_without_an_adapter_a_second_base():
    config = {"num_hidden_layers": 1, "hidden_size": 64, "num_attention_heads": 4, "vocab_size": 100}
    sft, dpo = (memory_bytes([LAYER], Recipe(stage=stage), config, 16, 1) for stage in ("sft", "dpo"))
    assert dpo["activations"] == 2 * sft["activations"] and dpo["weights"] == sft["weights"]
    full = [memory_bytes([LAYER], Recipe(stage=s, finetuning_type="full"), config, 16, 1) for s in ("sft", "dpo")]
    assert full[1]["weights"] == 2 * full[0]["weights"]


def test_a_row_that_the_models_template_refuses_is_named_before_anything_is_trained(tmp_path: Path):
    folder = make_tiny_model(tmp_path / "tiny")
    (folder / "chat_template.jinja").write_text("{{ raise_exception('Roles must alternate') }}", encoding="utf-8")
    (tmp_path / "in").mkdir()
    row = {"instruction": "What is a?", "output": "It is a."}
    (tmp_path / "in" / "rows.json").write_text(json.dumps([{"instruction": "What is b?"}, row]), encoding="utf-8")
    dataset = prepare(tmp_path / "in", tmp_path / "home")
    base = BaseModel(path=folder, hub_name="org/tiny", revision="r")
    with pytest.raises(InputError, match=r"^rows\.json, row 2: .*'What is a\?'.*Roles must alternate"):
        profile_model(tiny(), dataset, base, tmp_path / "home")
