"""Feedback in tomorrow's assets: rows to train on, questions to ask, counts to see; nothing anew without a new one."""

from pathlib import Path
from typing import Any

import pytest

from pipelines.finetune.dataset.ledger import HELD_OUT_FEEDBACK
from pipelines.finetune.dataset.stored import load_dataset
from resources.feedback.store import Kind, Verdict, feedback_store
from tests.assets.finetune import test_finetune_assets
from tests.assets.finetune.test_finetune_assets import Line, data, verdicts
from tests.assets.test_answering import _metadata, _run, module, resources

base, line = test_finetune_assets.base, test_finetune_assets.line
__all__ = ["base", "line", "resources"]


def said(turn: int, kind: Kind, correction: str = "") -> Verdict:
    question, answer = f"Who manages warehouse {turn}, since when, and why?", f"Petra Vogel [1], since {turn}."
    return Verdict("c", turn, question, answer, True, "native", kind, correction, ("warehouses/halden.md",))


def test_feedback_is_trained_on_and_without_a_new_one_no_row_is_read(line: Line) -> None:
    line.run(data.instruction_dataset)
    before = line.tables.read_record("instruction_dataset")
    for verdict in (said(1, "up"), said(2, "correct", "Ingrid Moe."), said(3, "down")):
        feedback_store(line.settings.home).add(verdict)
    done = line.run(data.instruction_dataset)
    assert done.success and verdicts(done) == {"rows_are_sound": True, "nothing_leaks": True}
    after = line.tables.read_record("instruction_dataset")
    assert after["train"] == before["train"] + 2 and after["test"] == before["test"] and after["rows_read"] == 2
    line.run(data.instruction_dataset)
    assert line.tables.read_record("instruction_dataset") == after


def test_a_good_answer_to_a_held_out_question_is_counted_and_the_night_goes_on(line: Line) -> None:
    line.run(data.instruction_dataset)
    before = line.tables.read_record("instruction_dataset")
    held = load_dataset(Path(before["path"]))["test"].with_format(None)[0]
    question = next(message["content"] for message in held["messages"] if message["role"] == "user")
    verdict = Verdict("c", 0, question, "Petra Vogel [1].", True, "native", "up")
    feedback_store(line.settings.home).add(verdict)
    done = line.run(data.instruction_dataset)
    assert done.success and verdicts(done) == {"rows_are_sound": True, "nothing_leaks": True}
    after = line.tables.read_record("instruction_dataset")
    assert after["digest"] == before["digest"] and after["rejected"][HELD_OUT_FEEDBACK] == 1
    assert after["rejected_share"] == before["rejected_share"]


def test_feedback_is_asked_and_counted_and_without_a_new_one_nothing_is_answered(resources: dict[str, Any]) -> None:
    _run(resources)
    for verdict in (said(1, "up"), said(2, "down")):
        feedback_store(resources["settings"].home).add(verdict)
    result = _run(resources)
    assert _metadata(result, "answers")["computed_answers"] == 3, "one question in three modes"
    counted = {"up": 1, "down": 1, "correct": 0, "up_without_answer": 0}
    assert _metadata(result, "questions")["feedback"] == _metadata(result, "scoreboard")["feedback"] == counted
    rows = resources["tables"].read("questions").to_pylist()
    assert [(row["answer"], row["documents"]) for row in rows if row["type"] == "feedback"] == [
        ("Petra Vogel, since 1.", ["warehouses/halden.md"])
    ]
    assert any(row["type"] == "feedback" for row in resources["tables"].read("scoreboard").to_pylist())
    assert _metadata(_run(resources), "answers")["computed_answers"] == 0


@pytest.mark.parametrize("kind", ["down", "withdrawn"])
def test_what_teaches_nothing_changes_no_data(resources: dict[str, Any], kind: Kind) -> None:
    _run(resources, selection=["questions"])
    before = resources["tables"].digest("questions")
    feedback_store(resources["settings"].home).add(said(1, kind))
    _run(resources, selection=["questions"])
    assert resources["tables"].digest("questions") == before and module.questions
