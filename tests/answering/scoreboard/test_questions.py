from pathlib import Path

import pytest

from pipelines.answering.scoreboard.questions import load_questions
from pipelines.core.errors import InputError

GOOD = '{"id": "q1", "question": "How long?", "answer": "45 days", "documents": ["a.md"], "type": "single-hop"}'


def test_good_rows_go_on_and_bad_ones_are_listed_with_file_and_row(tmp_path: Path) -> None:
    lines = [
        GOOD,
        '{"question": "x", "answer": "y", "documents": []}',
        "{not json",
        "",
        '{"question": "x", "answer": "y", "documents": [], "type": "riddle"}',
    ]
    (tmp_path / "a.jsonl").write_text("\n".join(lines), encoding="utf-8")
    table, problems = load_questions(tmp_path)
    assert table["id"].to_pylist() == ["q1"]
    assert [(problem.file, problem.row) for problem in problems] == [("a.jsonl", 2), ("a.jsonl", 3), ("a.jsonl", 5)]
    assert "'type'" in problems[0].found and "riddle" in problems[2].found


def test_id_and_language_are_made_where_they_are_missing(tmp_path: Path) -> None:
    row = '{"question": "订单满多少元免运费？", "answer": "299元", "documents": ["a.txt"], "type": "single-hop"}'
    (tmp_path / "a.jsonl").write_text(row, encoding="utf-8")
    [found] = load_questions(tmp_path)[0].to_pylist()
    assert found["language"] == "zh" and len(found["id"]) == 24


def test_a_second_row_with_the_same_id_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(f"{GOOD}\n{GOOD}\n", encoding="utf-8")
    table, problems = load_questions(tmp_path)
    assert table.num_rows == 1 and problems[0].row == 2


def test_a_file_that_is_not_utf8_is_listed_and_the_others_go_on(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "b.jsonl").write_text(GOOD, encoding="utf-8")
    table, problems = load_questions(tmp_path)
    assert table.num_rows == 1 and [(p.file, p.row) for p in problems] == [("a.jsonl", 0)]


@pytest.mark.parametrize("folder", ["missing", "."])
def test_a_missing_or_empty_folder_names_the_variable(tmp_path: Path, folder: str) -> None:
    with pytest.raises(InputError, match="GRAFTLINE_QUESTIONS"):
        load_questions(tmp_path / folder)
