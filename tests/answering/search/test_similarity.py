"""One scale for every embedder: what squeezes a model's cosines together changes nothing that is decided by them."""

import ast
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pipelines.answering.grounding.evidence import Evidence, rank_evidence
from pipelines.answering.modes.local_search import LocalRetriever
from pipelines.answering.modes.passages import PassageRetriever
from pipelines.answering.question import question_terms
from pipelines.answering.search.compression import compress_passages
from pipelines.answering.search.search import Retrieved, Search
from pipelines.answering.search.similarity import Scale, Similarity
from pipelines.answering.settings import AnswerSettings, RetrievalSettings
from pipelines.core.embedders import EmbedderBefore
from pipelines.core.protocols import Embedder
from pipelines.text.languages.languages import LANGUAGES
from pipelines.text.terms import term_weights, terms, with_pairs
from resources.embedding.local import SentenceEmbedder
from resources.embedding.model_files import MINILM
from resources.settings import CHECKOUT
from tests.answering.world import build_store
from tests.fakes import AskingEmbedder, FakeEmbedder, FakeGraphStore

MODELS: dict[str, Callable[[Any], Embedder]] = {
    "words": lambda home: FakeEmbedder(),
    "words, questions apart": lambda home: AskingEmbedder(),
    "MiniLM": lambda home: SentenceEmbedder(home),
}
TEXT = (
    "The harbour has seven berths. Big ships moor at the quay in the north. A dog slept in the sun. "
    "The ferry to the islands leaves at noon. Vessels pay for their stay by the hour. The mayor likes cheese."
)
QUESTION = "Where do large vessels tie up?"


class Squeezed(EmbedderBefore):
    """Gives every vector one number more, the same for all: a cosine c becomes (c + much²) / (1 + much²)."""

    def __init__(self, embedder: Embedder, much: float) -> None:
        super().__init__(embedder)
        self.much = much

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        return self._squeezed(self._embedder.embed(texts))

    def embed_queries(self, texts: Sequence[str]) -> np.ndarray:
        return self._squeezed(self._embedder.embed_queries(texts))

    def _squeezed(self, vectors: np.ndarray) -> np.ndarray:
        more = np.full((len(vectors), 1), self.much)
        return np.hstack([vectors, more]) / np.sqrt(1 + self.much**2)


class HandMade(FakeEmbedder):
    """Vectors written down: an answered question has the cosine `near` with its answer and `far` with others'.

    Every other question has one vector, and every other text the cosine with it that is given, else `far`.
    """

    ASKED = 16

    def __init__(self, far: float, near: float, cosines: dict[str, float] | None = None) -> None:
        super().__init__(dimensions=40, languages=["en"])
        self.far, self.near, self.cosines = far, near, cosines or {}
        pairs = LANGUAGES["en"].answered
        self.questions = {question: place for place, (question, _) in enumerate(pairs)}
        self.answers = {answer: place for place, (_, answer) in enumerate(pairs)}

    def embed_queries(self, texts: Sequence[str]) -> np.ndarray:
        return np.eye(self.dimensions)[[self.questions.get(text, self.ASKED) for text in texts]]

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        self.calls.append(list(texts))
        vectors = np.zeros((len(texts), self.dimensions))
        for number, (vector, text) in enumerate(zip(vectors, texts, strict=True)):
            if text in self.answers:
                vector[: self.ASKED] = self.far
                vector[self.answers[text]] = self.near
            else:
                vector[self.ASKED] = self.cosines.get(text, self.far)
            vector[self.ASKED + 1 + number % 20] = np.sqrt(1 - vector @ vector)
        return vectors


def passage(text: str = TEXT) -> dict[str, Any]:
    held = with_pairs(terms(text))
    place = {"start": 0, "end": len(text), "header": "", "title": "Harbour", "path": "a.md"}
    return {"chunk_id": "c", "document_id": "d", "text": text, "terms": held} | place


def kept(similarity: Similarity) -> list[str]:
    return [row["text"] for row in compress_passages(QUESTION, [passage()], {"nothing": 1.0}, similarity)]


