"""Sentences of a strong model, right and false, against documents; spans, marks and what is no claim."""

import pytest

from pipelines.answering.grounding.citations.records import Passage, Source, Status
from pipelines.answering.grounding.citations.verify import verify
from tests.answering.grounding.citations import cases, cases_more
from tests.answering.grounding.citations.world import DOCUMENTS, sources

MORE = [
    Source(number, (Passage(f"c{number}", f"d{number}", "v1", text, 100),), title=title)
    for number, (title, text) in cases_more.DOCUMENTS.items()
]
NOT_CAUGHT = frozenset(
    (
        "Salmon live in Lake Sund [4].",
        "Harold Pike is the treasurer [1].",
        "鼓手是周强，他接替了赵海[6]。",
        "Lake Arvo lies east of the Kell mountains [4].",
    )
)
"""False sentences of the second table that pass; the share that is caught is asserted below."""


@pytest.mark.parametrize(
    ("answer", "known"), [(one, sources()) for one in cases.RIGHT] + [(one, MORE) for one in cases_more.RIGHT]
)
def test_a_right_sentence_is_borne_out(answer: str, known: list[Source]):
    claims = verify(answer, known).claims
    assert claims
    assert [one.reason for one in claims if one.status is None or not one.status.holds] == []
    assert all(one.citations for one in claims)


@pytest.mark.parametrize(
    ("answer", "known"),
    [(one, sources()) for _, one in cases.FALSE]
    + [(one, MORE) for _, one in cases_more.FALSE if one not in NOT_CAUGHT],
)
def test_a_false_sentence_is_unverified_or_contradicted(answer: str, known: list[Source]):
    assert any(one.status is not None and not one.status.holds for one in verify(answer, known).claims)


def test_nine_in_ten_false_sentences_of_the_second_table_are_caught():
    caught = [
        any(one.status and not one.status.holds for one in verify(text, MORE).claims) for _, text in cases_more.FALSE
    ]
    assert sum(caught) / len(caught) >= 0.9


@pytest.mark.parametrize("answer", cases.REFUSALS)
def test_a_refusal_claims_nothing(answer: str):
    verified = verify(answer, sources())
    assert verified.claims == ()
    assert [one.reason for one in verified.sentences] == ["claims nothing: a refusal"]


@pytest.mark.parametrize("answer", [*cases.RIGHT, *(one for _, one in cases.FALSE)])
def test_every_quote_is_a_sentence_that_stands_at_its_span(answer: str):
    for sentence in verify(answer, sources()).sentences:
        assert answer[sentence.start : sentence.end] == sentence.text
        for one in sentence.citations:
            text = DOCUMENTS[one.number][1]
            start, end = one.start - 1000 * one.number, one.end - 1000 * one.number
            assert text[start:end] == one.quote
            assert one.chunk_id == f"chunk-{one.number}"
            assert (one.document_id, one.document_version) == (f"doc-{one.number}", f"v{one.number}")


def test_a_wrong_mark_is_corrected_and_an_absent_one_added():
    wrong, absent = verify(
        "Clara Weiss founded the museum in 1898 [4]. Dogs are not allowed inside the hut.", sources()
    ).claims
    assert (wrong.status, wrong.note) == (Status.SUPPORTED, "citation corrected: [2]")
    assert (absent.status, absent.note) == (Status.SUPPORTED, "citation added: [8]")


def test_a_mark_without_a_source_is_told():
    (claim,) = verify("Clara Weiss founded the museum in 1898 [2][17].", sources()).claims
    assert (claim.status, claim.note) == (Status.SUPPORTED, "there is no source 17")


def test_sentences_of_two_documents_bear_out_one_together():
    (claim,) = verify(cases.RIGHT[50], sources()).claims
    assert {one.number for one in claim.citations} == {1, 4}


def test_a_result_that_follows_is_derived_and_a_stated_one_supported():
    derived, stated = verify(
        "Cargo grew by 12.5 % ((54.0 − 48.0) / 48.0 = 12.5 %) [1]. Adults pay €12 [2].", sources()
    ).claims
    assert (derived.status, stated.status) == (Status.DERIVED, Status.SUPPORTED)


def test_a_false_calculation_is_contradicted():
    (claim,) = verify("Cargo grew by 15 % ((54.0 − 48.0) / 48.0 = 15 %) [1].", sources()).claims
    assert claim.status is Status.CONTRADICTED
    assert "calculation" in claim.reason


def test_a_fact_is_proved_by_its_passages():
    fact = Source(
        1, (Passage("c1", "d", "v", "Anna Berg leads the project.", 40), Passage("c2", "d", "v", "It rained.", 90))
    )
    (claim,) = verify("The project's lead is Anna Berg [1].", [fact]).claims
    assert claim.status is Status.SUPPORTED
    assert [(one.chunk_id, one.start, one.end) for one in claim.citations] == [("c1", 40, 68)]


@pytest.mark.parametrize(
    ("text", "right", "false"),
    [
        (
            "Exports doubled to 400,000 litres.",
            "Exports reached 400,000 litres, twice as much.",
            "Exports halved to 400,000 litres.",
        ),
        (
            "Inspectors found cracks in four of the eighteen piers.",
            "Cracks were found in 4 of 18 piers.",
            "Cracks were found in 18 of 4 piers.",
        ),
    ],
)
def test_multiples_and_parts_of_a_whole(text: str, right: str, false: str):
    known = [Source(1, (Passage("c", "d", "v", text),))]
    assert verify(right, known).claims[0].status is Status.SUPPORTED
    assert verify(false, known).claims[0].status is Status.CONTRADICTED


def test_without_sources_a_claim_is_unverified():
    (claim,) = verify("Oslo has 700,000 inhabitants [1].", []).claims
    assert (claim.status, claim.citations) == (Status.UNVERIFIED, ())


def test_meaning_bears_out_what_words_do_not():
    answer = "The curators keep three dozen thousand things there [2]."
    known = sources(2)
    (plain,) = verify("Newcomers get a discount at the cash desk [2].", known).claims
    (meant,) = verify(
        "Newcomers get a discount at the cash desk [2].", known, lambda _, others: [0.9] * len(others)
    ).claims
    assert (plain.status, meant.status) == (Status.UNVERIFIED, Status.SUPPORTED)
    assert verify(answer, known).claims[0].status is Status.UNVERIFIED


def test_nothing_is_evaluated_and_nothing_raises():
    for answer in (
        "",
        "[1]",
        "= = = [1]",
        "((((((1 / 0 = 3",
        "9" * 5000 + " + 1 = 2",
        "__import__('os') * 2 = 4 [1]",
        "|a|\n|-|\n|b|",
    ):
        assert verify(answer, sources(1)).text == answer


@pytest.mark.parametrize(
    ("source", "said", "statuses"),
    [
        (
            "Sales came to 90 tonnes in May, after 60 tonnes the month before.",
            "Sales rose from 60 tonnes the month before to 90 tonnes in May [1].",
            ("supported", "derived"),
        ),
        (
            "The chapel stands above the village and below the ridge.",
            "The chapel stands below the ridge [1].",
            ("supported", "derived"),
        ),
        (
            "The chapel was built after the mill.",
            "The chapel was built before the mill [1].",
            ("unverified", "contradicted"),
        ),
    ],
)
def test_a_source_that_has_a_word_and_its_opposite_contradicts_neither(
    source: str, said: str, statuses: tuple[str, ...]
) -> None:
    (one,) = verify(said, [Source(1, (Passage("c", "d", "v1", source),))]).claims
    assert one.status is not None and one.status.value in statuses, one.reason
