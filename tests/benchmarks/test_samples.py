"""Every trainer gets the same conversations, each in the shape that it reads."""

import json

from benchmarks.training.samples import NAME, Sample, choose, write_lines, write_llamafactory, write_ours
from pipelines.finetune.dataset.stored import load_dataset

ROWS = [Sample("What is 2 + 2?", "4"), Sample("法国的首都？", "巴黎")]


def test_a_choice_repeats_with_its_seed_and_has_no_row_twice():
    pool = [Sample(str(number % 50), "answer") for number in range(100)]
    chosen = choose(pool, 40, seed=1)
    assert chosen == choose(pool, 40, seed=1) != choose(pool, 40, seed=2)
    assert len(set(chosen)) == 40


def test_all_three_shapes_hold_the_same_questions_and_answers_in_the_same_order(tmp_path):
    write_llamafactory(ROWS, tmp_path / "lf")
    write_lines(ROWS, tmp_path / "trl" / "rows.jsonl")
    record = write_ours(ROWS, ROWS[:1], tmp_path / "ours")

    info = json.loads((tmp_path / "lf" / "dataset_info.json").read_text(encoding="utf-8"))
    alpaca = json.loads((tmp_path / "lf" / info[NAME]["file_name"]).read_text(encoding="utf-8"))
    lines = [json.loads(line) for line in (tmp_path / "trl" / "rows.jsonl").read_text(encoding="utf-8").splitlines()]
    stored = load_dataset(tmp_path / "ours")
    said = [[message["content"] for message in row["messages"]] for row in stored["train"]]

    assert [[row["instruction"], row["output"]] for row in alpaca] == said
    assert [[row["question"], row["answer"]] for row in lines] == said
    assert said == [[row.question, row.answer] for row in ROWS]
    assert record["train"] == 2 and record["test"] == 1 == len(stored["test"])
