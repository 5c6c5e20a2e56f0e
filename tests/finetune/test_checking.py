import json
from pathlib import Path

from pipelines.finetune.checking import adapter_checks, dataset_checks, merge_checks
from pipelines.finetune.dataset import build_dataset
from pipelines.finetune.training import LOG
from tests.finetune.rows import many


def failed(checks: dict) -> set[str]:
    return {name for name, check in checks.items() if not check["passed"]}


def adapter(folder: Path, losses: list[float], after: float) -> dict:
    (folder / LOG).write_text("".join(json.dumps({"loss": loss}) + "\n" for loss in losses))
    return {"path": str(folder), "held_out_loss_before": 2.0, "held_out_loss_after": after}


def test_an_adapter_must_lower_the_held_out_loss_and_stay_finite(tmp_path: Path):
    assert failed(adapter_checks(adapter(tmp_path, [2.0, 1.0], after=1.5))) == set()
    assert failed(adapter_checks(adapter(tmp_path, [2.0, float("nan")], after=1.5))) == {"finite_loss"}
    assert failed(adapter_checks(adapter(tmp_path, [2.0], after=2.0))) == {"held_out_loss_fell"}
    assert failed(adapter_checks(adapter(tmp_path, [], after=1.0))) == {"finite_loss"}


def test_a_merge_must_say_the_same_under_the_same_template():
    record = {"merge_difference": 1e-5, "stored_mean_difference": 0.05, "template_digest": "t", "adapter_template": "t"}
    assert failed(merge_checks(record)) == set()
    assert failed(merge_checks(record | {"merge_difference": 0.5})) == {"merge_is_faithful"}
    assert failed(merge_checks(record | {"template_digest": "u"})) == {"same_template"}


def test_a_dataset_fails_above_the_share_of_bad_rows(tmp_path: Path):
    record = build_dataset(many(tmp_path / "in", 40), tmp_path) | {"rejected_share": 0.06}
    assert failed(dataset_checks(record, 0.05)) == {"few_rows_rejected"}
    assert failed(dataset_checks(record, 0.1)) == set()
