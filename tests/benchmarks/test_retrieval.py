"""What the benchmark of retrieval computes: its scores, its corpora's graphs, and the page that it writes."""

import json
from dataclasses import replace

import pytest

from benchmarks import retrieval
from benchmarks.corpora import entity_graph, linear_rag, multihop, walks
from benchmarks.corpora.asked_store import AskedStore
from benchmarks.corpora.multihop import Question, QuestionSet
from benchmarks.corpora.retrieval_figures import NOT_ASKED, Figures, halves, merged, page, score
from benchmarks.curves import vector_weights
from benchmarks.ground.process import ProcessFailed
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
    one, two, five, ten, all_gold, gain = score(["x", "a", "y", "b"], frozenset({"a", "b"}))
    assert (one, two, five, ten, all_gold) == (0.0, 0.5, 1.0, 1.0, 1.0)
    assert gain == pytest.approx((1 / 1.58496 + 1 / 2.32193) / (1 + 1 / 1.58496), abs=1e-4)
    assert score(["x"], frozenset({"a"})) == (0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


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


def test_without_titles_nothing_but_the_titles_is_gone():
    bare = multihop.untitled(_corpus())
    assert bare.texts == list(PASSAGES.values()) and set(bare.titles) == {""}
    assert (bare.ids, bare.questions) == (_corpus().ids, _corpus().questions)


def _figures(dataset: str, mode: str, recall: float, gold: float) -> Figures:
    return Figures(dataset, mode, recall_5=recall, all_gold_8=gold, prompt_tokens=900.0)


def test_the_rows_of_the_walk_take_the_smaller_gain_and_the_most_tokens():
    figures = [
        *(_figures(name, "hybrid", 0.5, 0.25) for name in multihop.UNTITLED),
        _figures("musique-untitled", "ppr", 0.75, 0.5),
        _figures("2wiki-untitled", "ppr", 0.75, 0.375),
        _figures("musique", "local", 0.75, 0.5),
    ]
    rows = {row.id: row.value for row in walks.quality_rows(figures)}
    assert rows == {
        "graph_musique_untitled_recall5": 0.75,
        "graph_2wiki_untitled_all_gold_at_8": 0.375,
        "graph_over_hybrid_untitled": 0.125,
        "tokens_ppr": 900.0,
        "tokens_local": 900.0,
    }


@pytest.mark.parametrize(("peer", "value", "met"), [
    ({"musique": 0.5, "2wiki": 0.25}, 0.25, True), ({"musique": 0.75, "2wiki": 0.25}, 0.0, False),
])  # fmt: skip
def test_linearrag_counts_by_its_better_settings_on_the_set_where_it_is_nearer(monkeypatch, tmp_path, peer, value, met):
    class Embedder:
        folder = tmp_path

    def recall(home, corpus, model, settings):
        return (peer[corpus.name] if settings else 0.125), 0.5

    monkeypatch.setattr(linear_rag, "_recall", recall)
    monkeypatch.setattr(multihop, "CorpusEmbedder", lambda home, model: Embedder())
    monkeypatch.setattr(multihop, "load", lambda name, limit: replace(_corpus(), name=name))
    row = linear_rag.row(tmp_path, False, lambda corpus, embedder: _figures(corpus.name, "ppr", 0.75, 0.5))
    assert (row.value, row.met) == (value, met)
    assert row.peer == (0.5 if met else 0.75) and "its defaults 0.1250" in row.note


def test_linearrag_that_fails_leaves_the_row_without_a_value(monkeypatch, tmp_path):
    class Embedder:
        folder = tmp_path

    def fails(*_):
        raise ProcessFailed("exit status 1")

    monkeypatch.setattr(linear_rag, "_recall", fails)
    monkeypatch.setattr(multihop, "CorpusEmbedder", lambda home, model: Embedder())
    monkeypatch.setattr(multihop, "load", lambda name, limit: replace(_corpus(), name=name))
    row = linear_rag.row(tmp_path, False, lambda corpus, embedder: _figures(corpus.name, "ppr", 0.75, 0.5))
    assert row.value is None and "exit status 1" in row.note


def test_the_halves_of_the_questions_are_told_apart():
    scores = [(0, 0, 1.0, 0, 1.0, 0), (0, 0, 0.5, 0, 0.0, 0)]
    assert halves(scores).split("; ")[1] == "the odd ones: recall@5 0.500, all gold@8 0.000"


@pytest.mark.parametrize(
    "label", ["vector", "ppr", "local", "global", "drift", "auto", "llamaindex-property-graph", "hybrid, compressed"]
)
def test_every_mode_is_measured_over_the_filled_store(tmp_path, label):
    embedder, corpus = Remembering(), _corpus()
    store = EmbeddedGraphStore(tmp_path / "store")
    retrieval.fill(store, corpus, embedder, tmp_path, with_graph=True)  # type: ignore[arg-type]
    found = retrieval.figures_of(corpus, label, store, embedder)  # type: ignore[arg-type]
    assert found.recall_10 == 1.0 and found.milliseconds and found.prompt_tokens
    assert found.embedder == "fake-embedder"


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
        [
            Figures("musique", "hybrid", 0.3, 0.5, 0.6, 0.7, 0.4, 0.65, 840.0, 12.4, embedder="e5"),
            Figures("musique", "guide", note="no"),
        ]
    )
    assert "| hybrid | e5 | 0.300 | 0.500 | 0.600 | 0.700 | 0.400 | 0.650 | 840 | 12 |" in text
    assert "| guide | – | – | – | – | – | – | – | – | – |" in text and "- `guide`: no" in text


