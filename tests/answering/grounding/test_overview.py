"""Which sentences tell what documents are about."""

from typing import Any

from pipelines.answering.grounding.overview import overview_evidence
from pipelines.answering.search.search import Fact, Retrieved
from pipelines.answering.settings import ExtractSettings
from pipelines.text.terms import with_pairs


def _chunk(number: int, title: str, text: str, document: str = "") -> dict[str, Any]:
    return {
        "chunk_id": f"c{number}", "document_id": document or f"d{number}", "path": f"{document or number}.md",
        "title": title, "start": 100 * number, "text": text, "terms": with_pairs([]),
    }  # fmt: skip


def _told(*chunks: dict[str, Any], reports: tuple[Fact, ...] = (), voices: int = 3) -> list[str]:
    found = overview_evidence(Retrieved(list(chunks), list(reports), {}, broad=True), ExtractSettings(voices=voices))
    return [one.text for one in found[0].sentences] if found else []


def test_a_sentence_with_the_words_of_the_reports_on_its_passage_tells_most():
    chunk = _chunk(1, "News", "The canteen opens at seven every morning. Voltara delivered the battery at Ashford.")
    other = _chunk(2, "News", "The canteen opens at noon every Sunday. Voltara sold a battery.")
    battery = Fact("report", "Voltara delivered the battery at Ashford.", (chunk,), "Voltara")
    canteen = Fact("report", "The canteen opens at noon.", (other,), "Canteen")
    assert _told(chunk, other, reports=(battery, canteen)) == [
        "Voltara delivered the battery at Ashford.", "The canteen opens at noon every Sunday."
    ]  # fmt: skip


def test_without_a_report_on_it_the_words_of_all_reports_and_of_the_title_count():
    chunk = _chunk(1, "Halden harbour", "Lunch is free on every Friday. The Halden harbour has four cranes.")
    assert _told(chunk) == ["The Halden harbour has four cranes."]
    lunch = Fact("report", "Lunch is free on every Friday in Halden.", (), "Lunch")
    assert _told(chunk | {"title": ""}, reports=(lunch,)) == ["Lunch is free on every Friday."]


def test_what_refers_back_asks_or_is_a_row_gives_way_and_stays_where_there_is_nothing_else():
    back = _chunk(
        1, "", "It has four big cranes. Who built the four cranes? | four | cranes | ships |\n\nShips wait here."
    )
    assert _told(back)[0] not in ("It has four big cranes.", "Who built the four cranes?")
    assert _told(_chunk(1, "吊车", "其四台吊车来自上海。")) == ["其四台吊车来自上海。"]


def test_each_document_is_heard_before_another_passage_of_one_and_no_words_twice():
    same = "All rights reserved by Kestrel Energy."
    chunks = (
        _chunk(1, "", "The park has many panels.", "a"), _chunk(2, "", "The sheep graze between panels.", "a"),
        _chunk(3, "", same, "b"), _chunk(4, "", same, "c"),
    )  # fmt: skip
    assert _told(*chunks, voices=4) == ["The park has many panels.", same, "The sheep graze between panels."]
    assert _told(*chunks, voices=2) == ["The park has many panels.", same]


def test_nothing_found_is_no_evidence():
    assert _told() == [] and _told(_chunk(1, "", "# Heading")) == []
