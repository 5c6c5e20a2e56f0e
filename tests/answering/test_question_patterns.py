"""Which questions are about all documents, and which of these only ask what the documents are about."""

import os

import pytest

from benchmarks.corpora.multihop import CHINESE, load
from pipelines.answering.question import question_terms
from pipelines.answering.question_patterns import asks_for_all, asks_for_overview
from pipelines.text.languages.languages import language_of
from tests.answering.corpus_questions import ONLY_LOOKS_SO, OVERVIEW, WITH_TERMS


@pytest.mark.parametrize("question", OVERVIEW)
def test_a_question_for_what_the_documents_are_about_has_no_terms_of_its_own(question: str):
    assert asks_for_all(question) and asks_for_overview(question)


@pytest.mark.parametrize("question", WITH_TERMS)
def test_terms_of_its_own_stay_with_a_question_about_all_documents(question: str):
    assert asks_for_all(question) and not asks_for_overview(question) and question_terms(question)


@pytest.mark.parametrize("question", ONLY_LOOKS_SO)
def test_a_question_about_one_document_or_thing_is_not_about_all(question: str):
    assert not asks_for_all(question) and not asks_for_overview(question)


def test_the_lists_hold_thirty_of_each_kind_in_each_language():
    for questions in (OVERVIEW, ONLY_LOOKS_SO):
        assert all(sum(language_of(one).code == code for one in questions) >= 30 for code in ("en", "zh"))


def test_line_ends_and_a_long_text_change_nothing():
    assert asks_for_overview("Hello!\nWhat are\nthe main topics?")
    assert not asks_for_overview("What are the main topics? " + "documents " * 30)


@pytest.mark.skipif("GRAFTLINE_BENCH_DATA" not in os.environ, reason="needs the public data of GRAFTLINE_BENCH_DATA")
@pytest.mark.parametrize("name", ["musique", "2wiki", CHINESE])
def test_no_question_of_the_public_sets_is_taken_for_one_about_all(name: str):
    questions = [one.text for one in load(name).questions]
    assert len(questions) >= 100 and not [one for one in questions if asks_for_all(one)]
