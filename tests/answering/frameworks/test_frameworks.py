"""Our retrievers as theirs, and their indexes as our modes, over the small world."""

import gc
import importlib.util
import os
import subprocess
import sys
import weakref

import pytest

from pipelines.answering.frameworks import langchain_indexes
from pipelines.answering.frameworks.extra import needs_langchain
from pipelines.answering.frameworks.guide import split
from pipelines.answering.frameworks.llamaindex_graph import neighbour_store
from pipelines.answering.frameworks.models import BORDER, extractive_llm
from pipelines.answering.frameworks.retrievers import as_langchain, as_llamaindex
from pipelines.answering.modes.names import ADAPTER_MODES, ALL_MODES, MODES, SEARCH_MODES
from pipelines.answering.retrievers import open_retriever
from pipelines.answering.settings import AnswerSettings, RetrievalSettings
from pipelines.core.errors import ConfigurationError, NotMaterializedError
from pipelines.core.filters import Filters
from pipelines.text.sentence_spans import flat_spans
from pipelines.text.sentences import sentences
from resources.settings import CHECKOUT
from tests.answering.world import SETTINGS, TEXTS, build_answerer, build_store
from tests.fakes import FakeEmbedder, FakeLanguageModel

LANGCHAIN = all(
    importlib.util.find_spec(name) for name in ("langchain_classic", "langchain_community", "langchain_text_splitters")
)
QUESTION = "Within how many days can unused goods be sent back?"


def needs_extra(mode: str) -> None:
    if not mode.startswith("llamaindex") and not LANGCHAIN:
        pytest.skip("needs the extra 'adapters'")


@pytest.mark.parametrize("mode", ADAPTER_MODES)
def test_their_index_finds_the_passage_under_our_chunk_id(mode: str) -> None:
    needs_extra(mode)
    store = build_store()
    known = {row["chunk_id"]: row for row in store.tables["chunks"]}
    question = "Where is the Fjell 2 tent stored?" if mode == "llamaindex-property-graph" else QUESTION
    wanted = "products/fjell.md" if mode == "llamaindex-property-graph" else "policies/returns.md"
    found = open_retriever(mode, store, FakeEmbedder(), SETTINGS).retrieve(question, 3).chunks  # type: ignore[arg-type]
    assert 1 <= len(found) <= 3
    assert wanted in [row["path"] for row in found][: 3 if mode == "llamaindex-tree" else 1]
    for row in found:
        own = known[row["chunk_id"]]
        assert row["text"] == own["text"][row["start"] : row["end"]] and row["title"]


TIED = """
from pipelines.answering.frameworks.llamaindex_indexes import keyword
words = "alpha beta gamma delta epsilon zeta eta theta".split()
rows = [{"chunk_id": f"c{n}", "text": f"{word} tent", "vector": [0.0, 1.0]} for n, word in enumerate(words)]
find = keyword(rows, None, None)
print(find("alpha beta gamma theta tent", 4), find("tent", 4))
"""


def test_among_chunks_with_as_many_words_the_same_win_in_every_process() -> None:
    def found(seed: str) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        call = [sys.executable, "-c", TIED]
        return subprocess.run(call, cwd=CHECKOUT, env=environment, check=True, capture_output=True, text=True).stdout

    assert found("1") == found("2") == "['c0', 'c1', 'c2', 'c7'] ['c0', 'c1', 'c2', 'c3']\n"


@pytest.mark.parametrize("mode", ["langchain-bm25", "langchain-ensemble"])
def test_their_bm25_reads_chinese_by_our_words(mode: str) -> None:
    needs_extra(mode)
    found = open_retriever(mode, build_store(), FakeEmbedder(), SETTINGS).retrieve("满299元免运费吗？", 1).chunks  # type: ignore[arg-type]
    assert found[0]["path"] == "policies/配送.txt"


