import json
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.answer_cases.unanswerable import count, refused_share, told
from benchmarks.corpora import hidden_gold, multihop
from benchmarks.corpora.hidden_gold import Asked, asked, holds
from benchmarks.curves.evidence_bar import Case, lines_of, patterns_told, shares

ONE = Asked("Who wrote it?", ("Ada",), frozenset({"c1"}), "choosing")
CASES = [
    Case(ONE, hidden=False, score=0.7, right=True),
    Case(ONE, hidden=False, score=0.5, right=True),
    Case(ONE, hidden=True, score=0.6, right=False),
    Case(ONE, hidden=True, score=0.3, right=False),
]


def test_a_bar_answers_what_reaches_it_and_refuses_what_does_not() -> None:
    assert shares(CASES, 0.4) == (1.0, 1.0, 0.5)
    assert shares(CASES, 0.6) == (0.5, 0.5, 0.5)
    assert shares(CASES, 0.65) == (0.5, 0.5, 1.0)
    elsewhere = Case(ONE, hidden=True, score=0.9, right=True)
    assert shares([*CASES, elsewhere], 0.65) == (0.5, 0.5, 1.0)
    assert lines_of("musique", CASES, [0.65]) == [["musique", "choosing", "2", "0.65", "0.50", "0.50", "1.00"]]


def test_the_patterns_are_told_by_what_they_let_through() -> None:
    kinds = Counter({(True, True): 3, (True, False): 1, (False, True): 2, (False, False): 6})
    told = patterns_told("cmrc", [Case(ONE, hidden=False, score=0.7, right=True, kinds=kinds), CASES[2]])
    assert "3 of 4 sentences that hold the answer" in told and "2 of the 8 others" in told


def test_an_answer_stands_in_a_text_whatever_its_case() -> None:
    assert holds("by ada lovelace", ("Ada", "Babbage")) and not holds("by Byron", ("Ada", ""))


def test_questions_of_one_fact_are_taken_from_those_of_several_and_halves_share_no_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    passages = [{"title": name, "text": f"{name} is a town."} for name in ("Oslo", "Halden", "Bergen")]
    paragraphs = [
        {"title": one["title"], "paragraph_text": one["text"], "is_supporting": one["title"] != "Bergen"}
        for one in passages
    ]
    hops = [
        {"question": "What is Oslo?", "answer": "a town", "paragraph_support_idx": 0},
        {"question": "Where is #1?", "answer": "here", "paragraph_support_idx": 1},
        {"question": "Oslo >> country", "answer": "Norway", "paragraph_support_idx": 1},
    ]
    row = {
        "question": "Where is what Oslo is?",
        "answer": "here",
        "answer_aliases": ["there"],
        "paragraphs": paragraphs,
        "question_decomposition": hops,
    }
    folder = tmp_path / "multihop"
    folder.mkdir()
    for name, held in (("musique_train", [row, row]), ("musique_train_corpus", passages)):
        (folder / f"{name}.json").write_text(json.dumps(held), encoding="utf-8")
    monkeypatch.setattr(multihop, "DATA", tmp_path)
    corpus = multihop.load("musique")
    oslo, halden, _ = corpus.ids
    first, second = asked("musique", corpus)
    assert first == Asked("Where is what Oslo is?", ("here", "there"), frozenset({oslo, halden}), "choosing")
    assert second.half == "kept"
    assert [one.question for one in asked("musique-hops", corpus)] == ["What is Oslo?"] * 2
    assert asked("musique-hops", corpus)[0].gold == {oslo} and hidden_gold.HALVES == ("choosing", "kept")


def test_refusals_are_counted_by_mode_and_by_whether_there_is_an_answer() -> None:
    questions = [("a", False), ("b", False), ("c", True)]
    counts = count(["native", "local"], questions, lambda question, mode: (question, mode) in {("a", "native")})
    assert refused_share(counts) == 0.25
    assert told(counts) == (
        "native 1 of 2 refused and 1 of 1 answerable ones answered, "
        "local 0 of 2 refused and 1 of 1 answerable ones answered"
    )
