"""What the benchmark of retrieval computes: its scores, its corpora's graphs, and the page that it writes."""

import json

import pytest

from benchmarks import retrieval
from benchmarks.corpora import entity_graph, multihop
from benchmarks.corpora.multihop import Question, QuestionSet
from benchmarks.corpora.retrieval_figures import NOT_ASKED, Figures, merged, page, score
from pipelines.core.graph_tables import orphans
from pipelines.core.schemas import CHUNKS
from pipelines.knowledge.vectors.embedding import vector_table
from resources.graph.embedded import EmbeddedGraphStore
from resources.tables.tables import TableStore
from tests.fakes import FakeEmbedder

PASSAGES = {
    "Cipher (film)": "Cipher is a film directed by Vincenzo Natali. It was released in 2002.",
    "Vincenzo Natali": "Vincenzo Natali was born in Detroit. He works in Toronto.",
    "Detroit": "Detroit is the largest city of Michigan. Henry Ford founded Ford Motor Company in Detroit.",
    "Tents": "A tent keeps off the rain.",
}
QUESTION = "Where was the director of Cipher born?"


class Remembering(FakeEmbedder):
    """A fake with the surface of `CorpusEmbedder`."""

    @property
    def stored(self) -> FakeEmbedder:
        return self

    def remember(self, texts):
        return self.embed(texts)


def _corpus() -> QuestionSet:
    ids = [f"c{place}" for place in range(len(PASSAGES))]
    texts = [f"{title}\n{text}" for title, text in PASSAGES.items()]
    return QuestionSet("small", ids, list(PASSAGES), texts, [Question(QUESTION, frozenset({"c0", "c1"}))])


def _graph(tmp_path, embedder):
    corpus = _corpus()
    vectors = dict(zip(corpus.ids, embedder.embed(corpus.texts), strict=True))
    parts = (*multihop.tables(corpus.ids, corpus.titles, corpus.texts), vector_table("chunk_id", vectors, embedder))
    return entity_graph.build(TableStore(tmp_path / "graph"), *parts, embedder)


def test_a_score_counts_gold_by_depth_and_discounts_by_place():
    two, five, ten, all_gold, gain = score(["x", "a", "y", "b"], frozenset({"a", "b"}))
    assert (two, five, ten, all_gold) == (0.5, 1.0, 1.0, 1.0)
    assert gain == pytest.approx((1 / 1.58496 + 1 / 2.32193) / (1 + 1 / 1.58496), abs=1e-4)
    assert score(["x"], frozenset({"a"})) == (0.0, 0.0, 0.0, 0.0, 0.0)


def test_a_passage_of_a_corpus_is_a_whole_chunk_with_its_sentences():
    _, chunks = multihop.tables(["c"], ["Cube"], ["Cube\nVincenzo Natali made it. He was born in Detroit."])
    assert chunks.schema == CHUNKS and chunks["sentence_spans"].to_pylist() == [[0, 4, 5, 29, 30, 53]]


def test_the_graph_is_made_without_a_language_model_and_is_whole(tmp_path):
    graph = _graph(tmp_path, FakeEmbedder())
    assert {"Vincenzo Natali", "Detroit"} <= set(graph.entities["name"].to_pylist())
    assert orphans(graph) == [] and set(graph.communities["model"].to_pylist()) == {"extractive"}
    assert any("Vincenzo Natali was born in Detroit." in text for text in graph.communities["summary"].to_pylist())


def test_a_second_build_reads_no_passage_again_and_is_the_same(tmp_path, monkeypatch):
    first = _graph(tmp_path, FakeEmbedder())
    monkeypatch.setattr(entity_graph.RuleExtractor, "extract", lambda self, texts: pytest.fail("read again"))
    assert _graph(tmp_path, FakeEmbedder()) == first


@pytest.mark.parametrize("label", ["vector", "local", "global", "llamaindex-property-graph", "hybrid, compressed"])
def test_every_mode_is_measured_over_the_filled_store(tmp_path, label):
    embedder, corpus = Remembering(), _corpus()
    store = EmbeddedGraphStore(tmp_path / "store")
    retrieval.fill(store, corpus, embedder, tmp_path, with_graph=True)  # type: ignore[arg-type]
    found = retrieval.figures_of(corpus, label, store, embedder)  # type: ignore[arg-type]
    assert found.recall_10 == 1.0 and found.milliseconds and found.prompt_tokens


def test_the_entities_change_nothing_for_the_modes_that_do_not_use_them(tmp_path):
    embedder, corpus = Remembering(), _corpus()
    for with_graph in (False, True):
        store = EmbeddedGraphStore(tmp_path / str(with_graph))
        retrieval.fill(store, corpus, embedder, tmp_path, with_graph)  # type: ignore[arg-type]
    stores = [EmbeddedGraphStore(tmp_path / name) for name in ("False", "True")]
    assert [store.counts()["entities"] > 0 for store in stores] == [False, True]
    for label in ("vector", "bm25", "hybrid", "native"):
        mode, settings = retrieval._VARIANTS[label]
        told = retrieval.AnswerSettings(retrieval=settings)
        rows = [retrieval.open_retriever(mode, store, embedder, told).retrieve(QUESTION, 4).chunks for store in stores]
        assert rows[0] == rows[1]


def test_a_mode_that_cannot_run_says_why(tmp_path):
    embedder, corpus = Remembering(), _corpus()
    store = EmbeddedGraphStore(tmp_path / "store")
    retrieval.fill(store, corpus, embedder, tmp_path, with_graph=False)  # type: ignore[arg-type]
    found = retrieval.figures_of(corpus, "global", store, embedder)  # type: ignore[arg-type]
    assert found.recall_5 is None and "graftline run" in found.note


def test_a_run_in_parts_keeps_what_it_did_not_measure():
    before = [Figures("musique", "hybrid", 0.5), Figures("musique", "guide", 0.4), Figures("2wiki", "hybrid", 0.9)]
    now = [Figures("musique", "hybrid", note=NOT_ASKED), Figures("musique", "guide", 0.6)]
    found = merged(now, json.loads(json.dumps([vars(one) for one in before])))
    assert found == [before[0], now[1], before[2]]


def test_the_page_shows_a_dash_and_the_reason_where_nothing_was_measured():
    text = page(
        [Figures("musique", "hybrid", 0.5, 0.6, 0.7, 0.4, 0.65, 840.0, 12.4), Figures("musique", "guide", note="no")]
    )
    assert "| hybrid | 0.500 | 0.600 | 0.700 | 0.400 | 0.650 | 840 | 12 |" in text
    assert "| guide | – | – | – | – | – | – | – |" in text and "- `guide`: no" in text
