"""Preparing again: nothing when nothing changed, only the changed rows otherwise, and always what a rebuild makes."""

import json
import os
import random
import shutil
from pathlib import Path
from typing import Any

import pytest

from pipelines.core.errors import InputError
from pipelines.finetune.dataset.preparation import prepare, read_ledger
from pipelines.finetune.dataset.rows import reading as row_reading
from pipelines.finetune.dataset.stored import load_dataset
from pipelines.finetune.recipes.datasets import counted_datasets
from pipelines.finetune.training.tracked import dataset_counts
from tests.finetune.dataset.example_rows import write

WORDS = "tent stove rope lamp boot map axe sledge flask kayak rain snow river hill".split()


def rows(count: int, seed: int = 1) -> list[dict[str, Any]]:
    draw = random.Random(seed)
    said = [(" ".join(draw.choices(WORDS, k=12)), " ".join(draw.choices(WORDS, k=6))) for _ in range(count)]
    return [{"instruction": f"{asked} {seed} {n}?", "output": answer} for n, (asked, answer) in enumerate(said)]


def outcome(record: dict[str, Any]) -> tuple[Any, ...]:
    """Return what a clean rebuild must give as well: all but where it lies and how much was read."""
    splits = load_dataset(Path(record["path"]))
    counts = {key: value for key, value in record.items() if key not in ("path", "ledger", "rows_read")}
    return counts, {split: splits[split].to_list() for split in splits}, read_ledger(record).to_pylist()


def test_nothing_changed_reads_no_row_and_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    write(tmp_path / "in", "rows.jsonl", rows(60))
    first = prepare(tmp_path / "in", tmp_path / "home")
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "home").rglob("*")}
    monkeypatch.setattr(row_reading, "raw_rows", lambda path: pytest.fail("a file was parsed"))
    assert prepare(tmp_path / "in", tmp_path / "home") == first
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "home").rglob("*")} == before


def test_one_changed_byte_is_noticed_although_size_and_time_are_the_same(tmp_path: Path):
    path = write(tmp_path / "in", "rows.jsonl", rows(60))
    first, times = prepare(tmp_path / "in", tmp_path / "home"), path.stat()
    path.write_text(path.read_text(encoding="utf-8").replace("tent", "bent", 1), encoding="utf-8")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    again = prepare(tmp_path / "in", tmp_path / "home")
    assert again["digest"] != first["digest"] and again["rows_read"] == 1


@pytest.mark.parametrize("ending", ["json", "jsonl"])
def test_only_changed_rows_are_read_also_behind_an_inserted_one(tmp_path: Path, ending: str):
    made = rows(60)
    write(tmp_path / "in", f"rows.{ending}", made)
    write(tmp_path / "in", "other.json", rows(20, seed=2))
    assert prepare(tmp_path / "in", tmp_path / "home")["rows_read"] == 80
    made[30]["output"] = "Something else."
    write(tmp_path / "in", f"rows.{ending}", [rows(1, seed=3)[0], *made])
    record = prepare(tmp_path / "in", tmp_path / "home")
    assert record["rows_read"] == 2 and record["train"] + record["test"] == 81


def test_a_row_that_only_moved_is_listed_under_its_new_line_and_not_read(tmp_path: Path):
    lines = [json.dumps(row) for row in [*rows(60), {"instruction": "Open?", "output": ""}]]
    write(tmp_path / "in", "rows.jsonl", "\n".join(lines))
    first = prepare(tmp_path / "in", tmp_path / "home")
    assert read_ledger(first)["row"].to_pylist() == [61]
    write(tmp_path / "in", "rows.jsonl", "\ufeff\n" + "\n \t\n".join(lines) + "\n\n")
    again = prepare(tmp_path / "in", tmp_path / "home")
    assert read_ledger(again)["row"].to_pylist() == [122]
    assert (again["digest"], again["rows_read"]) == (first["digest"], 0)


def test_a_damaged_cache_is_built_again(tmp_path: Path):
    write(tmp_path / "in", "rows.jsonl", rows(60))
    first = outcome(prepare(tmp_path / "in", tmp_path / "home"))
    for path in (tmp_path / "home" / "cache").rglob("pairs-*.arrow"):
        path.unlink()
    assert outcome(prepare(tmp_path / "in", tmp_path / "home")) == first


def test_a_dataset_folder_that_is_gone_is_stored_again(tmp_path: Path):
    write(tmp_path / "in", "rows.jsonl", rows(60))
    first = prepare(tmp_path / "in", tmp_path / "home")
    shutil.rmtree(first["path"])
    again = prepare(tmp_path / "in", tmp_path / "home")
    assert again["rows_read"] == 0 and len(load_dataset(Path(again["path"]))["train"]) == first["train"]


@pytest.mark.parametrize("seed", range(6))
def test_a_delta_equals_a_clean_rebuild(tmp_path: Path, seed: int):
    draw = random.Random(seed)
    files = {f"{n}.jsonl": rows(25, seed=100 * seed + n) for n in range(3)}
    for step in range(4):
        for name, made in files.items():
            write(tmp_path / "in", name, made)
        clean = prepare(tmp_path / "in", tmp_path / f"clean{step}")
        assert outcome(prepare(tmp_path / "in", tmp_path / "home")) == outcome(clean)
        _change(files, draw)