def ranked(similarity: Similarity) -> list[Evidence]:
    row = passage()
    weights = term_weights(question_terms(QUESTION), [row["terms"]])
    return rank_evidence(QUESTION, Retrieved([row], [], weights), similarity)


def near_entities(embedder: Embedder, texts: Sequence[str]) -> set[str]:
    """Return the numbers of the entities, embedded as these texts, that the question speaks of."""
    vectors = embedder.embed(texts)
    plain = {"type": "CONCEPT", "aliases": [], "chunk_ids": []}
    rows = [
        {"entity_id": str(number), "name": text, "vector": vectors[number], **plain}
        for number, text in enumerate(texts)
    ]
    chunk = {"chunk_id": "c", "document_id": "d", "text": TEXT, "vector": vectors[0]}
    search = Search(FakeGraphStore(entities=rows, chunks=[chunk]), embedder, AnswerSettings())
    return {str(place) for place in LocalRetriever(search).near(QUESTION, search.vector(QUESTION))}


def diverse(embedder: Embedder) -> list[str]:
    """Return what half relevance and half difference choose among the small world's chunks."""
    settings = AnswerSettings(retrieval=RetrievalSettings(diversity=0.5, fusion="ranks"))
    store = FakeGraphStore(
        documents=build_store().table("documents").to_pylist(),
        chunks=[
            row | {"vector": vector}
            for row in build_store().table("chunks").to_pylist()
            for vector in embedder.embed([row["text"]])
        ],
    )
    retriever = PassageRetriever(Search(store, embedder, settings), "hybrid")
    return [row["chunk_id"] for row in retriever.retrieve("Where is the Fjell 2 tent stored?", 3).chunks]


@pytest.fixture(params=MODELS)
def plain(request: pytest.FixtureRequest, tmp_path: Any) -> Embedder:
    return MODELS[request.param](tmp_path)


@pytest.mark.parametrize("much", [1.0, 3.0])
def test_a_model_whose_cosines_are_squeezed_decides_the_same(plain: Embedder, much: float):
    squeezed = Squeezed(plain, much)
    one, other = Similarity(plain), Similarity(squeezed)
    assert kept(one) == kept(other)
    assert [(item.sentences[0].text, pytest.approx(item.score, abs=1e-4)) for item in ranked(one)] == [
        (item.sentences[0].text, item.score) for item in ranked(other)
    ]
    texts = ["A boat is in the harbour.", "A ship is in the harbour.", "The mayor likes cheese."]
    np.testing.assert_allclose(one.among(QUESTION, texts), other.among(QUESTION, texts), atol=1e-4)
    entities = ["Halden: a warehouse", "harbour: where large vessels tie up", "Oslo: a town", "large vessels"]
    assert near_entities(plain, entities) == near_entities(squeezed, entities)
    assert diverse(plain) == diverse(squeezed)


def test_three_models_of_different_scale_find_the_sentence_that_means_what_is_asked(tmp_path: Any):
    moor = "Big ships moor at the quay in the north."
    models = [
        HandMade(0.1, 0.7, {moor: 0.65, QUESTION: 0.69}),
        Squeezed(HandMade(0.02, 0.5, {moor: 0.46, QUESTION: 0.49}), 1.7),
        SentenceEmbedder(tmp_path, MINILM),
        SentenceEmbedder(tmp_path),
    ]
    # Raw, 0.35 would keep everything of the second: its unrelated texts have 0.75.
    cheese = ["The mayor likes cheese."]
    raw = [float((model.embed_queries([QUESTION]) @ model.embed(cheese).T)[0, 0]) for model in models]
    assert raw[1] > 0.7 > 0.35 > max(raw[0], raw[2])
    for model in models:
        similarity = Similarity(model)
        found = " ".join(kept(similarity))
        assert moor in found and "cheese" not in found and "dog" not in found
        assert similarity.to_question(QUESTION, [*cheese, moor, "A dog slept in the sun."]).argmax() == 1
        assert near_entities(model, [QUESTION, *cheese]) == {"0"}


