"""The hand-written cases of the benchmark of answers hold: gold stands, numbers follow, sets are disjoint."""

import calendar
import math
import re
from collections import Counter
from itertools import combinations

import pytest

from benchmarks.answer_cases import cases as data
from benchmarks.answer_cases.cases import (
    DOCUMENTS,
    FALSE_KINDS,
    RIGHT_KINDS,
    SETS,
    STAGES,
    BadCase,
    Case,
    load,
    text_of,
)

RIGHT, FALSE = (load(*(f"{name}_{stage}" for stage in STAGES)) for name in ("right", "false"))
REFUSALS, SMALL = load("refusals"), load("small_model")
PAPERS = sorted(path.relative_to(DOCUMENTS).as_posix() for path in DOCUMENTS.rglob("*") if path.is_file())
HAN = re.compile(r"[\u4e00-\u9fff]")
CONVERSIONS = {100.0, 60.0, 1000.0, 10000.0}
"""Percent, minutes of an hour, grams of a kilogram and the like, 万."""
SIZES = {"closed": 30, "opened": 60, "open": 30}
"""Of the right and of the false answers; the opened set is two former closed ones."""


def is_chinese(text: str) -> bool:
    return len(HAN.findall(text)) > len(re.findall(r"[A-Za-z]+", text))


def numbers(text: str) -> set[str]:
    """The numbers of a text without the commas of thousands; numbers of list items are none."""
    text = re.sub(r"(?m)^\s*\d+\.\s", "", text)
    return {found.replace(",", "") for found in re.findall(r"\d+(?:[.,]\d+)*", text)}


def in_digits(text: str) -> str:
    """The text with its months and its "two" as numbers, which another language writes in digits."""
    words = {"two": "2", **{name: str(month) for month, name in enumerate(calendar.month_name) if name}}
    return re.sub(rf"\b({'|'.join(words)})\b", lambda word: f" {words[word[0]]} ", text)


def crossings(cases: list[Case]) -> list[Case]:
    """The cases in another language than their first document."""
    return [case for case in cases if is_chinese(text_of(case.documents[0])) != (case.language == "zh")]


def values(text: str) -> set[float]:
    return {float(one) for one in numbers(text) if one.count(".") < 2}


def of_thirty(cases: list[Case]) -> dict[str, float]:
    """How many of thirty cases are of each kind."""
    return {kind: 30 * count / len(cases) for kind, count in Counter(case.kind for case in cases).items()}


def as_number(text: str) -> float:
    assert re.fullmatch(r"[\d\s.+\-*/()]+", text), text
    return float(eval(text))


def test_the_sets_have_their_sizes_and_their_kinds_are_balanced():
    assert (len(RIGHT), len(FALSE), len(REFUSALS)) == (120, 120, 20)
    assert Counter(case.kind for case in SMALL) == {"unanswerable": 20, "answerable": 20}
    for cases, kinds in ((RIGHT, RIGHT_KINDS), (FALSE, FALSE_KINDS)):
        assert {
            kind: 15 <= count <= 20 for kind, count in Counter(case.kind for case in cases).items()
        } == dict.fromkeys(kinds, True)
    assert Counter(case.kind for case in REFUSALS)["partial"] >= 4


@pytest.mark.parametrize("name", SETS)
def test_both_languages_have_three_tenths_of_every_set(name):
    spoken = Counter(case.language for case in load(name))
    assert min(spoken["en"], spoken["zh"]) >= 0.3 * spoken.total()
    assert all((case.language == "zh") == is_chinese(case.question) for case in load(name))


@pytest.mark.parametrize("name", ["right", "false"])
def test_sets_have_their_sizes_share_nothing_and_have_the_same_kinds(name):
    sets = [load(f"{name}_{stage}") for stage in STAGES]
    assert {stage: len(cases) for stage, cases in zip(STAGES, sets, strict=True)} == SIZES
    assert [{case.stage for case in cases} for cases in sets] == [{"closed"}, {"opened"}, {"open"}]
    for one, other in combinations(sets, 2):
        for field in ("id", "question", "answer"):
            assert not {getattr(case, field) for case in one} & {getattr(case, field) for case in other}
        kinds, others = (of_thirty(cases) for cases in (one, other))
        assert kinds.keys() == others.keys() and all(abs(kinds[kind] - others[kind]) <= 1 for kind in kinds)


def test_the_closed_sets_documents_are_its_own_and_no_other_case_rests_on_one():
    closed = {path for case in (*RIGHT, *FALSE) if case.stage == "closed" for path in case.documents}
    others = {path for case in load(*SETS) if case.stage != "closed" for path in case.documents}
    assert len(closed) >= 10 and not closed & others


