"""Files of rows in other encodings are read and noted; a damaged UTF-8 file stays one, and is told."""

import csv
import io
import json
from pathlib import Path

import pytest

from pipelines.finetune.dataset.preparation import prepare
from tests.finetune.dataset.example_rows import read, write

ENGLISH = [("Où est le café?", "Là-bas, près de l’hôtel."), ("Is it open?", "Yes, until six.")]
CHINESE = [
    ("如何退货？", "请在七天内申请退货，并保留吊牌。"),
    ("运费是多少？", "寄往欧洲的运费是十五欧元。"),
    ("Open?", "Yes."),
]


def text_of(ending: str, rows: list[tuple[str, str]]) -> str:
    named = [{"instruction": asked, "output": said} for asked, said in rows]
    if ending == "csv":
        file = io.StringIO()
        writer = csv.DictWriter(file, named[0])
        writer.writeheader()
        writer.writerows(named)
        return file.getvalue()
    if ending == "json":
        return json.dumps(named, ensure_ascii=False)
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in named)


@pytest.mark.parametrize("ending", ["json", "jsonl", "csv"])
@pytest.mark.parametrize(
    ("encoding", "rows"), [("gb18030", CHINESE), ("cp1252", ENGLISH), ("utf-16", CHINESE), ("utf-16", ENGLISH)]
)
def test_rows_are_read_in_the_files_encoding_and_say_so(
    tmp_path: Path, ending: str, encoding: str, rows: list[tuple[str, str]]
):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / f"faq.{ending}").write_bytes(text_of(ending, rows).encode(encoding))
    loaded = read(tmp_path / "in")
    assert not loaded.problems
    assert [tuple(m["content"] for m in row["messages"]) for row in loaded.rows] == rows
    assert {row["repairs"] for row in loaded.rows} == {f"read as {encoding}"}
    record = prepare(tmp_path / "in", tmp_path / "home")
    assert record["repaired"] == {f"read as {encoding}": len(rows)}
    assert record["notes"][-1].startswith(f"faq.{ending} is not UTF-8: its rows ({len(rows)}) were read as {encoding}")


def test_one_line_of_another_encoding_in_an_ascii_file_is_read(tmp_path: Path):
    lines = [text_of("jsonl", [(f"Question {n}?", f"Answer {n}.")]) for n in range(20)]
    data = "\n".join([*lines, text_of("jsonl", CHINESE[:1])]).encode("gb18030")
    (tmp_path / "faq.jsonl").write_bytes(data)
    assert read(tmp_path).rows[-1]["messages"][1]["content"] == CHINESE[0][1]


@pytest.mark.parametrize("ending", ["json", "jsonl"])
def test_utf8_that_is_cut_or_damaged_is_not_read_as_something_else(tmp_path: Path, ending: str):
    data = text_of(ending, CHINESE[:2]).encode()
    place = data.index("欧洲".encode())
    (tmp_path / f"faq.{ending}").write_bytes(data[: place + 1] + data[place + 2 :])
    write(tmp_path, "good.jsonl", [{"instruction": "Open?", "output": "Yes."}])
    loaded = read(tmp_path)
    assert [problem.reason for problem in loaded.problems] == ["not UTF-8"]
    assert not any("read as" in row["repairs"] for row in loaded.rows)


def test_a_file_that_is_saved_as_utf8_later_is_as_if_it_had_always_been(tmp_path: Path):
    path = tmp_path / "in" / "faq.jsonl"
    path.parent.mkdir()
    records = []
    for encoding in ("gb18030", "utf-8", "gb18030"):
        path.write_bytes(text_of("jsonl", CHINESE).encode(encoding))
        records.append(prepare(tmp_path / "in", tmp_path / "home"))
    assert len({record["digest"] for record in records}) == 1
    assert [record["repaired_rows"] for record in records] == [3, 0, 3]
