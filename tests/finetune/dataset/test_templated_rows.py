"""Rows that share a long instruction, or a long form of the answer: those that differ in their own part stay."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from pipelines.finetune.dataset.checks import dataset_checks
from pipelines.finetune.dataset.leakage import train_leaks
from pipelines.finetune.dataset.preparation import prepare
from pipelines.finetune.dataset.stored import load_dataset
from tests.finetune.dataset.example_rows import many, write
from tests.text.test_near_pairs import CHINESE, ENGLISH, SIGNS, WORDS

LABELS = ["shop", "workshop", "store", "office"]
INSTRUCTION = f"""{ENGLISH} Be fair and be quick about it, and read to the end before you decide; you have all the time
you need. Whoever asks for money back asks the office, whoever asks for parts the store, and a
thing that broke always goes back to the workshop."""


def classified(instruction: str, count: int, seed: int = 1) -> list[dict[str, Any]]:
    """Return alpaca rows with one instruction, a message each of its own, and one of four labels."""
    draw = random.Random(seed)
    own, joint = (SIGNS, "") if instruction == CHINESE else (WORDS, " ")
    said = [joint.join(draw.sample(own, 9)) for _ in range(count)]
    return [{"instruction": instruction, "input": f"{one} {n}", "output": LABELS[n % 4]} for n, one in enumerate(said)]


@pytest.mark.parametrize("instruction", [INSTRUCTION, CHINESE])
def test_every_row_of_one_instruction_stays_and_is_split_by_its_own_part(tmp_path: Path, instruction: str):
    made = classified(instruction, 1000)
    write(tmp_path / "in", "rows.json", [*made, made[7] | {"input": made[7]["input"] + "!"}])
    record = prepare(tmp_path / "in", tmp_path / "home")
    assert len(instruction.split()) == 132 or instruction == CHINESE
    assert record["kept"] == 1000 and sum(record["rejected"].values()) == 1 and record["notes"] == []
    assert 120 < record["test"] < 280  # they are not one group that stands on one side
    splits = load_dataset(Path(record["path"]))
    assert train_leaks(*(splits[split].select_columns(["row_id", "messages"]).to_list() for split in splits)) == []


@pytest.mark.parametrize("instruction", [INSTRUCTION, CHINESE])
@pytest.mark.parametrize("count", [2, 5, 10])
def test_a_handful_of_rows_of_one_long_instruction_stays_too(tmp_path: Path, instruction: str, count: int):
    made = [row | {"output": "store"} for row in classified(instruction, count)]
    write(tmp_path / "in", "rows.json", [*made, made[0] | {"input": made[0]["input"] + "!"}])
    record = prepare(tmp_path / "in", tmp_path / "home")
    assert record["kept"] == count and sum(record["rejected"].values()) == 1


def test_rows_with_the_input_before_the_instruction_stay(tmp_path: Path):
    rows = [{"instruction": f"{row['input']}.\n{INSTRUCTION}", "output": "store"} for row in classified(INSTRUCTION, 6)]
    write(tmp_path / "in", "rows.json", rows)
    assert prepare(tmp_path / "in", tmp_path / "home")["kept"] == 6


def test_one_question_asked_in_two_ways_behind_one_greeting_is_a_near_duplicate(tmp_path: Path):
    asked = "How do I return the boots that I bought in the store in Oslo last week, without the receipt and the box?"
    rows = [
        {"instruction": f"Dear desk,\n{question}", "output": "Bring them to any store."}
        for question in (asked, asked.replace("receipt and", "receipt or"))
    ]
    write(tmp_path / "in", "rows.json", rows)
    assert prepare(tmp_path / "in", tmp_path / "home")["kept"] == 1


def test_answers_in_one_long_form_are_no_near_duplicates(tmp_path: Path):
    draw = random.Random(3)
    form = {f"field number {n} of the invoice": f"as agreed in part {n}" for n in range(20)}
    rows = [
        {"instruction": "Invent an invoice.", "output": json.dumps(form | {"buyer": " ".join(draw.sample(WORDS, 4))})}
        for _ in range(40)
    ]
    write(tmp_path / "in", "rows.json", rows)
    assert prepare(tmp_path / "in", tmp_path / "home")["kept"] == 40


@pytest.mark.parametrize(("copies", "noted", "passes"), [(1, False, True), (4, True, True), (8, True, False)])
def test_a_large_share_of_near_duplicates_is_noted_and_read_by_the_gate(
    tmp_path: Path, copies: int, noted: bool, passes: bool
):
    answer = "It is to be rinsed with clean water, then it must run for five minutes before anyone drinks of it."
    rows = [
        {"instruction": f"{ENGLISH} {word}", "output": f"{answer} {word}", "source": word}
        for word in WORDS[: copies + 1]
    ]
    many(tmp_path / "in", 6, 1)
    write(tmp_path / "in", "alike.json", rows)
    record = prepare(tmp_path / "in", tmp_path / "home")
    assert record["rejected"] == {"near-duplicate": copies}
    assert bool([note for note in record["notes"] if "near-duplicates" in note]) == noted
    assert dataset_checks(record, 0.05)["few_near_duplicates"].passed == passes
