import json
from pathlib import Path

from pipelines.finetune.dataset.checks import dataset_checks
from pipelines.finetune.dataset.preparation import prepare
from pipelines.finetune.merging.checks import merge_checks
from pipelines.finetune.training.checks import adapter_checks
from pipelines.finetune.training.training import LOG
from pipelines.measuring.gates import Checks
from tests.finetune.dataset.example_rows import many


def failed(checks: Checks) -> set[str]:
    return {name for name, check in checks.items() if not check.passed}


def adapter(folder: Path, losses: list[float], after: float) -> dict:
    (folder / LOG).write_text("".join(json.dumps({"loss": loss}) + "\n" for loss in losses))
    return {"path": str(folder), "held_out_loss_before": 2.0, "held_out_loss_after": after}


def test_an_adapter_must_lower_the_held_out_loss_and_stay_finite(tmp_path: Path):
    assert failed(adapter_checks(adapter(tmp_path, [2.0, 1.0], after=1.5))) == set()
    assert failed(adapter_checks(adapter(tmp_path, [2.0, float("nan")], after=1.5))) == {"finite_loss"}
    assert failed(adapter_checks(adapter(tmp_path, [2.0], after=2.0))) == {"held_out_loss_fell"}
    assert failed(adapter_checks(adapter(tmp_path, [], after=1.0))) == {"finite_loss"}


MERGED = {
    "merge_difference": 1e-5, "trained_difference": 1e-5, "trained_mean_difference": 1e-6, "compared_tokens": 9,
    "stored_mean_difference": 0.01, "base_mean_difference": 0.02, "merged_onto": "the base",
    "template_digest": "t", "adapter_template": "t",
}  # fmt: skip


def test_a_merge_must_say_the_same_under_the_same_template():
    assert failed(merge_checks(MERGED)) == set()
    assert failed(merge_checks(MERGED | {"merge_difference": 2e-3})) == {"merge_is_faithful"}
    assert failed(merge_checks(MERGED | {"template_digest": "u"})) == {"same_template"}


def test_saved_weights_may_move_no_more_than_the_bases_own_bfloat16():
    assert failed(merge_checks(MERGED | {"stored_mean_difference": 0.03})) == {"precision_is_kept"}


def test_a_served_model_that_is_not_the_trained_one_is_refused():
    assert failed(merge_checks(MERGED | {"trained_difference": 0.5})) == {"served_is_trained"}


def test_where_training_rounded_activations_the_served_model_stays_within_that():
    eight_bits = MERGED | {"trained_difference": 0.5, "trained_mean_difference": 0.02}
    assert failed(merge_checks(eight_bits | {"quantised_base_mean_difference": 0.03})) == set()
    assert failed(merge_checks(eight_bits | {"quantised_base_mean_difference": 0.01})) == {"served_is_trained"}


def test_a_dataset_fails_above_the_share_of_bad_rows(tmp_path: Path):
    record = prepare(many(tmp_path / "in", 40), tmp_path) | {"rejected_share": 0.06}
    assert failed(dataset_checks(record, 0.05)) == {"few_rows_rejected"}
    assert failed(dataset_checks(record, 0.1)) == set()
