import dataclasses
import json
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from pipelines.core.errors import InputError
from pipelines.finetune.merging.record import MergedRecord, MergeResult
from pipelines.finetune.training.record import TrainingRecord, TrainingResult
from pipelines.finetune.training.tracked import summary_metrics
from tests.finetune.merging import records as merging
from tests.finetune.training import records as training

RECORDS = [(TrainingRecord, training.STORED), (MergedRecord, merging.STORED)]


@pytest.mark.parametrize(("kind", "stored"), RECORDS, ids=["training", "merge"])
def test_a_stored_record_is_read_and_stored_again_key_for_key(kind: Any, stored: dict[str, Any]):
    read = kind.read(json.loads(json.dumps(stored)), "lora")
    assert json.dumps(read.as_json()) == json.dumps(stored)
    newer = kind.read(stored | {"a_later_key": 1}, "lora")
    assert newer == read


@pytest.mark.parametrize(("kind", "stored"), RECORDS, ids=["training", "merge"])
def test_a_record_that_lacks_keys_is_refused_by_their_names(kind: Any, stored: dict[str, Any]):
    with pytest.raises(InputError, match=r"record 'lora': found no digest, run_id; .* graftline run --select"):
        kind.read({key: value for key, value in stored.items() if key not in ("digest", "run_id")}, "lora")


@pytest.mark.parametrize("kind", [TrainingResult, TrainingRecord, MergeResult, MergedRecord])
def test_a_record_is_frozen_and_every_field_of_it_is_described(kind: Any):
    hints = get_type_hints(kind, include_extras=True)
    assert all(hints[field.name].__metadata__[0] for field in dataclasses.fields(kind))
    assert kind.__dataclass_params__.frozen


def test_a_result_needs_no_tracker_and_a_tracked_record_does():
    result = TrainingRecord.of_result(training.RESULT, "k", Path("adapters/k"))
    assert (result.key, result.path, result.run_id) == ("k", "adapters/k", "")
    with pytest.raises(InputError, match="found no resolved, notes, vllm_lora, curve, dataset_path, base_path, run_id"):
        TrainingRecord.read({**training.RESULT, "key": "k", "path": "p", "recipe": "lora"}, "training/k")
    with pytest.raises(InputError, match=r"found no tokens; .* train it again"):
        TrainingRecord.of_result({k: v for k, v in training.RESULT.items() if k != "tokens"}, "k", Path("p"))


def test_figures_on_held_out_rows_are_as_many_as_the_stage_has():
    pairs = {"held_out_accuracy_before": 0.5, "held_out_accuracy_after": 0.75}
    record = training.training_record(**pairs, packed_rows=3)
    assert record.held_out() == (2.0, 1.0) and record.held_out("accuracy") == (0.5, 0.75)
    assert record.as_json() == training.STORED | pairs | {"packed_rows": 3}
    assert record.held_out_rows == 8 and summary_metrics(record)["held_out_loss_after"] == 1.0
    alone = {key: value for key, value in training.STORED.items() if not key.endswith(("_before", "_after"))}
    nothing = TrainingRecord.read(alone | {"held_out_rows": 0}, "adapter/lora")
    assert nothing.held_out() is None and nothing.as_json() == alone | {"held_out_rows": 0}
    assert "held_out_loss_after" not in summary_metrics(nothing)
