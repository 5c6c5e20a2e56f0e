"""What the fine-tuning benchmark computes: counts, ratios, the search and the changes that preparation must notice."""

import json

import pytest

from benchmarks import finetune
from benchmarks.children.recorder import count
from benchmarks.ground.common import Row
from benchmarks.ground.process import Measured, ProcessFailed
from benchmarks.training import preparation, search, trainers
from benchmarks.training.samples import Sample
from benchmarks.training.speed import loss_gap, same_work
from benchmarks.training.trainers import Task, TrainingRun, accumulation, difference, example_settings
from pipelines.finetune.models.base import BaseModel


def _run(samples: int, tokens: int, tmp_path) -> TrainingRun:
    return TrainingRun({}, 10.0, Measured(12.0, 2**30), samples, tokens, 2, tmp_path)


def test_useful_tokens_leave_padding_out():
    padded = {"input_ids": [5, 6, 7, 0, 0], "attention_mask": [1, 1, 1, 0, 0], "labels": [-100, 6, 7, -100, -100]}
    assert count(padded) == {"samples": 1, "tokens": 3, "answer_tokens": 2}
    assert count({"input_ids": [5, 6, 7], "completion_mask": [0, 1, 1]})["answer_tokens"] == 2


def test_a_packed_row_counts_as_all_its_samples():
    numbered = {"input_ids": [5, 6, 7, 8, 0], "attention_mask": [1, 1, 2, 2, 0], "labels": [-100, 6, -100, 8, -100]}
    assert count(numbered) == {"samples": 2, "tokens": 4, "answer_tokens": 2}
    assert count({"input_ids": [5, 6, 7, 8], "labels": [-100, 6, -100, 8], "seq_lengths": [2, 2]})["samples"] == 2


def test_other_work_is_named(tmp_path):
    assert same_work(_run(64, 10_100, tmp_path), 64, 10_000) == ""
    assert "63 samples" in same_work(_run(63, 10_000, tmp_path), 64, 10_000)
    assert "10300 useful tokens" in same_work(_run(64, 10_300, tmp_path), 64, 10_000)


def test_the_loss_gap_is_a_share_of_the_peers_own_fall():
    turns = [{"base": 2.0, "ours": 1.52, "TRL": 1.5}, {"base": 2.0, "ours": 1.46, "TRL": 1.5}]
    gap, own, peer = loss_gap(turns, "TRL")
    assert gap == pytest.approx((0.04 + 0.08) / 2)
    assert own == pytest.approx(1.49) and peer == 1.5


@pytest.mark.parametrize(("size", "row", "passes"), [(4, 1, 8), (1, 1, 32), (16, 1, 2), (1, 4.7, 7), (64, 1, 1)])
def test_every_setting_makes_the_same_effective_batch(tmp_path, size, row, passes):
    task = Task(BaseModel(tmp_path, "base", "1"), [], [], 32, 42)
    assert accumulation(task, {"per_device_train_batch_size": size, "samples_a_row": row}) == passes


@pytest.mark.parametrize("bfloat16", [True, False])
def test_the_peers_defaults_differ_from_its_example_in_what_they_must_only(tmp_path, monkeypatch, bfloat16):
    monkeypatch.setattr(trainers, "fast_bfloat16", lambda: bfloat16)
    task = Task(BaseModel(tmp_path, "base", "1"), [], [], 32, 42)
    changed = {line.split(":")[0] for line in difference(example_settings(task, tmp_path, tmp_path)).splitlines()}
    model = {"model_name_or_path", "template", "default_system"}
    data = {"dataset", "dataset_dir", "output_dir", "num_train_epochs", "seed"}
    assert changed == model | data | {"per_device_train_batch_size", "use_cpu"} | (set() if bfloat16 else {"bf16"})


def test_a_processor_that_would_emulate_bfloat16_searches_in_float32_alone():
    for axes, half in ((search.llamafactory_axes, {"bf16": True}), (search.trl_axes, {"weights": "bfloat16"})):
        start, choices = axes((1, 2), 200.0, True)
        assert half.items() <= start.items() and dict(choices)["dtype"]
        start, choices = axes((1, 2), 200.0, False)
        assert start["bf16"] is False and not half.items() <= start.items() and not dict(choices)["dtype"]


def test_the_search_keeps_the_fastest_that_counts_and_every_try():
    speeds = {1: 10.0, 4: 20.0, 16: 15.0}

    def measure(settings):
        if settings.get("packing"):
            return search.Try(settings, 90.0, 1.0, excluded="its samples see each other")
        if settings.get("fp32"):
            raise ProcessFailed("exit status 1:\nout of memory")
        return search.Try(settings, speeds[settings["batch"]] + (1 if settings.get("grouped") else 0), 1.0)

    axes = [
        ("batch", [{"batch": size} for size in (1, 4, 16)]),
        ("grouping", [{"grouped": True}]),
        ("dtype", [{"fp32": True}]),
        ("packing", [{"packing": True}]),
    ]
    best, tries = search.search(measure, {"batch": 4}, axes)
    assert best is not None and best.settings == {"batch": 4, "grouped": True} and best.speed == 21.0
    assert len(tries) == 6
    assert tries[4].excluded == "out of memory" and "excluded: its samples see each other" in str(tries[5])


def test_one_percent_of_the_rows_is_changed_and_each_time_otherwise():
    lines = [json.dumps({"instruction": str(number), "output": "4"}) for number in range(200)]
    first, second = preparation.change(lines, 0.01, 0), preparation.change(lines, 0.01, 1)
    assert sum(one != other for one, other in zip(lines, first, strict=True)) == 2
    assert sum(one != other for one, other in zip(first, second, strict=True)) == 2


def test_one_byte_of_an_answer_is_changed_and_the_rows_stay_json(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"instruction": "q", "output": "so"}\n{"instruction": "q", "output": "1 so"}\n', encoding="utf-8")
    before = path.read_bytes()
    preparation.change_one_byte(path)
    assert sum(one != other for one, other in zip(before, path.read_bytes(), strict=True)) == 1
    assert json.loads(path.read_text(encoding="utf-8").splitlines()[1])["output"] == "1 xo"


def test_recipe_keys_from_the_command_line_go_over_our_own():
    keys = finetune.recipe_keys(["per_device_train_batch_size=16", "group_by_length=false"])
    assert keys == {**finetune.OURS, "per_device_train_batch_size": 16, "group_by_length": False}


def test_a_row_that_cannot_be_measured_is_there_with_its_reason(tmp_path, monkeypatch):
    monkeypatch.setenv("GRAFTLINE_HOME", str(tmp_path))

    def fail(*_):
        raise ProcessFailed("exit status 1:\nno space left")

    monkeypatch.setattr(preparation, "prepare", fail)
    monkeypatch.setattr(preparation, "gsm8k", lambda: [Sample("q", "a")])
    rows, _ = finetune.measure(
        finetune.parse("finetune", list(finetune.ROWS), ["--rows", "prep_delta"], finetune._options)
    )
    assert rows == [Row("prep_delta", "x", ">= 20", note="not measured: exit status 1:\nno space left")]


def test_a_sample_becomes_a_conversation_of_two_turns():
    assert [message["role"] for message in Sample("q", "a").messages] == ["user", "assistant"]
    assert 4 * trainers.EXAMPLE["gradient_accumulation_steps"] == trainers.DEFAULT_BATCH
