"""The training rows, with trainers in place of the real ones whose seconds, bytes and losses are known."""

from pathlib import Path

import pytest

from benchmarks import finetune
from benchmarks.ground.process import Measured, ProcessFailed
from benchmarks.training import speed, trainers
from benchmarks.training.samples import Sample
from benchmarks.training.speed import Bench, against_best, against_defaults
from benchmarks.training.trainers import TrainingRun
from pipelines.finetune.models.base import BaseModel

POOL = [Sample(f"question {number}", "answer") for number in range(100)]
SIZE = finetune.Sizes(16, 2, 8, (1, 4), 32, 2, 10, 1)
TOKENS = 10
GIB = 2**30


def trainer(seconds: float, gib: float, calls: list, samples: int | None = None, leak: float = 0.0):
    """Return a trainer that needs so many seconds for a sample; packing makes it twice as fast."""

    def train(task, settings, work: Path) -> TrainingRun:
        calls.append((settings, len(task.rows), task.batch, task.seed))
        count = samples or len(task.rows)
        loop = seconds * len(task.rows) / (2 if settings.get("packing") else 1)
        details = {"arguments": {"dataset_dir": str(work)}, "versions": {}, "leak": leak}
        return TrainingRun(settings, loop, Measured(9.0, int(gib * GIB)), count, count * TOKENS, 2, work, details)

    return train


@pytest.fixture
def bench(tmp_path, monkeypatch) -> Bench:
    monkeypatch.setattr(speed, "useful_tokens", lambda base, rows: len(rows) * TOKENS)
    losses = {"base": 2.0, "ours": 1.52, "LLaMA-Factory": 1.5, "TRL": 1.6}
    monkeypatch.setattr(trainers, "held_out_losses", lambda base, rows, adapters, work: losses)
    return Bench(BaseModel(tmp_path / "model", "base", "1"), tmp_path, 42, {"per_device_train_batch_size": 4})


def test_the_default_row_is_the_ratio_of_useful_tokens_a_second(bench, monkeypatch):
    calls: list = []
    monkeypatch.setattr(trainers, "ours", trainer(1.0, 2.0, calls))
    monkeypatch.setattr(trainers, "llamafactory", trainer(2.5, 2.0, calls))
    row, text = against_defaults(bench, POOL, 16, 2, "sft_default_alpaca", "x", ">= 2.0")
    assert row.value == pytest.approx(2.5) and row.met
    assert row.ours == pytest.approx(TOKENS) and row.peer == pytest.approx(TOKENS / 2.5)
    assert [call[1:] for call in calls] == [(16, 32, 42)] * 4
    assert "dataset_dir" in text and str(bench.work) not in text


def test_a_trainer_that_dropped_samples_leaves_the_row_without_a_value(bench, monkeypatch):
    monkeypatch.setattr(trainers, "ours", trainer(1.0, 2.0, []))
    monkeypatch.setattr(trainers, "llamafactory", trainer(2.5, 2.0, [], samples=15))
    row, _ = against_defaults(bench, POOL, 16, 1, "sft_default_alpaca", "x", ">= 2.0")
    assert row.value is None and "trained on 15 samples, not 16" in row.note


def test_the_best_rows_take_the_worse_of_the_two_peers_from_the_same_runs(bench, monkeypatch):
    calls: list = []
    monkeypatch.setattr(trainers, "ours", trainer(0.5, 2.0, calls))
    monkeypatch.setattr(trainers, "llamafactory", trainer(2.0, 5.0, []))
    monkeypatch.setattr(trainers, "trl", trainer(1.6, 4.0, []))
    rows, details = against_best(bench, POOL, None, SIZE, finetune.ROWS)
    best, memory, gap = rows
    assert best.value == pytest.approx(0.8 / 0.5)  # TRL, packed
    assert memory.value == pytest.approx(2.0 / 4.0)
    assert gap.value == pytest.approx(0.08 / 0.4)  # TRL's fall is 0.4, LLaMA-Factory's 0.5
    assert "neat_packing" in best.note
    assert [call[1:] for call in calls] == [(32, 16, 42), (32, 16, 43)]
    assert any("TRL" in title and "packing=True" in text for title, text in details.items() if title != "versions")


def test_packing_in_which_samples_see_each_other_is_no_peer(bench, monkeypatch):
    monkeypatch.setattr(trainers, "ours", trainer(0.5, 2.0, []))
    monkeypatch.setattr(trainers, "llamafactory", trainer(2.0, 5.0, [], leak=3.5))
    monkeypatch.setattr(trainers, "trl", trainer(9.0, 4.0, []))
    _, details = against_best(bench, POOL, None, SIZE, finetune.ROWS)
    assert "excluded: its packed samples see each other" in details["Grid of LLaMA-Factory (8 samples each)"]


def test_a_peer_that_never_ran_leaves_the_rows_without_a_value(bench, monkeypatch):
    def fail(task, settings, work):
        raise ProcessFailed("exit status 1:\nno such module")

    monkeypatch.setattr(trainers, "ours", trainer(0.5, 2.0, []))
    monkeypatch.setattr(trainers, "llamafactory", fail)
    monkeypatch.setattr(trainers, "trl", trainer(1.6, 4.0, []))
    rows, _ = against_best(bench, POOL, POOL, SIZE, finetune.ROWS)
    assert [row.value for row in rows] == [None] * 3
    assert "no setting of LLaMA-Factory ran" in rows[0].note
