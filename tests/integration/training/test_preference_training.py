"""Preference training with the real TRL on a tiny model: the base is the reference, and margins rise."""

import json
from pathlib import Path

import pytest

from pipelines.finetune.merging.checks import merge_checks
from pipelines.finetune.merging.merging import merge
from pipelines.finetune.models.base import BaseModel
from pipelines.finetune.recipes.recipe import Recipe
from pipelines.finetune.tasks.preference import preference_losses
from pipelines.finetune.training.training import RESULT, read_log, train
from tests.integration.training.test_training import some_slow
from tests.integration.training.tiny_model import make_tiny_model
from tests.integration.training.trained import QUICK, preferences, specification

CHANGES = {
    "sigmoid": {},
    "hinge": {"pref_loss": "hinge"},
    "ipo": {"pref_loss": "ipo"},
    "smoothed_with_sft": {"dpo_label_smoothing": 0.1, "pref_ftx": 0.5},
    "full": {"finetuning_type": "full", "learning_rate": 1e-3},
    "nf4": {"quantization_bit": 4},
}


@pytest.mark.parametrize("name", some_slow(CHANGES, ["sigmoid"]))
def test_preferences_are_learnt_from_where_the_base_stands(name: str, tmp_path: Path):
    from pipelines.finetune.training.train_child import train as train_here

    base = BaseModel(make_tiny_model(tmp_path / "tiny"), "org/tiny", "1")
    recipe = Recipe(**{**QUICK, "stage": "dpo", "max_steps": 12, "pref_beta": 0.5, **CHANGES[name]})
    train_here(specification(recipe, preferences(tmp_path / "data"), base, tmp_path))
    result = json.loads((tmp_path / "output" / RESULT).read_text())
    assert result["held_out_margin_before"] == pytest.approx(0, abs=1e-4)  # the model is its own reference still
    if name == "sigmoid":
        assert result["held_out_loss_before"] == pytest.approx(0.6931, abs=1e-3)
    assert result["held_out_loss_after"] < result["held_out_loss_before"]
    assert result["held_out_accuracy_after"] > 0.9 and result["held_out_margin_after"] > 0.1
    log = read_log(tmp_path / "output")
    assert log[-1]["reward_margin"] > log[0]["reward_margin"] and 0 <= log[-1]["reward_accuracy"] <= 1
    assert result["rows"] == 32 and result["held_out_rows"] == 8


def test_a_model_of_pairs_alone_is_merged_and_compared_on_their_answers(tmp_path: Path):
    base = BaseModel(make_tiny_model(tmp_path / "tiny"), "org/tiny", "1")
    recipe = Recipe(**{**QUICK, "stage": "dpo", "max_steps": 2})
    pairs = preferences(tmp_path / "data")
    trained = train(recipe, {"digest": "d", "path": pairs, "train": 32, "test": 8}, base, tmp_path)
    merged = merge(recipe, trained, Path(pairs), base, tmp_path)
    assert all(check.passed for check in merge_checks(merged).values()) and merged.compared_rows == 8


def test_smoothing_is_made_of_trls_losses():
    import torch
    from torch.nn.functional import logsigmoid

    share, margin = 0.2, torch.tensor([-1.5, 0.0, 2.0])
    right, wrong = -logsigmoid(margin), -logsigmoid(-margin)
    robust = ((1 - share) * right - share * wrong) / (1 - 2 * share)
    weights = preference_losses(Recipe(stage="dpo", dpo_label_smoothing=share))
    mixed = weights["sigmoid"] * right + weights["robust"] * robust
    torch.testing.assert_close(mixed, (1 - share) * right + share * wrong)
