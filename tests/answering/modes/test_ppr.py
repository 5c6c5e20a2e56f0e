"""Mode ppr in a world of two hops: what the second passage is called stands in the first alone."""

from typing import Any

import pytest

from pipelines.answering.retrievers import open_retriever
from pipelines.answering.settings import AnswerSettings, RetrievalSettings
from pipelines.core.errors import NotMaterializedError
from pipelines.core.filters import Filters
from tests.answering.world import build_answerer
from tests.fakes import FakeEmbedder, FakeGraphStore

ENGLISH = {
    "1.txt": "Brand is a verse tragedy written by Henrik Ibsen.",
    "2.txt": "Henrik Ibsen was born in Skien and died in Kristiania.",
    "3.txt": "The tragedy of the commons was written about by an ecologist.",
    "4.txt": "Anna Berg was born in Bergen.",
    "5.txt": "A tent keeps off the rain.",
}
CHINESE = {
    "1.txt": "边城是一部中篇小说，作者沈从文。",
    "2.txt": "沈从文出生于湖南凤凰。",
    "3.txt": "小说的作者常常写自己的家乡。",
    "4.txt": "李明出生于北京。",
    "5.txt": "帐篷可以挡雨。",
}
WORLDS = {
    "en": (ENGLISH, {"Brand": ["1"], "Henrik Ibsen": ["1", "2"], "Anna Berg": ["4"]}, "Who wrote the tragedy Brand?"),
    "zh": (CHINESE, {"边城": ["1"], "沈从文": ["1", "2"], "李明": ["4"]}, "中篇小说边城是谁写的？"),
}


def _store(language: str, without: str = "") -> FakeGraphStore:
    texts, names, _ = WORLDS[language]
    kept = {path: text for path, text in texts.items() if path != without}
    documents = [{"document_id": f"d{path[0]}", "path": path, "title": ""} for path in kept]
    chunks: list[dict[str, Any]] = [
        {"chunk_id": f"c{path[0]}", "document_id": f"d{path[0]}", "path": path, "language": language, "text": text}
        | {"start": 0, "end": len(text), "tokens": 9, "vector": FakeEmbedder().embed([text])[0]}
        for path, text in kept.items()
    ]
    there = {row["chunk_id"] for row in chunks}
    entities = [
        {"entity_id": f"e{place}", "name": name, "type": "CONCEPT", "aliases": [], "description": "", "mentions": 1}
        | {
            "chunk_ids": [f"c{home}" for home in homes if f"c{home}" in there],
            "vector": FakeEmbedder().embed([name])[0],
        }
        for place, (name, homes) in enumerate(names.items())
    ]
    return FakeGraphStore(documents=documents, chunks=chunks, entities=entities)


def _found(store: FakeGraphStore, question: str, k: int, mode: str = "ppr", **settings: Any) -> list[str]:
    retriever = open_retriever(mode, store, FakeEmbedder(), AnswerSettings(retrieval=RetrievalSettings(**settings)))
    return [row["path"] for row in retriever.retrieve(question, k).chunks]


@pytest.mark.parametrize("language", WORLDS)
def test_a_second_hop_needs_no_words_of_the_question_and_no_titles(language: str):
    question = WORLDS[language][2]
    assert _found(_store(language), question, 2) == ["1.txt", "2.txt"]
    assert "2.txt" not in _found(_store(language), question, 2, "hybrid")


@pytest.mark.parametrize("language", WORLDS)
def test_a_language_without_vectors_is_walked_from_the_words(language: str):
    reads_none = FakeEmbedder(languages=["fr"])
    found = open_retriever("ppr", _store(language), reads_none, AnswerSettings()).retrieve(WORLDS[language][2], 3)
    assert {"1.txt", "2.txt"} <= {row["path"] for row in found.chunks}


