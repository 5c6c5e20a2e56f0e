"""The shipped sample keeps what the README says of it."""

import json
import re
from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest

from resources.settings import CHECKOUT

SAMPLES = CHECKOUT / "samples"
CJK = re.compile(r"[一-鿿]")


def grams(text: str) -> set[tuple[str, ...]]:
    chinese = len(CJK.findall(text)) > 0.3 * len(re.sub(r"\s", "", text))
    units = re.findall(r"\w", text) if chinese else re.findall(r"\w+", text.lower())
    return {tuple(units[i : i + 5]) for i in range(len(units) - 4)}


def rows() -> list[dict]:
    found = []
    for path in sorted((SAMPLES / "instructions").iterdir()):
        if path.name.startswith("flawed"):
            continue
        text = path.read_text(encoding="utf-8")
        items = json.loads(text) if path.suffix == ".json" else [json.loads(line) for line in text.splitlines()]
        found += items
    return found


def text_of(row: dict) -> str:
    if "messages" in row:
        return " ".join(message["content"] for message in row["messages"] if message["role"] != "system")
    return " ".join((row["instruction"], row.get("input", ""), row["output"]))


def questions() -> list[dict]:
    text = (SAMPLES / "questions" / "questions.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_at_least_sixty_documents_in_five_formats():
    formats = Counter(path.suffix for path in (SAMPLES / "documents").rglob("*") if path.is_file())
    assert sum(formats.values()) >= 60
    assert all(formats[suffix] >= 5 for suffix in (".md", ".txt", ".html", ".pdf", ".docx"))


def test_at_least_four_hundred_instruction_rows_in_both_forms_and_languages():
    found = rows()
    assert len(found) >= 400
    assert sum("messages" in row for row in found) >= 100
    assert sum("instruction" in row for row in found) >= 200
    assert sum(bool(CJK.search(text_of(row))) for row in found) >= 150


def test_no_two_rows_share_more_than_sixty_percent_of_their_five_grams():
    sets = [(row, grams(text_of(row))) for row in rows()]
    for (one, left), (other, right) in combinations(sets, 2):
        if left and right:
            assert len(left & right) <= 0.6 * min(len(left), len(right)), (text_of(one), text_of(other))


def test_questions_are_marked_and_their_gold_documents_exist():
    found = questions()
    types = Counter(question["type"] for question in found)
    assert len(found) >= 60
    assert set(types) == {"single-hop", "multi-hop", "global", "unanswerable"}
    for question in found:
        assert all((SAMPLES / "documents" / name).is_file() for name in question["documents"])
        assert bool(question["documents"]) == (question["type"] != "unanswerable")


def test_no_multi_hop_answer_needs_only_one_document():
    assert all(len(question["documents"]) >= 2 for question in questions() if question["type"] == "multi-hop")


@pytest.mark.parametrize("path", sorted((SAMPLES / "instructions").glob("flawed*")), ids=lambda path: path.name)
def test_flawed_rows_are_flawed_on_purpose_and_few(path: Path):
    assert 0 < len(path.read_text(encoding="utf-8").splitlines()) <= 10
