import dataclasses
import json
from pathlib import Path

import pytest

from pipelines.finetune.dataset.checks import dataset_checks
from pipelines.finetune.dataset.preparation import prepare
from pipelines.finetune.merging.checks import merge_checks
from pipelines.finetune.tasks.task import HeldOutMetric
from pipelines.finetune.tasks.tasks import TASKS
from pipelines.finetune.training.checks import adapter_checks
from pipelines.finetune.training.record import TrainingRecord
from pipelines.finetune.training.training import LOG
from pipelines.measuring.gates import Checks
from tests.finetune.dataset.example_rows import many
from tests.finetune.merging.records import merged_record
from tests.finetune.training.records import training_record


def failed(checks: Checks) -> set[str]:
    return {name for name, check in checks.items() if not check.passed}


def adapter(folder: Path, losses: list[float], after: float) -> TrainingRecord:
    (folder / LOG).write_text("".join(json.dumps({"loss": loss}) + "\n" for loss in losses))
    return training_record(path=str(folder), held_out_loss_after=after)


def test_an_adapter_must_lower_the_held_out_loss_and_stay_finite(tmp_path: Path):
    assert failed(adapter_checks(adapter(tmp_path, [2.0, 1.0], after=1.5))) == set()
    assert failed(adapter_checks(adapter(tmp_path, [2.0, float("nan")], after=1.5))) == {"finite_loss"}
    assert failed(adapter_checks(adapter(tmp_path, [2.0], after=2.0))) == {"held_out_loss_fell"}
    assert failed(adapter_checks(adapter(tmp_path, [], after=1.0))) == {"finite_loss"}


def test_an_adapter_is_judged_by_its_stages_own_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    judged = dataclasses.replace(TASKS["dpo"], judged_by=HeldOutMetric("accuracy", lower_is_better=False))
    monkeypatch.setitem(TASKS, "dpo", judged)
    record = adapter(tmp_path, [2.0], after=3.0)  # its loss rose
    pairs = {"resolved": {"stage": "dpo"}, "held_out_before": {"accuracy": 0.5}}
    better = dataclasses.replace(record, **pairs, held_out_after={"accuracy": 0.75})
    worse = dataclasses.replace(record, **pairs, held_out_after={"accuracy": 0.5})
    assert adapter_checks(better)["held_out_accuracy_rose"].passed
    assert failed(adapter_checks(worse)) == {"held_out_accuracy_rose"}


def test_a_merge_must_say_the_same_under_the_same_template():
    assert failed(merge_checks(merged_record())) == set()
    assert failed(merge_checks(merged_record(merge_difference=2e-3))) == {"merge_is_faithful"}
    assert failed(merge_checks(merged_record(template_digest="u"))) == {"same_template"}


def test_saved_weights_may_move_no_more_than_the_bases_own_bfloat16():
    assert failed(merge_checks(merged_record(stored_mean_difference=0.03))) == {"precision_is_kept"}


def test_a_served_model_that_is_not_the_trained_one_is_refused():
    assert failed(merge_checks(merged_record(trained_difference=0.5))) == {"served_is_trained"}


def test_where_training_rounded_activations_the_served_model_stays_within_that():
    eight_bits = {"trained_difference": 0.5, "trained_mean_difference": 0.02}
    assert failed(merge_checks(merged_record(**eight_bits, quantised_base_mean_difference=0.03))) == set()
    worse = merged_record(**eight_bits, quantised_base_mean_difference=0.01)
    assert failed(merge_checks(worse)) == {"served_is_trained"}


def test_a_dataset_fails_above_the_share_of_bad_rows(tmp_path: Path):
    record = prepare(many(tmp_path / "in", 40), tmp_path) | {"rejected_share": 0.06}
    assert failed(dataset_checks(record, 0.05)) == {"few_rows_rejected"}
    assert failed(dataset_checks(record, 0.1)) == set()