def test_the_scale_is_what_the_model_gives_for_answered_questions():
    scale = Similarity(HandMade(0.1, 0.7)).question_scale(QUESTION)
    assert scale == Scale(pytest.approx(0.1), pytest.approx(0.7))
    np.testing.assert_allclose(scale.relative(np.array([0.1, 0.4, 0.7, 0.04, 1.0])), [0, 0.5, 1, -0.1, 1.5], atol=1e-9)


def test_the_model_is_asked_for_the_scale_once_and_for_little():
    model = HandMade(0.1, 0.7)
    similarity = Similarity(model)
    assert model.calls == []
    first = similarity.to_question(QUESTION, ["a"])
    assert [len(texts) for texts in model.calls] == [16, 1]
    np.testing.assert_array_equal(similarity.to_question(QUESTION, ["a"]), first)
    assert [len(texts) for texts in model.calls] == [16, 1, 1]
    assert sum(2 * len(language.answered) for language in LANGUAGES.values()) <= 64
    assert similarity.to_question(QUESTION, []).shape == (0,)


def test_every_language_has_answered_questions_of_its_own_and_none_twice():
    for language in LANGUAGES.values():
        texts = [text for pair in language.answered for text in pair]
        assert len(texts) >= 32 and len(set(texts)) == len(texts)


def test_a_language_that_is_not_read_is_not_compared():
    model = HandMade(0.1, 0.7)
    similarity = Similarity(model)
    assert (
        similarity.to_question("大船停在哪里？", ["港口"]) is None
        and similarity.among("大船停在哪里？", ["港口"]) is None
    )
    assert model.calls == []


def test_chinese_is_compared_by_a_model_that_reads_it():
    meant = Similarity(FakeEmbedder()).to_question("大船停在哪里？", ["大船停在北边的码头。", "镇长喜欢奶酪。"])
    assert meant is not None and meant[0] > meant[1]


def test_a_model_that_cannot_tell_answers_from_others_is_not_asked():
    assert Similarity(HandMade(0.2, 0.2 - 1e-9)).to_question(QUESTION, ["a"]) is None


def test_a_language_without_answered_questions_gets_the_scale_of_those_that_are_read(monkeypatch: pytest.MonkeyPatch):
    plain = Similarity(HandMade(0.1, 0.7)).question_scale(QUESTION)
    bare = replace(LANGUAGES["zh"], answered=())
    monkeypatch.setitem(LANGUAGES, "zh", bare)
    model = HandMade(0.1, 0.7)
    model.languages = ["en", "zh"]
    assert Similarity(model).question_scale("大船停在哪里？") == plain


def test_a_sentence_is_kept_from_45_hundredths_of_the_way_to_an_answer():
    cosines = {"The ferry to the islands leaves at noon.": 0.38, "A dog slept in the sun.": 0.36}
    assert kept(Similarity(HandMade(0.1, 0.7, cosines))) == ["The ferry to the islands leaves at noon."]


def test_an_entity_is_near_from_76_hundredths_of_the_way_to_an_answer():
    assert near_entities(HandMade(0.1, 0.7, {"a": 0.56, "b": 0.55}), ["a", "b"]) == {"0"}


def test_a_sentence_speaks_for_itself_by_its_place_between_nothing_and_all():
    text = "The quay is long and grey."
    halfway = 0.1 + 0.6 * (0.13 + 1.16) / 2
    retrieved = Retrieved([passage(text)], [], {"vessel": 1.0})
    scores = [
        rank_evidence(QUESTION, retrieved, Similarity(HandMade(0.1, 0.7, {text: cosine})))[0].score
        for cosine in (0.1, halfway, 0.7963)
    ]
    assert scores == [0, pytest.approx(scores[2] / 2, abs=1e-4), pytest.approx(scores[2])] and scores[2] > 0.1


def test_no_other_file_of_the_answers_reads_a_cosine():
    """A bar on a raw cosine fits one model: products of vectors stand in one file."""
    home, found = CHECKOUT / "pipelines" / "answering", []
    for path in home.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            product = isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult)
            named = isinstance(node, ast.Attribute) and node.attr in {"dot", "vdot", "inner", "einsum", "matmul"}
            if product or named:
                found.append(path.relative_to(home).as_posix())
    assert set(found) == {"search/similarity.py"}