def test_chinese_questions_ask_for_their_own_paragraph_of_a_chinese_corpus(tmp_path, monkeypatch):
    (tmp_path / "chinese").mkdir()
    asked = [{"question": "灯塔有多高？"}, {"question": "灯塔在哪里？"}]
    articles = [
        {"title": "塔", "paragraphs": [{"context": "灯塔高十米。它在宁波。", "qas": asked}]},
        {"title": "船", "paragraphs": [{"context": "船很小。", "qas": [{"question": "船大吗？"}]}]},
    ]
    file = tmp_path / "chinese" / "cmrc2018_trial.json"
    file.write_text(json.dumps({"data": articles}, ensure_ascii=False), encoding="utf-8")
    monkeypatch.setattr(multihop, "DATA", tmp_path)
    corpus = multihop.load("cmrc")
    assert corpus.titles == ["塔", "船"] and [one.gold for one in corpus.questions] == [
        frozenset({corpus.ids[place]}) for place in (0, 0, 1)
    ]
    documents, chunks = multihop.tables(corpus.ids, corpus.titles, corpus.texts, corpus.language)
    assert set(documents["language"].to_pylist()) == set(chunks["language"].to_pylist()) == {"zh"}
    assert len(multihop.load("cmrc", 2).questions) == 2


def test_hidden_chunks_are_not_found_and_come_back(tmp_path):
    embedder, corpus = Remembering(), _corpus()
    filled = EmbeddedGraphStore(tmp_path / "store")
    retrieval.fill(filled, corpus, embedder, tmp_path, with_graph=False)  # type: ignore[arg-type]
    store, vector = AskedStore(filled), embedder.embed_queries([QUESTION])[0]
    assert store.search_vector("chunks", vector, 3) == filled.search_vector("chunks", vector, 3)
    store.hide({"c0"})
    found = [*store.search_vector("chunks", vector, 3), *store.search_text("chunks", QUESTION, 3)]
    assert len(store.search_vector("chunks", vector, 3)) == 3 and "c0" not in dict(found)
    assert [row["chunk_id"] for row in store.rows("chunks", ["c0", "c1"])] == ["c1"]
    store.hide(())
    assert store.rows("chunks", ["c0"]) == filled.rows("chunks", ["c0"])
    assert store.search_text("chunks", QUESTION, 3) == filled.search_text("chunks", QUESTION, 3)


def test_the_table_of_weights_has_a_line_for_each_mode_and_weight(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GRAFTLINE_HOME", str(tmp_path))
    monkeypatch.setattr(multihop, "load", lambda *_: _corpus())
    monkeypatch.setattr(multihop, "CorpusEmbedder", lambda *_: Remembering())
    arguments = [
        "--sets",
        "small",
        "--modes",
        "hybrid;hybrid, one hop",
        "--weights",
        "0,1",
        "--markdown",
        str(tmp_path / "w.md"),
    ]
    assert vector_weights.main(arguments) == 0
    text = (tmp_path / "w.md").read_text(encoding="utf-8")
    assert [line.count("|") for line in text.splitlines() if line.startswith("| small | ")] == [10] * 4
    assert "--modes 'hybrid;hybrid, one hop' --weights 0,1" in text


def test_what_a_mode_gives_beside_its_passages_counts_as_prompt_tokens(tmp_path):
    embedder, corpus = Remembering(), _corpus()
    store = EmbeddedGraphStore(tmp_path / "store")
    retrieval.fill(store, corpus, embedder, tmp_path, with_graph=True)  # type: ignore[arg-type]
    found = {mode: retrieval.figures_of(corpus, mode, store, embedder) for mode in ("ppr", "local")}  # type: ignore[arg-type]
    assert found["local"].prompt_tokens > found["ppr"].prompt_tokens  # type: ignore[operator]
