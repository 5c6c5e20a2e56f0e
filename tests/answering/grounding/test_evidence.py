from typing import Any

from pipelines.answering.grounding.evidence import rank_evidence, source_sentences
from pipelines.answering.question import question_terms
from pipelines.answering.search.search import Retrieved, row_terms
from pipelines.answering.search.similarity import Similarity
from pipelines.answering.settings import ExtractSettings
from pipelines.text.terms import term_weights, terms, with_pairs
from tests.fakes import FakeEmbedder


def _chunk(number: int, title: str, text: str) -> dict[str, Any]:
    return {
        "chunk_id": f"c{number}",
        "document_id": f"d{number}",
        "path": f"{number}.md",
        "title": title,
        "start": 0,
        "text": text,
        "terms": with_pairs(terms(f"{title}\n{text}")),
    }


def _best(question: str, *chunks: dict[str, Any], broad: bool = False) -> list[str]:
    weights = term_weights(question_terms(question), [chunk["terms"] for chunk in chunks])
    return [
        one.text
        for one in rank_evidence(question, Retrieved(list(chunks), [], weights, broad=broad), None)[0].sentences
    ]


def test_one_sentence_that_covers_the_question_stands_alone() -> None:
    chunk = _chunk(1, "Returns", "Unused goods go back within 45 days. The label costs 4.50 euros.")
    assert _best("Within how many days do unused goods go back?", chunk) == ["Unused goods go back within 45 days."]


def test_two_sentences_are_linked_by_a_name_that_the_question_lacks() -> None:
    tent = _chunk(1, "Aurora", "The Aurora sleeping bag is stored at Halden.")
    site = _chunk(2, "The Halden site", "Petra Vogel has managed the warehouse since April.")
    noise = _chunk(3, "Verano", "Dario Conti likes coffee.")
    assert _best("Who manages the warehouse in which the Aurora sleeping bag is stored?", tent, site, noise) == [
        "The Aurora sleeping bag is stored at Halden.",
        "Petra Vogel has managed the warehouse since April.",
    ]


def test_a_table_row_counts_with_the_words_of_its_header() -> None:
    table = "| Supplier | Next audit |\n|---|---|\n| Sava Packs | May 2027 |\n| Monti | June 2026 |"
    [sava, monti] = source_sentences([_chunk(1, "Calendar", table)])
    assert "audit" in sava.terms and "audit" in monti.terms and "sava" not in monti.terms


def test_the_head_of_a_table_is_no_source_and_a_table_without_a_ruler_has_none() -> None:
    headed = "Costs.\n\n| Event | Gross cost | Recovered |\n| --- | ---: | --- |\n| Verano flood | 90,000 | 4 |"
    plain = "| Verano flood | 90,000 euros | June |\n| Halden fire | 12,000 euros | May |"
    assert [one.text for one in source_sentences([_chunk(1, "Costs", headed)])] == ["| Verano flood | 90,000 | 4 |"]
    assert len(source_sentences([_chunk(2, "Costs", plain)])) == 2


def test_rows_that_name_their_cells_lend_no_words_to_the_rows_below() -> None:
    rows = "| port: Oslo | berths: 7 |\n| port: Ningbo | berths: 12 |"
    [_, ningbo] = source_sentences([_chunk(1, "Ports", rows)])
    assert "oslo" not in ningbo.terms and ningbo.columns == ""


def test_a_late_row_of_a_table_is_found_by_the_head_in_its_chunks_header() -> None:
    head = "| Port | Berths | Draught |"
    late = _chunk(1, "Ports", "| Oslo | 7 | 9.5 |\n| Ningbo | 12 | 14.5 |") | {"header": f"Ports\n{head}"}
    late["terms"] = row_terms(late)
    other = _chunk(2, "Ships", "The Ningbo Star is a ship that was built in Oslo.")
    assert _best("What is the draught of Ningbo?", late, other) == ["| Ningbo | 12 | 14.5 |"]


def test_a_wide_question_over_many_voices_takes_one_sentence_a_document() -> None:
    chunks = [
        _chunk(number, name, f"The main trouble at {name} was a flood.")
        for number, name in enumerate(["Verano", "Halden", "Ningbo", "Oslo"])
    ]
    assert len(_best("What were the main kinds of trouble, and what did people say?", *chunks, broad=True)) in (1, 3)


def test_an_embedder_that_does_not_read_the_question_is_not_asked_what_sentences_mean() -> None:
    chunk = _chunk(1, "Returns", "Unused goods go back within 45 days. The label costs 4.50 euros.")
    question = "Within how many days do unused goods go back?"
    retrieved = Retrieved([chunk], [], term_weights(question_terms(question), [chunk["terms"]]))
    blind, reading = FakeEmbedder(languages=["zh"]), FakeEmbedder(languages=["en"])
    without, unread, read = (
        [one.score for one in rank_evidence(question, retrieved, by and Similarity(by))]
        for by in (None, blind, reading)
    )
    assert unread == without and blind.calls == []
    assert read != without and reading.calls


def test_a_name_whose_words_stand_apart_is_not_the_name() -> None:
    question = "Who directed Fist Power?"
    named = _chunk(1, "Fist Power", "It was directed by Aman Chang.")
    apart = _chunk(2, "Broken Fist", "Broken Fist was directed by Ada Ngo and stars a Power Ranger.")
    weights = term_weights(question_terms(question), [named["terms"], apart["terms"]])
    whole, parts = (rank_evidence(question, Retrieved([one], [], weights), None)[0].score for one in (named, apart))
    assert parts < 0.5 * whole


def test_what_a_document_is_about_counts_more_than_what_stands_around() -> None:
    question = "How deep is the Halden harbour?"
    titled = _chunk(1, "Halden harbour", "The water is 14 metres deep. Ships wait outside.")
    around = _chunk(2, "Ships", "The water is 14 metres deep. Ships wait at the Halden harbour.")
    weights = term_weights(question_terms(question), [titled["terms"], around["terms"]])
    best = [rank_evidence(question, Retrieved([one], [], weights), None) for one in (titled, around)]
    deep = [next(item.score for item in found if "deep" in item.sentences[0].text) for found in best]
    assert deep[0] > deep[1]


def test_a_bar_that_is_higher_asks_more_of_one_fact_and_no_more_of_a_question_about_the_whole() -> None:
    chunks = [
        _chunk(number, name, f"The main trouble at {name} was a flood.")
        for number, name in enumerate(["Verano", "Halden", "Ningbo", "Oslo"])
    ]
    question = "What were the main troubles?"
    weights = term_weights(question_terms(question), [chunk["terms"] for chunk in chunks])
    for bar in (0.5, 0.9):
        found = rank_evidence(
            question, Retrieved(chunks, [], weights, broad=True), None, ExtractSettings(min_evidence=bar)
        )
        assert next(item.score for item in found if len(item.sentences) == 3) >= bar