def _change(files: dict[str, list[Any]], draw: random.Random) -> None:
    """Add, edit, repeat, nearly repeat, spoil, move and delete rows, and rename a file."""
    for made in files.values():
        row = dict(draw.choice([row for row in made if row.get("output")]))
        near = row["instruction"].split()
        near[-1] = "indeed?"
        made.insert(draw.randrange(len(made)), draw.choice([
            row, row | {"instruction": " ".join(near)}, row | {"output": ""}, row | {"output": "Else."},
            row | {"source": draw.choice("abc")}, rows(1, seed=draw.randrange(10**6))[0],
        ]))  # fmt: skip
        made[draw.randrange(len(made))]["source"] = draw.choice("abcd")
        del made[draw.randrange(len(made))]
        draw.shuffle(made)
    name = draw.choice(sorted(files))
    files[name], files["0.jsonl"] = files["0.jsonl"], files[name]


def test_equal_and_near_questions_are_on_one_side_and_new_rows_move_no_other(tmp_path: Path):
    made = [row | {"source": f"s{n}"} for n, row in enumerate(rows(150))]
    again = [row | {"output": f"Another answer, {n}.", "source": f"t{n}"} for n, row in enumerate(made[:50])]
    near = [
        row | {"instruction": "tell me " + row["instruction"], "output": f"A third, {n} {n}.", "source": f"u{n}"}
        for n, row in enumerate(made[50:100])
    ]
    write(tmp_path / "in", "rows.json", made + again + near)
    splits = load_dataset(Path(prepare(tmp_path / "in", tmp_path / "home")["path"]))
    asked = {split: {m["messages"][0]["content"].removeprefix("tell me ") for m in splits[split]} for split in splits}
    assert len(splits["train"]) + len(splits["test"]) == 250 and not asked["train"] & asked["test"]
    assert 0.1 < len(splits["test"]) / 250 < 0.3
    write(tmp_path / "in", "more.json", rows(80, seed=9))
    grown = load_dataset(Path(prepare(tmp_path / "in", tmp_path / "home")["path"]))
    for split in splits:
        assert set(splits[split]["row_id"]) <= set(grown[split]["row_id"])


def test_the_record_is_small_and_says_what_became_of_every_row(tmp_path: Path):
    made = rows(60)
    made[3]["output"], made[4]["output"], made[5] = "", made[4]["output"] + "\x01", made[6]
    write(tmp_path / "in", "rows.jsonl", made)
    record = prepare(tmp_path / "in", tmp_path / "home")
    assert (record["kept"], record["repaired"]) == (57, {"unprintable characters removed": 1})
    assert record["rejected"] == {"duplicate": 1, "empty answer": 1}
    assert record["rejected_share"] == pytest.approx(1 / 60)  # a duplicate is no bad input
    assert len(json.dumps(record)) < 2000


def test_the_bad_share_counts_the_datasets_that_recipes_name(tmp_path: Path):
    folder, home, recipes = tmp_path / "in", tmp_path / "home", tmp_path / "recipes"
    write(folder, "mine.jsonl", [*rows(19), {"instruction": "Open?", "output": ""}])
    write(folder, "scraped.jsonl", [*rows(10, seed=2), *({"instruction": f"{n}?", "output": ""} for n in range(10))])

    def share() -> tuple[float, list[str]]:
        record = prepare(folder, home, counted=counted_datasets(recipes))
        return record["rejected_share"], [note for note in record["notes"] if "rejected_share" in note]

    assert share() == (11 / 40, [])
    write(recipes, "one.yaml", "dataset: mine\n")
    write(recipes, "broken.yaml", "dataset: [")
    told = "rejected, and not in rejected_share, since no recipe names their dataset: scraped (10 of 20)"
    assert share() == (1 / 20, [told])  # although no row changed
    write(recipes, "two.yaml", "dataset: mine\neval_dataset: scraped\n")
    assert share() == (11 / 40, [])
    write(recipes, "two.yaml", "dataset: gone\n")
    assert share() == (1 / 20, [told])
    write(recipes, "two.yaml", "stage: sft\n")  # every row
    assert share() == (11 / 40, [])


def test_each_repair_of_a_row_is_counted_and_the_row_once(tmp_path: Path):
    made = rows(3)
    made[0]["output"] = "Yes.\r\nAl\x01ways."
    made[1]["output"] += "\x01"
    write(tmp_path / "in", "rows.jsonl", made)
    record = prepare(tmp_path / "in", tmp_path / "home")
    assert record["repaired"] == {"line ends unified": 1, "unprintable characters removed": 2}
    assert (record["kept"], record["repaired_rows"]) == (1, 2)
    assert dataset_counts(record)["repaired"] == 2


def test_rows_that_are_all_bad_are_told_with_their_reasons_and_stay_listed(tmp_path: Path):
    bad = [{"text": "a page"}, {"text": "another"}, {"instruction": "Open?", "output": ""}]
    write(tmp_path / "in", "rows.jsonl", bad)
    with pytest.raises(
        InputError, match=r"missing column \(2\), empty answer \(1\).*rows.jsonl, row 1.*'text'"
    ) as error:
        prepare(tmp_path / "in", tmp_path / "home")
    kept = Path(error.value.fix.rsplit(" is in ", 1)[1])
    listed = [json.loads(line) for line in kept.read_text(encoding="utf-8").splitlines()]
    assert [row["reason"] for row in listed] == ["missing column", "missing column", "empty answer"]
    write(tmp_path / "in", "rows.jsonl", [*bad, *rows(3)])
    assert prepare(tmp_path / "in", tmp_path / "home")["train"] and not kept.exists()


def test_a_dataset_of_which_no_row_is_used_is_absent_with_its_reason(tmp_path: Path):
    write(tmp_path / "in", "a.jsonl", rows(3))
    write(tmp_path / "in", "b.jsonl", [{"text": "a page"}])
    write(tmp_path / "in", "c.jsonl", rows(1))
    absent = prepare(tmp_path / "in", tmp_path / "home")["absent"]
    assert set(absent) == {"b", "c"} and "duplicate" in absent["c"]
    assert "missing column (1)" in absent["b"] and "'text'" in absent["b"]
