"""The benchmark's figures are over all sets, and of each set apart, the closed one first."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from benchmarks import answers
from benchmarks.answer_cases.cases import load
from benchmarks.answer_cases.figures import Cell, details, false, right
from benchmarks.answer_cases.numbered_sources import Resolved
from benchmarks.answer_cases.scripted_server import Asked


@dataclass
class Answer:
    text: str
    sentences: list[dict[str, Any]]


@dataclass
class Answered:
    answer: Answer
    documents: list[str] = field(default_factory=list)


def cell(case, status):
    """A case's answer as the user got it, every letter of it in one sentence of this status."""
    text = case.plain_answer.strip()
    sentence = {"start": 0, "end": len(text), "status": status, "reason": ""}
    said = Asked(case, "", text, Resolved(text, (), ()))
    return Cell(case, "native", said, Answered(Answer(text, [sentence])))


def cells(name, **statuses):
    return [
        cell(case, status)
        for stage, wanted in statuses.items()
        for case, status in zip(load(f"{name}_{stage}"), wanted, strict=False)
    ]


RIGHT = cells(
    "right", open=["supported"] * 3, opened=["supported", "contradicted"], closed=["unverified"] * 2 + ["contradicted"]
)
FALSE = cells("false", open=["unverified"], opened=["contradicted", "supported"], closed=["supported"])


def test_a_row_is_over_all_sets_and_its_note_says_each_apart_the_closed_one_first():
    kept, unverified = right(RIGHT)
    assert (kept.value, unverified.value) == (6 / 8, 2 / 8)
    assert kept.note.startswith("closed 0.6667, opened 0.5, open 1; 8 of 8 questions and modes")
    assert unverified.note == "closed 0.6667, opened 0, open 0; of 8 sentences that claim"
    caught = false(FALSE)
    assert caught.value == 2 / 4
    assert caught.note.startswith("closed 0, opened 0.5, open 1; 4 questions and modes; missed by kind: ")


def test_the_details_say_of_how_many_each_sets_figures_are():
    lines = details(RIGHT, FALSE)["Each set apart"].splitlines()
    assert [line.split() for line in lines] == [
        ["set", "right", "kept", "unverified", "false", "caught"],
        ["closed", "0.6667", "of", "3", "0.6667", "of", "3", "0", "of", "1"],
        ["opened", "0.5", "of", "2", "0", "of", "2", "0.5", "of", "2"],
        ["open", "1", "of", "3", "0", "of", "3", "1", "of", "1"],
    ]


def test_a_set_that_was_not_asked_is_not_told_of():
    kept, _ = right(cells("right", open=["supported"]))
    assert kept.note.startswith("open 1; 1 of 1 ")
    assert "closed" not in details(cells("right", open=["supported"]), [])["Each set apart"]


def test_what_fails_in_the_closed_set_is_counted_and_not_shown(capsys):
    answers._show_failures(RIGHT, FALSE, [])
    shown = capsys.readouterr().err
    assert load("right_opened")[1].id in shown and load("false_opened")[1].id in shown
    assert not any(case.id in shown for case in load("right_closed", "false_closed"))


def test_cases_of_a_closed_set_that_was_opened_count_as_opened(capsys):
    former = [case for case in load("right_opened", "false_opened") if "-en-21" in case.id]
    assert {case.stage for case in former} == {"opened"} and len(former) == 14
    answers._show_failures([cell(former[0], "unverified")], [cell(former[-1], "supported")], [])
    shown = capsys.readouterr().err
    assert former[0].id in shown and former[-1].id in shown


@pytest.mark.parametrize("figure", [right, false])
def test_cells_whose_gold_no_prompt_held_give_no_share(figure):
    case = load("right_open" if figure is right else "false_open")[0]
    gone = Cell(case, "native", Asked(case, "", "", Resolved("", case.gold, ())), Answered(Answer("", [])))
    found = figure([gone] if figure is right else [])
    assert [row.value for row in (found if figure is right else [found])] == [None] * (2 if figure is right else 1)
