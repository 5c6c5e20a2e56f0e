from pathlib import Path

import pytest

from pipelines.core.errors import InputError
from pipelines.finetune.dataset.ledger import problems_in
from pipelines.finetune.dataset.preparation import prepare, read_ledger
from resources.settings import CHECKOUT
from tests.finetune.dataset.example_rows import read, write

GOOD = {"instruction": "如何退货？", "input": "", "output": "请在七天内申请退货。", "source": "returns"}
BAD = {
    "empty output": {"instruction": "a", "input": "", "output": ""},
    "missing key": {"input": "x", "output": "y"},
    "output not text": {"instruction": "a", "output": 10},
    "output equals instruction": {"instruction": "Say it.", "output": "Say it."},
    "ends on the user": {"messages": [{"role": "user", "content": "hello"}]},
    "wrong role": {"messages": [{"role": "boss", "content": "a"}, {"role": "assistant", "content": "b"}]},
    "no dictionary": ["a"],
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_a_bad_row_is_listed_with_file_and_row_and_the_good_ones_go_on(tmp_path: Path, bad: object):
    write(tmp_path, "rows.jsonl", [GOOD, bad])
    loaded = read(tmp_path)
    assert [row["messages"][-1]["content"] for row in loaded.rows] == ["请在七天内申请退货。"]
    (problem,) = loaded.problems
    assert (problem.file, problem.row) == ("rows.jsonl", 2)
    assert problem.found and problem.expected and problem.fix


def test_both_forms_become_the_same_conversation(tmp_path: Path):
    write(tmp_path, "a.jsonl", [{"instruction": "Hi", "input": "there", "output": "Hello."}])
    alpaca = read(tmp_path).rows[0]
    assert [message["role"] for message in alpaca["messages"]] == ["user", "assistant"]
    assert "Hi" in alpaca["messages"][0]["content"] and "there" in alpaca["messages"][0]["content"]
    write(tmp_path, "a.jsonl", [{"messages": alpaca["messages"]}])
    assert read(tmp_path).rows[0]["row_id"] == alpaca["row_id"]


def test_an_exact_duplicate_names_the_row_it_repeats(tmp_path: Path):
    write(tmp_path, "a.jsonl", [GOOD])
    write(tmp_path, "b.jsonl", [GOOD])
    loaded = read(tmp_path)
    assert len(loaded.rows) == 1
    assert loaded.problems[0].file == "b.jsonl" and "a.jsonl" in str(loaded.problems[0])


@pytest.mark.parametrize(
    ("one", "other"),
    [(("What is 2 * 2?", "4"), ("What is 2 + 2?", "4")), (("Finish it.", "x = a - b"), ("Finish it.", "x = a + b")),
     (("二加二？", "2+2=4"), ("二加二？", "2-2=4")),
     (("Finish it.", "if a:\n    b()\nc()"), ("Finish it.", "if a:\n    b()\n    c()")),
     (("Name the first.", "rows[0]"), ("Name the first.", "rows{0}"))],
)  # fmt: skip
def test_rows_of_the_same_words_and_other_signs_are_no_duplicates(
    tmp_path: Path, one: tuple[str, str], other: tuple[str, str]
):
    write(tmp_path, "rows.json", [{"instruction": asked, "output": said} for asked, said in (one, other)])
    assert not read(tmp_path).problems


def test_marks_of_prose_make_no_other_conversation(tmp_path: Path):
    said = [("Is it well-known?", "Yes, it is!"), ("Is it well known", " **Yes**: it is. \n")]
    write(tmp_path, "rows.json", [{"instruction": asked, "output": answer} for asked, answer in said])
    assert [problem.reason for problem in read(tmp_path).problems] == ["duplicate"]


def test_a_file_that_is_not_utf8_is_one_problem(tmp_path: Path):
    write(tmp_path, "a.jsonl", [GOOD])
    (tmp_path / "b.json").write_bytes("如何退货".encode("gbk"))
    loaded = read(tmp_path)
    assert len(loaded.rows) == 1
    assert [problem.file for problem in loaded.problems] == ["b.json"]


@pytest.mark.parametrize("made", [True, False])
def test_a_missing_or_empty_folder_says_what_to_set(tmp_path: Path, made: bool):
    folder = tmp_path / "none"
    if made:
        folder.mkdir()
    with pytest.raises(InputError, match="GRAFTLINE_INSTRUCTIONS"):
        prepare(folder, tmp_path / "home")


def test_every_flawed_row_of_the_sample_is_found_and_no_good_one(tmp_path: Path):
    record = prepare(CHECKOUT / "samples" / "instructions", tmp_path)
    problems = problems_in(read_ledger(record))
    # Two good rows are repeated in the flawed files, which come first by name: the later row is the one that is listed.
    assert sum(problem.file.startswith("flawed") for problem in problems) == 10
    assert all("flawed" in str(problem) for problem in problems)
    assert len(problems) == 12
    assert record["train"] + record["test"] == 425