@pytest.mark.parametrize("mode", ["langchain-bm25", "langchain-ensemble"])
def test_their_word_indexes_find_a_late_row_by_the_head_of_its_table(mode: str) -> None:
    needs_extra(mode)
    store = build_store()
    late = next(row for row in store.tables["chunks"] if row["path"] == "warehouses/halden.md")
    late["header"] = "Sites\n| Site | Draught |"
    found = open_retriever(mode, store, FakeEmbedder(), SETTINGS).retrieve("Which draught?", 1).chunks  # type: ignore[arg-type]
    assert [row["chunk_id"] for row in found] == [late["chunk_id"]]


def test_two_modes_over_bm25_asked_in_turn_make_one_index_each(monkeypatch: pytest.MonkeyPatch) -> None:
    needs_extra("langchain")
    import rank_bm25

    made: list[int] = []

    class Counted(rank_bm25.BM25Okapi):
        def __init__(self, corpus: list[list[str]], **options: object) -> None:
            made.append(len(corpus))
            super().__init__(corpus, **options)

    monkeypatch.setattr(rank_bm25, "BM25Okapi", Counted)
    answerer = build_answerer()
    for question in (QUESTION, "满299元免运费吗？", QUESTION):
        for mode in ("langchain-bm25", "langchain-ensemble"):
            answerer.ask(question, mode)  # type: ignore[arg-type]
    assert made == [len(TEXTS)] * 2


def test_an_index_goes_with_its_retriever() -> None:
    needs_extra("langchain")

    class Rows(list):
        """A list that can be watched."""

    rows = Rows(build_store().tables["chunks"])
    gone = weakref.ref(rows)
    find = langchain_indexes.bm25(rows, FakeEmbedder())
    assert find(QUESTION, 1) and find(QUESTION, 2)
    del rows, find
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize("mode", ["llamaindex-vector", "guide"])
def test_their_index_holds_only_what_passes_the_filters(mode: str) -> None:
    needs_extra(mode)
    told = AnswerSettings(retrieval=RetrievalSettings(filters=Filters(paths=("warehouses/",))))
    found = open_retriever(mode, build_store(), FakeEmbedder(), told).retrieve(QUESTION, 3).chunks  # type: ignore[arg-type]
    assert [row["path"] for row in found] == ["warehouses/halden.md"]


def test_a_summary_without_a_language_model_begins_with_each_texts_heading_and_first_sentence() -> None:
    texts = ["# Returns\n\nGoods can be sent back. The label costs 4.50.", "Poles bend.\nThey do not break."]
    said = extractive_llm().complete("".join(f"{BORDER}{text}\n" for text in texts)).text
    assert said == f"{BORDER}# Returns Goods can be sent back. Poles bend."


def test_a_tree_gives_as_many_leaves_as_asked_for_and_embeds_its_summaries_once() -> None:
    texts = {f"{number}.md": f"Tent number {number} is green." for number in range(25)} | {"x.md": "Poles can bend."}
    embedder, question = FakeEmbedder(), "Which poles bend?"
    retriever = open_retriever("llamaindex-tree", build_store(texts), embedder, SETTINGS)
    embedder.calls.clear()
    found = retriever.retrieve(question, 7).chunks
    assert len(found) == 7 and found[0]["path"] == "x.md"
    assert embedder.calls == [[question]]


def test_the_property_graph_cites_the_chunk_of_the_relation_and_the_heaviest_first() -> None:
    rows = [{"chunk_id": key, "text": f"Text {key}."} for key in ("c1", "c2", "c3")]
    entities = [{"entity_id": key, "type": "PLACE"} for key in ("e1", "e2", "e3")]
    relations = [
        {"relation_id": "r1", "source_id": "e1", "target_id": "e2", "type": "NEAR", "weight": 1.0, "chunk_ids": ["c2"]},
        {"relation_id": "r2", "source_id": "e3", "target_id": "e1", "type": "IN", "weight": 2.0, "chunk_ids": ["c3"]},
        {"relation_id": "r3", "source_id": "e1", "target_id": "e3", "type": "OF", "weight": 9.0, "chunk_ids": ["gone"]},
    ]
    graph = neighbour_store(rows, entities, relations)
    found = graph.get_rel_map(graph.get(ids=["e1", "none"]))
    assert [(one[0].id, one[1].label, one[2].id) for one in found] == [("e3", "IN", "e1"), ("e1", "NEAR", "e2")]
    assert [one[0].properties["triplet_source_id"] for one in found] == ["c3", "c2"]
    assert [node.text for node in graph.get_llama_nodes(["c3"])] == ["Text c3."]
    assert len(graph.get_rel_map(graph.get(ids=["e1", "e3"]), limit=1)) == 1


