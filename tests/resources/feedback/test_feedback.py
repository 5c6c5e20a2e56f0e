"""Feedback: the newest verdict on a turn counts, and becomes rows and questions that stay until it differs."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipelines.answering.scoreboard.questions import load_questions
from pipelines.core.errors import ConfigurationError
from resources.feedback.files import write_instructions, write_questions
from resources.feedback.store import Kind, Verdict, counts, feedback_store


def said(turn: int, verdict: Kind, correction: str = "", **more: object) -> Verdict:
    values = {"question": f"Where is thing {turn}?", "answer": f"In Halden [1], at {turn}. [2][3]", "supported": True}
    return Verdict(
        conversation="c", turn=turn, mode="native", verdict=verdict, correction=correction, documents=("b.md", "a.md"),
        **(values | more),
    )  # fmt: skip


def rows(path: Path | None) -> list[dict[str, object]]:
    assert path is not None
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_good_answer_and_a_correction_are_rows_and_questions_and_a_bad_one_is_counted(tmp_path: Path) -> None:
    store = feedback_store(tmp_path)
    store.add(said(0, "up"))
    store.add(said(1, "correct", "它在宁波仓 [1]。"))
    store.add(said(2, "down"))
    store.add(said(3, "up", supported=False, answer="The sources do not say."))
    assert rows(write_instructions(tmp_path)) == [
        {"instruction": "Where is thing 0?", "output": "In Halden, at 0.", "source": "feedback c:0"},
        {"instruction": "Where is thing 1?", "output": "它在宁波仓 [1]。", "source": "feedback c:1"},
    ]
    questions = rows(write_questions(tmp_path))
    assert [(one["answer"], one["documents"], one["type"]) for one in questions] == [
        ("In Halden, at 0.", ["a.md", "b.md"], "feedback"),
        ("它在宁波仓 [1]。", [], "feedback"),
    ]
    assert counts(store.latest()) == {"up": 2, "down": 1, "correct": 1, "up_without_answer": 1}


def test_the_newest_verdict_counts_and_can_be_taken_back(tmp_path: Path) -> None:
    store = feedback_store(tmp_path)
    for verdict in (said(0, "up"), said(0, "correct", "In Oslo.")):
        store.add(verdict)
    assert [row["output"] for row in rows(write_instructions(tmp_path))] == ["In Oslo."]
    store.add(said(0, "withdrawn"))
    assert write_instructions(tmp_path) is None and write_questions(tmp_path) is None
    assert not list((tmp_path / "feedback").iterdir()), "what is taken back is in no file"


def test_of_one_question_in_two_conversations_the_newest_answer_is_learned(tmp_path: Path) -> None:
    store = feedback_store(tmp_path)
    for turn, answer in ((0, "In Oslo."), (1, "In Bergen.")):
        store.add(said(turn, "correct", answer, question="Where is it?"))
    assert [row["output"] for row in rows(write_instructions(tmp_path))] == ["In Bergen."]


def test_without_a_new_verdict_the_files_are_not_written_again(tmp_path: Path) -> None:
    assert write_instructions(tmp_path) is None and not any(tmp_path.iterdir()), "a home without feedback stays empty"
    feedback_store(tmp_path).add(said(0, "up"))
    paths = [write_instructions(tmp_path), write_questions(tmp_path)]
    before = [path.stat().st_mtime_ns for path in paths if path]
    assert [write_instructions(tmp_path), write_questions(tmp_path)] == paths
    assert [path.stat().st_mtime_ns for path in paths if path] == before and len(before) == 2


@pytest.mark.parametrize(("kind", "text"), [("correct", " "), ("up", "In Oslo."), ("correct", "x" * 40_000)])
def test_a_correction_has_a_text_and_a_thumb_has_none(tmp_path: Path, kind: Kind, text: str) -> None:
    with pytest.raises(ConfigurationError, match="graftline feedback last --correct"):
        feedback_store(tmp_path).add(said(0, kind, text))
    assert feedback_store(tmp_path).latest() == []


def test_verdicts_of_many_threads_all_arrive(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda turn: feedback_store(tmp_path).add(said(turn, "up")), range(40)))
    assert {one.turn for one in feedback_store(tmp_path).latest()} == set(range(40))


def test_questions_of_feedback_have_a_type_that_a_folders_have_not(tmp_path: Path) -> None:
    folder, row = tmp_path / "in", '{"question": "How long?", "answer": "45 days", "documents": [], "type": "TYPE"}'
    folder.mkdir()
    lines = [row.replace("TYPE", kind) for kind in ("single-hop", "feedback")]
    (folder / "a.jsonl").write_text("\n".join(lines), encoding="utf-8")
    feedback_store(tmp_path).add(said(0, "up", question="How long?"))
    table, problems = load_questions(folder, write_questions(tmp_path))
    assert sorted(zip(table["type"].to_pylist(), table["answer"].to_pylist(), strict=True)) == [
        ("feedback", "In Halden, at 0."),
        ("single-hop", "45 days"),
    ]
    assert [problem.row for problem in problems] == [2] and "'feedback'" in problems[0].found
