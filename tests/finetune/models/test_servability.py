import json
from pathlib import Path

import pytest

from pipelines.finetune.models.servability import VLLM_RANKS, refusals, vllm_lora
from pipelines.finetune.recipes.recipe import Recipe

PLAIN = {"r": 8, "lora_alpha": 16, "target_modules": ["q_proj"], "base_model_name_or_path": "org/base"}


def served(config: dict, folder: Path, recipe: Recipe | None = None) -> dict:
    (folder / "adapter_config.json").write_text(json.dumps(config))
    return vllm_lora(recipe or Recipe(), folder)


def test_a_plain_adapter_is_served_and_the_command_is_told(tmp_path: Path):
    found = served(PLAIN, tmp_path)
    assert found["servable"] and not found["reasons"]
    assert found["command"] == f"vllm serve org/base --enable-lora --lora-modules tuned={tmp_path}"


def test_a_rank_above_the_default_needs_the_next_rank_that_vllm_allows(tmp_path: Path):
    assert "--max-lora-rank 32" in served(PLAIN | {"r": 24}, tmp_path)["command"]
    assert not served(PLAIN | {"r": 1024}, tmp_path)["servable"]


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"use_dora": True}, "use_dora"),
        ({"modules_to_save": ["embed_tokens"]}, "embed_tokens"),
        ({"bias": "all"}, "bias: all"),
        ({"rank_pattern": {"q_proj": 600}}, "lora_rank: 600"),
        ({"init_lora_weights": "pissa"}, "pissa"),
    ],
)
def test_what_vllm_refuses_is_named(change: dict, word: str):
    assert word in " ".join(refusals(PLAIN | change, Recipe()))


def test_added_tokens_and_whole_trainings_are_named_too(tmp_path: Path):
    assert "resize_vocab" in served(PLAIN, tmp_path, Recipe(resize_vocab=True))["reasons"][0]
    assert "no adapter" in vllm_lora(Recipe(finetuning_type="full"), tmp_path)["reasons"][0]


@pytest.mark.slow
@pytest.mark.parametrize(
    "change",
    [{}, {"use_dora": True}, {"modules_to_save": ["embed_tokens"]}, {"modules_to_save": ["score"]}, {"bias": "all"},
     {"r": 24}, {"r": 513}, {"init_lora_weights": "pissa"}, {"init_lora_weights": "gaussian"}, {"use_rslora": True}],
)  # fmt: skip
def test_the_verdict_is_vllms_own(change: dict):
    helper = pytest.importorskip("vllm.lora.peft_helper")
    lora = pytest.importorskip("vllm.config.lora")
    config = PLAIN | change
    try:
        helper.PEFTHelper.from_dict(config).validate_legal(lora.LoRAConfig(max_lora_rank=VLLM_RANKS[-1]))
        accepted = True
    except ValueError:
        accepted = False
    assert (not refusals(config, Recipe())) == accepted
