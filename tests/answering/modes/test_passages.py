"""The modes vector, bm25 and hybrid, and each step of theirs, over a store in memory."""

from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import ValidationError

from pipelines.answering.modes.passages import PassageRetriever
from pipelines.answering.retrievers import open_retriever
from pipelines.answering.search.compression import compress_passages
from pipelines.answering.search.links import _unspaced_runs
from pipelines.answering.search.search import Retrieved
from pipelines.answering.settings import AnswerSettings, RetrievalSettings
from pipelines.core.filters import Filters
from pipelines.text.languages.languages import all_languages
from tests.fakes import FakeEmbedder, FakeGraphStore

FILMS = {
    "Blood Street": "Blood Street is a film of 1988 directed by Leo Fong, with music by Ola Nord.",
    "Leo Fong": "Leo Fong was an American actor and martial artist, born in Canton.",
    "Blood Lake": "Blood Lake is a film about a lake and a street in the hills.",
    "Street Food": "A street is where food of every nationality is sold.",
    "血街": "《血街》是一部电影，由方利奥执导。",
    "方利奥": "方利奥是出生于广州的演员。",
}


def films(**columns: Any) -> FakeGraphStore:
    """Return one document and one chunk a film, dated by their place."""
    documents, chunks = [], []
    for number, (title, text) in enumerate(FILMS.items()):
        path = f"{'zh' if title[0] > 'z' else 'en'}/{number}.md"
        documents.append(
            {
                "document_id": f"d{number}",
                "path": path,
                "title": title,
                "format": "markdown",
                "date": f"20{20 + number}-01-01",
            }
        )
        chunks.append(
            {
                "chunk_id": f"c{number}",
                "document_id": f"d{number}",
                "path": path,
                "language": path[:2],
                "section": "",
                "start": 0,
                "end": len(text),
                "tokens": 20,
                "text": text,
                "parent_id": "",
                "vector": FakeEmbedder().embed([text])[0],
            }
            | columns
        )
    return FakeGraphStore(documents=documents, chunks=chunks)


def retrieve(mode: str, question: str, k: int = 3, reranker: Any = None, **settings: Any) -> Retrieved:
    told = AnswerSettings(retrieval=RetrievalSettings(**settings))
    retriever = open_retriever(mode, films(), FakeEmbedder(), told, reranker)  # type: ignore[arg-type]
    assert isinstance(retriever, PassageRetriever)
    return retriever.retrieve(question, k)


def titles(found: Retrieved) -> list[str]:
    return [row["title"] for row in found.chunks]


QUESTION = "What nationality is the director of the film Blood Street?"


@pytest.mark.parametrize("mode", ["vector", "bm25", "hybrid"])
def test_every_mode_finds_the_passage_that_shares_the_questions_words(mode: str) -> None:
    found = retrieve(mode, "Which film is about a lake in the hills?")
    assert titles(found)[0] == "Blood Lake"
    assert found.weights and all(row["terms"] for row in found.chunks)


def test_the_second_hop_fetches_the_document_that_the_best_passage_names() -> None:
    assert "Leo Fong" not in titles(retrieve("hybrid", QUESTION, links=0))
    assert titles(retrieve("hybrid", QUESTION))[1] == "Leo Fong"


def test_the_second_hop_reads_chinese_names() -> None:
    assert titles(retrieve("hybrid", "电影《血街》的导演出生在哪里？"))[:2] == ["血街", "方利奥"]


def test_rare_chinese_characters_are_names_to_look_up() -> None:
    # Common, compatibility and extension ideographs: one range of characters for all rooms.
    assert _unspaced_runs(all_languages()).findall("Fong 血街 or 豈更, 㐀 and 𠀀𠀁.") == ["血街", "豈更", "𠀀𠀁"]


def test_what_is_kept_stays_above_the_second_hop() -> None:
    assert titles(retrieve("hybrid", QUESTION, kept=2))[2] == "Leo Fong"


def test_filters_hold_in_the_second_hop_too() -> None:
    only = Filters(until="2020")
    assert titles(retrieve("hybrid", QUESTION, filters=only)) == ["Blood Street"]
    for mode in ("vector", "bm25"):
        assert set(titles(retrieve(mode, QUESTION, 6, filters=Filters(languages=("zh",))))) <= {"血街", "方利奥"}


class Nationality:
    name = "nationality-first"

    def score(self, question: str, texts: Sequence[str]) -> list[float]:
        return [float("nationality" in text) for text in texts]


