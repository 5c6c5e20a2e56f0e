"""One thing of a sentence exchanged for another that the sources know, and what is right beside it."""

import pytest

from pipelines.answering.grounding.citations.records import Passage, Source, Status
from pipelines.answering.grounding.citations.verify import verify
from tests.answering.grounding.citations import cases_slots

SOURCES = [
    Source(number, (Passage(f"c{number}", f"d{number}", "v1", text, 100),), title=title)
    for number, (title, text) in cases_slots.DOCUMENTS.items()
]


@pytest.mark.parametrize("answer", cases_slots.RIGHT)
def test_a_right_sentence_is_borne_out(answer: str):
    claims = verify(answer, SOURCES).claims
    assert claims
    assert [one.reason for one in claims if one.status is None or not one.status.holds] == []


@pytest.mark.parametrize("answer", cases_slots.FALSE)
def test_a_sentence_with_one_thing_exchanged_is_not_borne_out(answer: str):
    assert any(one.status is not None and not one.status.holds for one in verify(answer, SOURCES).claims)


@pytest.mark.parametrize(("answer", "number"), cases_slots.CROSSING_RIGHT)
def test_a_translation_is_borne_out_by_a_likeness_on_either_languages_scale(answer: str, number: int):
    (source,) = (one for one in SOURCES if one.number == number)

    # As an embedder's scales have it: what is a translation shows from the English side alone.
    def similar(text: str, others: object) -> list[float]:
        return [0.2 if text.isascii() else 0.0] * len(others)  # type: ignore[arg-type]

    assert [one.status for one in verify(answer, [source], similar).claims] == [Status.SUPPORTED]
    unlike = verify(answer, [source], lambda _, others: [0.05] * len(others)).claims
    assert [one.status for one in unlike if one.status is Status.SUPPORTED and "每" not in one.text] == []


@pytest.mark.parametrize(("answer", "number"), cases_slots.CROSSING_FALSE)
def test_a_translation_with_another_figure_is_not_borne_out(answer: str, number: int):
    (source,) = (one for one in SOURCES if one.number == number)
    (claim,) = verify(answer, [source], lambda _, others: [0.4] * len(others)).claims
    assert claim.status is Status.UNVERIFIED


@pytest.mark.parametrize(
    "sentence",
    [
        "On line 3 folding bicycles are not allowed, on lines 1 and 2 they are allowed.",
        "周日不开普通门诊，只开急诊。",
        "Norsund won the cup by 3-1; Maren Falk scored twice.",
        "The mast of the old radio was lost; the new one held.",
    ],
)
def test_a_sentence_of_the_source_is_borne_out_by_itself(sentence: str):
    (claim, *_) = verify(sentence, [Source(1, (Passage("c", "d", "v", f"{sentence} More."),))]).claims
    assert claim.status is Status.SUPPORTED


def test_where_a_source_says_yes_and_no_with_one_word_nothing_is_contradicted():
    text = "On line 3 folding bicycles are not allowed, on lines 1 and 2 they are allowed."
    (claim,) = verify("Folding bicycles are allowed on line 1.", [Source(1, (Passage("c", "d", "v", text),))]).claims
    assert claim.status is not Status.CONTRADICTED
