"""Mode local: the passages of ppr, and beside them what the graph says, within its tokens."""

from typing import Any

import numpy as np
import pytest

from pipelines.answering.modes.local_search import LocalRetriever
from pipelines.answering.retrievers import open_retriever
from pipelines.answering.search.search import Retrieved, Search
from pipelines.answering.settings import AnswerSettings
from pipelines.knowledge.communities.detection import CommunitySettings, detect_communities
from pipelines.knowledge.communities.summaries import SummarySettings, summarise
from pipelines.knowledge.entities.resolution import resolve_entities
from pipelines.knowledge.extraction.extraction import extract
from pipelines.knowledge.extraction.rules.rule_extraction import RuleExtractor
from tests.answering.modes.test_ppr import WORLDS, _store
from tests.answering.world import build_answerer, build_store
from tests.fakes import FakeEmbedder, FakeGraphStore, FakeLanguageModel
from tests.knowledge.graph.graph_tables import chunk_table

QUESTION = "Is the Fjell 2 tent stored at the Halden warehouse?"


def _found(store: FakeGraphStore, question: str, k: int = 5, **settings: Any) -> Retrieved:
    return open_retriever("local", store, FakeEmbedder(), AnswerSettings(**settings)).retrieve(question, k)


@pytest.mark.parametrize("language", WORLDS)
@pytest.mark.parametrize("k", [1, 2, 5])
def test_its_passages_are_those_of_ppr_in_their_order(language: str, k: int):
    question = WORLDS[language][2]
    walked = open_retriever("ppr", _store(language), FakeEmbedder(), AnswerSettings()).retrieve(question, k)
    assert [row["path"] for row in _found(_store(language), question, k).chunks] == [
        row["path"] for row in walked.chunks
    ]


def test_relations_and_reports_of_the_entities_stand_beside_the_passages():
    context = _found(build_store(), QUESTION).context
    assert {fact.text for fact in context if fact.kind == "fact"} >= {"Fjell 2 is stored at Halden"}
    assert [fact.title for fact in context if fact.kind == "report"] == ["Halden"]
    assert all(fact.chunks for fact in context)


def test_what_a_passage_says_is_not_said_again():
    store = build_store()
    told = "The Fjell 2 tent is stored at the Halden warehouse."
    store.tables["relations"][0]["description"] = told
    assert told not in [fact.text for fact in _found(store, QUESTION).context]


def test_all_parts_keep_to_the_tokens_and_the_trace_tells_what_was_left_out():
    count = FakeEmbedder().count_tokens
    found = _found(build_store(), QUESTION, local_tokens=64)
    texts = [row["text"] for row in found.chunks] + [f"{fact.title} {fact.text}" for fact in found.context]
    assert sum(count(texts)) <= 64 and found.chunks
    assert "left out" in found.trace[0].result


def test_the_first_passage_is_there_however_long_it_is():
    store = build_store()
    store.tables["chunks"][0]["text"] = QUESTION + " word" * 500
    assert len(_found(store, QUESTION, 1, local_tokens=64).chunks) == 1


@pytest.mark.parametrize(("reads", "tokens"), [(None, 4000), (2000, 1000), (40_000, 4000)])
def test_the_tokens_are_at_most_half_of_what_the_model_reads(reads: int | None, tokens: int):
    model = FakeLanguageModel()
    model.context_tokens = reads
    found = LocalRetriever(Search(build_store(), FakeEmbedder(), AnswerSettings(), model)).retrieve(QUESTION, 3)
    assert found.trace[0].argument == f"{tokens} tokens"


@pytest.mark.parametrize(
    ("weights", "first"),
    # Of two communities with the same member the smaller one; of two of a size that with more of the weight.
    [([1.0, 0.0, 0.0], "small"), ([0.0, 1.0, 1.0], "large")],
)
def test_a_large_community_has_to_hold_more_of_the_entities(weights: list[float], first: str):
    rows = [{"entity_id": f"e{n}", "name": n, "type": "X", "aliases": [], "chunk_ids": []} for n in "abc"]
    groups = {"small": ["ea"], "large": ["ea", "eb", "ec"]}
    communities = [{"community_id": key, "entity_ids": held, "summary": key} for key, held in groups.items()]
    store = FakeGraphStore(entities=rows, communities=communities, chunks=build_store().tables["chunks"])
    around = Search(store, FakeEmbedder(), AnswerSettings()).neighbourhood
    assert around.communities(np.array(weights), 2)[0] == first


GUIDE = "小明在北京工作于腾讯。 小红在上海工作于阿里。 腾讯是一家互联网公司。"


def guide_store(apart: bool) -> FakeGraphStore:
    """Return the guide's three sentences as the rules read them, in one document or each in its own."""
    texts = GUIDE.split(" ") if apart else [GUIDE.replace(" ", "")]
    named = {f"{place}.txt": [text] for place, text in enumerate(texts)}
    chunks = chunk_table(named)
    extractions, _ = extract(chunks, None, RuleExtractor())
    graph = resolve_entities(extractions, chunks)
    embedder = FakeEmbedder()

    def rows(table: Any, text: str) -> list[dict[str, Any]]:
        return [row | {"vector": embedder.embed([row[text]])[0]} for row in table.to_pylist()]

    communities, _ = detect_communities(graph.entities, graph.relations, None, CommunitySettings())
    parts = communities, graph.entities, graph.relations, chunks
    summaries, _ = summarise(*parts, None, FakeLanguageModel(), SummarySettings())
    groups = {row["community_id"]: row for row in summaries.to_pylist()}
    reports = [groups[row["community_id"]] | row for row in communities.to_pylist()]
    documents = [{"document_id": row["document_id"], "path": row["path"], "title": ""} for row in chunks.to_pylist()]
    return FakeGraphStore(
        documents=documents, chunks=rows(chunks, "text"), entities=rows(graph.entities, "name"),
        relations=graph.relations.to_pylist(),
        communities=[row | {"vector": embedder.embed([row["summary"]])[0]} for row in reports],
    )  # fmt: skip


@pytest.mark.parametrize("apart", [True, False])
@pytest.mark.parametrize("mode", ["local", "auto"])
def test_the_guides_local_question_is_answered(mode: str, apart: bool):
    answer = build_answerer(store=guide_store(apart)).ask("小明在哪工作？", mode).answer
    assert answer.supported and "小明在北京工作于腾讯" in answer.text and "小红" not in answer.text


@pytest.mark.parametrize("mode", ["global", "auto", "drift"])
def test_the_guides_question_about_all_documents_names_people_and_companies(mode: str):
    answered = build_answerer(store=guide_store(apart=True)).ask("总结这些文档中的人物和公司", mode)
    assert answered.answer.supported
    assert [name for name in ("小明", "腾讯", "小红", "阿里") if name not in answered.answer.text] == []
    assert mode != "auto" or answered.answer.note.startswith("auto: global, because ")


@pytest.mark.parametrize("language", WORLDS)
def test_without_entities_it_gives_the_passages_of_the_searches_not_nothing(language: str):
    # graphrag's local search is silently empty where no entity is near the question (its issue 707).
    store, question = _store(language), WORLDS[language][2]
    bare = FakeGraphStore(documents=store.tables["documents"], chunks=store.tables["chunks"])
    assert _found(bare, question).chunks[0]["path"] == "1.txt" and not _found(bare, question).context