def test_half_of_the_closed_false_answers_are_in_words_of_their_own():
    assert sum("own_words" in case.habits for case in load("false_closed")) >= 15


@pytest.mark.parametrize("name", ["right_closed", "false_closed"])
def test_some_closed_answers_of_either_language_are_in_another_than_their_document(name):
    crossing = crossings(load(name))
    assert len(crossing) >= 4 and {case.language for case in crossing} == {"en", "zh"}


def test_one_server_can_answer_all_sets_since_no_question_is_in_two():
    assert len(load(*SETS)) == 300


def test_documents_are_many_short_in_two_languages_and_several_formats_and_each_is_used():
    assert len(PAPERS) >= 48 and sum(is_chinese(text_of(paper)) for paper in PAPERS) >= 19
    assert {paper.rsplit(".", 1)[1] for paper in PAPERS} == {"md", "html", "txt", "csv"}
    used = {one.document for case in (*RIGHT, *FALSE) for one in case.gold}
    assert used == set(PAPERS)
    assert not re.search(r"\b(tent|rucksack|Corvane|Fjell|stove)s?\b", " ".join(map(text_of, PAPERS)))


@pytest.mark.parametrize("case", RIGHT, ids=lambda case: case.id)
def test_a_right_answers_numbers_stand_in_its_gold_or_follow_by_its_arithmetic(case):
    given = in_digits(f"{case.question} " + " ".join(one.sentence for one in case.gold))
    known, worth = numbers(given), values(given) | CONVERSIONS
    for line in case.arithmetic:
        left, right = line.split(" = ")
        assert values(left) <= worth, line
        assert math.isclose(as_number(left), float(right), rel_tol=1e-9), line
        worth |= values(right)
    told = {one for one in numbers(case.plain_answer) if one not in known}
    assert all(one.count(".") < 2 and float(one) in worth for one in told), told


def test_kinds_say_what_a_case_is():
    for case in RIGHT:
        tongues = {is_chinese(text_of(document)) for document in case.documents}
        if case.kind == "synthesis":
            assert len(case.documents) >= 2, case.id
        if case.kind == "other_language":
            assert tongues == {case.language == "en"}, case.id
        if case.kind == "calculation":
            assert case.arithmetic, case.id
    habits = Counter(habit for case in (*RIGHT, *FALSE) for habit in case.habits)
    assert habits.keys() == set(data.HABITS) and min(habits.values()) >= 1


@pytest.mark.parametrize("case", FALSE, ids=lambda case: case.id)
def test_a_false_answer_names_its_false_part_and_the_truth_and_points_at_what_contradicts_it(case):
    assert not any(part in text_of(one.document) for part in case.false_parts for one in case.gold)
    assert case.truth not in case.answer
    if case.kind in ("numbers", "units", "dates", "roles", "other_entity") and "no_marks" not in case.habits:
        assert data.MARK.search(case.answer)


def test_some_false_answers_are_in_another_language_than_their_document():
    crossing = crossings(FALSE)
    assert len(crossing) >= 16 and {case.language for case in crossing} == {"en", "zh"}


def test_a_partial_refusal_says_which_part_it_refuses():
    assert all(bool(case.refuses) == bool(case.gold) == (case.kind == "partial") for case in REFUSALS)


def test_the_short_answers_for_the_small_model_stand_in_their_gold():
    for case in SMALL:
        if case.kind == "answerable":
            assert case.answer in case.gold[0].sentence, case.id
        else:
            assert not case.gold and not case.answer


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            {"gold": [{"document": "city/kiln-lane-footbridge.txt", "sentence": "It is 47 metres long"}]},
            "not in city/k",
        ),
        ({"kind": "riddle"}, "kind 'riddle'"),
        ({"answer": "It is long {cite:city/kiln-lane-footbridge.txt#2}."}, "a mark without gold"),
        ({"answer": "It is long."}, "no_marks"),
        ({"documents": ["city/nowhere.md"]}, "no document city/nowhere.md"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_case_that_does_not_hold_is_refused_by_its_id(change, told):
    sentence = {"document": "city/kiln-lane-footbridge.txt", "sentence": "It is 46 metres long"}
    row = {
        "id": "x1",
        "kind": "paraphrase",
        "language": "en",
        "question": "How long is it?",
        "documents": ["city/kiln-lane-footbridge.txt"],
        "gold": [sentence],
        "answer": "46 metres {cite:city/kiln-lane-footbridge.txt}.",
    }
    assert data._case(row, "right_open").answer == row["answer"]
    with pytest.raises(BadCase, match=f"x1: .*{told}"):
        data._case({**row, **change}, "right_open")