def test_the_property_graph_without_entities_says_what_to_type() -> None:
    bare = build_store({"a.md": "Poles bend."})
    with pytest.raises(NotMaterializedError, match="graftline run"):
        open_retriever("llamaindex-property-graph", bare, FakeEmbedder(), SETTINGS)


def test_a_missing_extra_is_named_with_the_command() -> None:
    with pytest.raises(ConfigurationError, match=r"pip install -e '\.\[adapters\]'"):
        needs_langchain("langchain_core_that_nobody_has")


def test_the_guides_passages_are_500_characters_and_stand_in_the_document() -> None:
    needs_extra("guide")
    text = " ".join(f"Sentence number {number} speaks of tents." for number in range(60))
    half = text.index("Sentence number 30")
    parts = [(0, text[: half - 1]), (half, text[half:])]
    rows = [
        {
            "chunk_id": f"c{start}",
            "document_id": "d",
            "path": "a",
            "start": start,
            "end": start + len(part),
            "text": part,
            "sentence_spans": [0, 9],
        }
        for start, part in parts
    ]
    passages = split(rows)
    assert len(passages) > 4 and max(len(row["text"]) for row in passages) <= 500
    assert all(row["text"].replace("\n", " ") == text[row["start"] : row["end"]] for row in passages)
    assert passages[0]["chunk_id"] == "c0" and passages[-1]["chunk_id"] == f"c{half}"
    assert all(row["sentence_spans"] == flat_spans(sentences(row["text"])) for row in passages)


def test_the_guides_prompt_holds_three_passages_whole() -> None:
    needs_extra("guide")
    model = FakeLanguageModel(lambda messages: "Unused goods can be sent back within 45 days.")
    answer = build_answerer(model).ask(QUESTION, "guide").answer
    prompt = model.calls[0][0][0]["content"]
    assert sum(text in prompt for text in TEXTS.values()) == 3 and TEXTS["policies/returns.md"] in prompt
    assert answer.citations[0]["document"] == "policies/returns.md"


@pytest.mark.parametrize("mode", [*SEARCH_MODES, "llamaindex-vector"])
def test_a_question_is_answered_with_citations_in_the_new_modes(mode: str) -> None:
    model = FakeLanguageModel(lambda messages: "Unused goods can be sent back within 45 days.")
    asked = build_answerer(model).ask(QUESTION, mode)  # type: ignore[arg-type]
    assert asked.answer.supported and asked.mode == mode
    assert asked.answer.citations[0]["document"] == "policies/returns.md"


def test_our_retriever_serves_llamaindex_and_langchain() -> None:
    retriever = open_retriever("hybrid", build_store(), FakeEmbedder(), SETTINGS)
    ours = [row["chunk_id"] for row in retriever.retrieve(QUESTION, 2).chunks]
    nodes = as_llamaindex(retriever, 2).retrieve(QUESTION)
    assert [found.node.node_id for found in nodes] == ours
    assert nodes[0].score == 1.0 and nodes[0].node.metadata["path"] == "policies/returns.md"
    needs_extra("langchain")
    documents = as_langchain(retriever, 2).invoke(QUESTION)
    assert [document.id for document in documents] == ours
    assert documents[0].metadata["start"] == 0 and documents[0].page_content == TEXTS["policies/returns.md"]


def test_a_night_answers_in_the_three_graph_modes_alone() -> None:
    assert MODES == ("native", "local", "global") and set(MODES) < set(ALL_MODES)