@pytest.mark.parametrize("language", WORLDS)
def test_a_deleted_document_is_not_walked_to(language: str):
    assert "2.txt" not in _found(_store(language, without="2.txt"), WORLDS[language][2], 5)


def test_an_open_mode_over_a_store_that_lost_a_chunk_leaves_it_out():
    store = _store("en")
    retriever = open_retriever("ppr", store, FakeEmbedder(), AnswerSettings())
    store.__init__(**_store("en", without="2.txt").tables)  # type: ignore[misc]
    assert "2.txt" not in [row["path"] for row in retriever.retrieve(WORLDS["en"][2], 5).chunks]


def test_an_open_mode_over_a_store_that_gained_a_chunk_does_not_fail():
    store = _store("en", without="1.txt")
    retriever = open_retriever("ppr", store, FakeEmbedder(), AnswerSettings())
    store.__init__(**_store("en").tables)  # type: ignore[misc]
    assert retriever.retrieve(WORLDS["en"][2], 5).chunks


def test_filters_hold_for_what_a_walk_reaches():
    assert _found(_store("en"), WORLDS["en"][2], 5, filters=Filters(paths=("1.txt",))) == ["1.txt"]


def test_without_entities_it_is_the_searches_order():
    store = _store("en")
    bare = FakeGraphStore(documents=store.tables["documents"], chunks=store.tables["chunks"])
    found = _found(bare, WORLDS["en"][2], 5)
    assert found[0] == "1.txt" and sorted(found) == sorted(ENGLISH)


def test_an_empty_store_says_what_to_run():
    with pytest.raises(NotMaterializedError):
        open_retriever("ppr", FakeGraphStore(), FakeEmbedder(), AnswerSettings())


def test_an_answer_by_ppr_names_the_entities_on_the_way():
    with build_answerer() as answerer:
        found = answerer.retrieve("Who manages the warehouse where the Fjell 2 tent is stored?", "ppr", 2)
    assert [row["path"] for row in found.chunks] == ["products/fjell.md", "warehouses/halden.md"]
    assert "halden" in found.names


FILMS = {
    "en": (
        {
            "1.txt": "Brand is a film directed by Anna Berg. A film, older than the older films, the director says.",
            "2.txt": "Brand was the first film of Anna Berg, the director of older films.",
            "3.txt": "Brand, by Anna Berg, an older film of a director, was shown in Oslo.",
            "4.txt": "Peer made Nils Dahl known.",
            "5.txt": "Nils Dahl was born in 1901 in Skien.",
            "6.txt": "Anna Berg was born in 1890.",
        },
        {"Brand": "123", "Anna Berg": "1236", "Peer": "4", "Nils Dahl": "45"},
        "Which film has the older director, Brand or Peer?",
    ),
    "zh": (
        {
            "1.txt": "边城是一部电影，导演李明。这部电影的导演更年长。",
            "2.txt": "边城是导演李明的第一部电影，导演年长。",
            "3.txt": "边城，李明导演的电影，哪个导演更年长。",
            "4.txt": "骆驼使王伟出名。",
            "5.txt": "王伟1901年出生于北京。",
            "6.txt": "李明出生于1890年。",
        },
        {"边城": "123", "李明": "1236", "骆驼": "4", "王伟": "45"},
        "边城和骆驼，哪部电影的导演更年长？",
    ),
}


@pytest.mark.parametrize("language", FILMS)
def test_each_side_of_a_comparison_is_walked_from_whatever_the_searches_like_better(
    language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts, names, question = FILMS[language]
    monkeypatch.setitem(WORLDS, language, (texts, {name: list(homes) for name, homes in names.items()}, question))
    ranked = _found(_store(language), question, 6)
    monkeypatch.setattr("pipelines.answering.modes.ppr._BY_SIDE", 0.0)
    before = _found(_store(language), question, 6)
    places = [sum(order.index(path) for path in ("4.txt", "5.txt")) for order in (ranked, before)]
    assert places[0] < places[1]