def test_a_reranker_decides_among_the_candidates_it_is_given() -> None:
    question = "Which film is about a street and food?"
    plain = titles(retrieve("vector", question, 6, filters=Filters(languages=("en",))))
    place = plain.index("Street Food")
    everything = {"filters": Filters(languages=("en",)), "reranker": Nationality()}
    judged = titles(retrieve("vector", question, 6, reranked=place + 1, **everything))
    assert judged == ["Street Food", *(title for title in plain if title != "Street Food")]
    assert titles(retrieve("vector", question, 6, reranked=place, **everything)) == plain


def test_diversity_brings_what_is_unlike_the_best() -> None:
    near = titles(retrieve("hybrid", "film street blood", 2, links=0))
    far = titles(retrieve("hybrid", "film street blood", 2, links=0, diversity=0.9))
    assert near[0] == far[0] and near[1] != far[1]


def test_compression_keeps_sentences_that_bear_on_the_question_at_their_spans() -> None:
    text = "Tents are green. The pole costs 24 euros. Ropes are sold by the metre. A pole weighs 90 grams."
    row = {
        "chunk_id": "c",
        "document_id": "d",
        "path": "a",
        "language": "en",
        "start": 0,
        "end": len(text),
        "tokens": 9,
        "text": text,
        "vector": FakeEmbedder().embed([text])[0],
    }
    store = FakeGraphStore(documents=[{"document_id": "d", "path": "a", "title": "T"}], chunks=[row])
    told = AnswerSettings(retrieval=RetrievalSettings(compress=True))
    found = open_retriever("bm25", store, FakeEmbedder(), told).retrieve("What does a pole cost?", 3).chunks
    assert [one["text"] for one in found] == ["The pole costs 24 euros.", "A pole weighs 90 grams."]
    assert all(one["text"] == text[one["start"] : one["end"]] for one in found)
    assert [one["sentence_spans"] for one in found] == [[0, 24], [0, 23]]


def test_neighbours_that_are_kept_stay_two_sentences_in_one_row() -> None:
    text = "Tents are green. The pole costs 24 euros. A pole weighs 90 grams."
    row = {"chunk_id": "c", "start": 7, "end": 7 + len(text), "text": text, "sentence_spans": [0, 16, 17, 41, 42, 65]}
    (found,) = compress_passages("What does a pole cost?", [row], {"pole": 1.0}, None)
    assert (found["start"], found["text"]) == (24, text[17:])
    assert found["sentence_spans"] == [0, 24, 25, 48]


def parted(gap: int) -> FakeGraphStore:
    """Return one document of three chunks, the first two of them of one parent."""
    parts = ["Poles bend.", "A pole costs 24 euros.", "Ropes are blue."]
    chunks, start = [], 7
    for number, text in enumerate(parts):
        chunks.append(
            {
                "chunk_id": f"c{number}",
                "document_id": "d",
                "path": "a",
                "language": "en",
                "start": start,
                "end": start + len(text),
                "tokens": 5,
                "text": text,
                "parent_id": "p" if number < 2 else "",
                "vector": FakeEmbedder().embed([text])[0],
            }
        )
        start += len(text) + gap
    return FakeGraphStore(documents=[{"document_id": "d", "path": "a", "title": "T"}], chunks=chunks)


def test_a_hit_is_widened_to_its_parent_once() -> None:
    told = AnswerSettings(retrieval=RetrievalSettings())
    found = open_retriever("bm25", parted(1), FakeEmbedder(), told).retrieve("What does a pole cost?", 3).chunks
    assert found[0]["text"] == "Poles bend. A pole costs 24 euros."
    assert (found[0]["chunk_id"], found[0]["start"], found[0]["end"]) == ("c1", 7, 41)
    assert [row["chunk_id"] for row in found] == ["c1"]


def test_a_hit_is_left_as_it_is_where_parents_are_off() -> None:
    off = AnswerSettings(retrieval=RetrievalSettings(parents=False))
    assert open_retriever("bm25", parted(1), FakeEmbedder(), off).retrieve("euros", 1).chunks[0]["start"] == 19


def test_every_option_is_described_and_an_unknown_one_refused() -> None:
    for settings in (RetrievalSettings, Filters):
        assert all(field.description for field in settings.model_fields.values())
    with pytest.raises(ValidationError):
        RetrievalSettings(link=3)  # type: ignore[call-arg]
