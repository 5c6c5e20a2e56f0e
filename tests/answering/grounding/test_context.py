"""The sources of a prompt: whole passages, neighbours as one, numbered, within a number of tokens."""

from collections.abc import Sequence

import pytest

from pipelines.answering.grounding.context import pack_context
from pipelines.answering.search.search import Fact, Retrieved, Row


def chunk(key: str, document: str, start: int, text: str, **columns: object) -> Row:
    place = {"chunk_id": key, "document_id": document, "path": f"{document}.md", "title": document.title()}
    return {**place, "start": start, "end": start + len(text), "text": text, **columns}


def words(texts: Sequence[str]) -> list[int]:
    return [len(text.split()) for text in texts]


def packed(chunks: list[Row], facts: Sequence[Fact] = (), budget: int = 1000):
    return pack_context(Retrieved(chunks, list(facts), {}), budget, words)


def test_a_source_is_told_with_number_title_section_page_and_date() -> None:
    rows = [chunk("c1", "lock", 0, "It is deep.", section="Size > Depth", page=3, date="2024-05-01")]
    assert packed(rows).text == "[1] Lock · Size > Depth · p. 3 · 2024-05-01\nIt is deep."


def test_neighbours_become_one_passage_at_the_better_ones_place() -> None:
    rows = [
        chunk("c2", "lock", 13, "It was dug in 1911."),
        chunk("c9", "dam", 0, "It is high."),
        chunk("c1", "lock", 0, "It is deep."),
    ]
    context = packed(rows)
    assert [source.text for source in context.sources] == ["It is deep.\n\nIt was dug in 1911.", "It is high."]
    assert [[row["chunk_id"] for row in source.chunks] for source in context.sources] == [["c1", "c2"], ["c9"]]


def test_what_two_chunks_share_is_told_once() -> None:
    rows = [chunk("c1", "lock", 0, "One. Two. Three."), chunk("c2", "lock", 5, "Two. Three. Four.")]
    assert [source.text for source in packed(rows).sources] == ["One. Two. Three. Four."]


def test_a_chunk_inside_another_one_is_told_once() -> None:
    rows = [chunk("c2", "lock", 5, "Two."), chunk("c1", "lock", 0, "One. Two. Three.")]
    context = packed(rows)
    assert [source.text for source in context.sources] == ["One. Two. Three."] and context.left_out == 0


def test_chunks_of_two_documents_or_far_apart_stay_two() -> None:
    rows = [chunk("c1", "lock", 0, "One."), chunk("c2", "lock", 90, "Two."), chunk("c3", "dam", 4, "Three.")]
    assert len(packed(rows).sources) == 3


def test_a_table_that_goes_on_is_told_under_its_head() -> None:
    rows = [chunk("c2", "rates", 80, "| Oslo | 12 |", header="Rates\n| place | euros |")]
    assert packed(rows).sources[0].text == "| place | euros |\n| Oslo | 12 |"


def test_facts_and_reports_follow_the_passages_and_stand_on_their_chunks() -> None:
    row = chunk("c1", "lock", 0, "It is deep.")
    facts = [Fact("fact", "lock: a basin", (row,)), Fact("report", "All locks are deep.", (row,), title="Locks")]
    context = packed([row], facts)
    assert [source.shown for source in context.sources[1:]] == ["[2] lock: a basin", "[3] Locks\nAll locks are deep."]
    assert [source.kind for source in context.sources] == ["passage", "fact", "report"]
    assert all(source.chunks == (row,) for source in context.sources)


def test_what_stands_on_no_chunk_is_no_source_and_no_fact_is_told_twice() -> None:
    row = chunk("c1", "lock", 0, "It is deep.")
    facts = [Fact("fact", "rumour"), Fact("fact", "a basin", (row,)), Fact("fact", "a basin", (row,))]
    assert [source.text for source in packed([row], facts).sources] == ["It is deep.", "a basin"]


@pytest.mark.parametrize(("budget", "kept", "left_out"), [(1000, 3, 0), (14, 2, 1), (7, 1, 2), (1, 1, 2)])
def test_the_budget_keeps_the_best_and_counts_what_was_left_out(budget: int, kept: int, left_out: int) -> None:
    rows = [chunk(f"c{n}", f"d{n}", 0, "four words are here") for n in range(3)]  # 6 words each with number and title
    context = packed(rows, budget=budget)
    assert (len(context.sources), context.left_out) == (kept, left_out)


def test_a_short_passage_after_one_that_does_not_fit_is_still_told() -> None:
    rows = [chunk("c1", "a", 0, "one two"), chunk("c2", "b", 0, "word " * 50), chunk("c3", "c", 0, "three")]
    assert [source.number for source in packed(rows, budget=12).sources] == [1, 2]
    assert [source.text for source in packed(rows, budget=12).sources] == ["one two", "three"]
