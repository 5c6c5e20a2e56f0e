"""The parts of the evaluation's benchmark that compute: prompts, agreement, ratios, and a side without a model."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import evaluation
from benchmarks.evaluating import raw
from benchmarks.evaluating.figures import agreement, agreement_row, alike, overhead_row, speed_row
from benchmarks.evaluating.prompts import few_shot
from benchmarks.evaluating.raw import Made, raw_engine
from benchmarks.evaluating.sides import Evaluated, RecordedEngine, evaluated
from benchmarks.ground.process import ProcessFailed
from benchmarks.training.samples import Sample
from pipelines.finetune.conversation import messages_of
from resources.engines.engine import Batch, InferenceEngine
from resources.tables.tables import TableStore

GRID = {1: Made(8.0, [[1, 2, 3, 4], [5, 6]]), 4: Made(4.0, [[1, 2, 3, 4], [5, 7]])}


def ours(seconds: float, outputs: list[list[int]], engine: float = 1.0) -> Evaluated:
    return Evaluated(Made(seconds, outputs), engine, 0.1, 0.0, "vllm")


def test_the_shots_are_turns_before_each_question_and_its_answer_the_reference() -> None:
    (row,) = few_shot([Sample("q", "a")], [Sample("one", "1"), Sample("two", "2")])
    assert [(turn["role"], turn["content"]) for turn in messages_of(row)] == [
        ("user", "one"), ("assistant", "1"), ("user", "two"), ("assistant", "2"), ("user", "q"), ("assistant", "a"),
    ]  # fmt: skip


def test_tokens_behind_a_difference_do_not_agree() -> None:
    assert agreement([[1, 2, 3, 4], [5, 6]], [[1, 9, 3, 4], [5, 6]]) == (1 / 4 + 1) / 2
    assert agreement([[1, 2]], [[1, 2, 3, 4]]) == 0.5 and agreement([[]], [[]]) == 1.0
    assert alike([[1], [2]], [[1], [3]]) == 1


def test_the_speed_is_against_the_batch_size_that_took_least_time() -> None:
    row = speed_row("eval_vs_transformers", [ours(1.0, [[1]]), ours(2.0, [[1]]), ours(4.0, [[1]])], GRID)
    assert (row.value, row.met) == (2.0, False) and "at batch 4 (4.0 s)" in row.note
    assert row.peer == 6 / 4.0


def test_agreement_is_held_to_transformers_own_at_its_best_batch() -> None:
    better = agreement_row(ours(1.0, [[1, 2, 3, 4], [5, 6]]), GRID, GRID[1])
    assert (better.value, better.ours, better.peer, better.met) == (0.25, 1.0, 0.75, True)
    worse = agreement_row(ours(1.0, [[9, 2, 3, 4], [5, 6]]), GRID, GRID[1])
    assert (worse.value, worse.met) == (-0.25, False)
    first = agreement_row(ours(1.0, [[1, 2, 3, 4], [9, 9]]), GRID, Made(1.0, [[1, 2, 3, 4]]))
    assert (first.value, first.ours) == (0.0, 1.0) and "1 of 1 texts" in first.note


def test_the_overhead_is_the_median_of_rounds_side_by_side() -> None:
    rounds = [ours(1.1, [[1]]), ours(2.0, [[1]]), ours(4.4, [[2]])]
    row = overhead_row(rounds, [Made(1.0, [[1]]), Made(2.0, [[1]]), Made(4.0, [[1]])])
    assert row.value == pytest.approx(0.1) and row.met is False
    assert "2 of 3 texts are token for token the same" in row.note


def test_each_kind_of_machine_names_the_row_that_it_cannot_measure() -> None:
    (cpu,) = evaluation.elsewhere(evaluation.ROWS, gpu=False)
    (gpu,) = evaluation.elsewhere(evaluation.ROWS, gpu=True)
    assert (cpu.id, cpu.value, gpu.id, gpu.value) == ("eval_vs_transformers_gpu", None, "eval_vs_transformers", None)
    assert "no GPU" in cpu.note and "it has a GPU" in gpu.note


def test_a_row_that_only_a_gpu_has_is_null_without_one_and_starts_nothing(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(evaluation, "has_gpu", lambda: False)
    monkeypatch.setattr(evaluation, "measure", lambda *_: pytest.fail("nothing is to be measured"))
    evaluation.main(["--rows", "eval_vs_transformers_gpu", "--json", str(tmp_path / "found.json")])
    (row,) = json.loads((tmp_path / "found.json").read_text())["rows"]
    assert row["value"] is None and "no GPU" in row["note"]


def test_our_side_is_a_whole_evaluation_of_which_the_start_is_left_out(tmp_path: Path, monkeypatch) -> None:
    def made(self: Any, jobs: Any, *_: Any, **__: Any) -> list[Batch]:
        outputs: Any = [
            {
                "text": "7",
                "token_ids": [7, ids[1]],
                "finish_reason": "stop",
                "prompt_tokens": len(ids),
                "completion_tokens": 1,
            }
            for _, prompts in jobs
            for ids in prompts
        ]
        return [Batch(outputs, "vllm", "float32", "", 100.0, 0.25, "started")]

    monkeypatch.setattr(InferenceEngine, "generate_many", made)
    monkeypatch.setattr(
        InferenceEngine, "render", lambda _, __, rows, ___: [[1, len(row[-1]["content"])] for row in rows]
    )
    monkeypatch.setattr(InferenceEngine, "context_length", lambda *_: 1000)
    rows = few_shot([Sample("q", "7"), Sample("qq", "8")], [Sample("one", "1")])
    engine, tables = RecordedEngine("transformers", tmp_path), TableStore(tmp_path / "tables")
    first, second = (evaluated(rows, tmp_path, engine, tables, number, [[1, 2], [1, 1]]) for number in (0, 1))
    assert (
        first.made.outputs == second.made.outputs == [[7, 2], [7, 1]]
    )  # nothing was remembered, and one side was asked
    assert (first.start_seconds, first.generate_seconds) == (100.0, 0.25)
    assert first.made.seconds < 0 < first.score_seconds  # the stand-in's start took no time and was taken off


def test_a_raw_engine_answers_each_line_and_its_end_is_told(tmp_path: Path, monkeypatch) -> None:
    script = tmp_path / "peer.py"
    script.write_text(
        "import sys\nprint('{\"start_seconds\": 2.5}', flush=True)\n"
        "for line in sys.stdin:\n"
        "    if line == '2 0\\n':\n        sys.exit('out of memory')\n"
        '    print(\'{"seconds": 1.5, "outputs": [[1]]}\', flush=True)\n'
    )
    monkeypatch.setattr(raw, "python", lambda *_: [sys.executable, script])
    with raw_engine("vllm", {}, tmp_path / "work", {}) as peer:
        assert (peer.start_seconds, peer.generate(2, 4)) == (2.5, Made(1.5, [[1]]))
        with pytest.raises(ProcessFailed, match="out of memory"):
            peer.generate(2)
