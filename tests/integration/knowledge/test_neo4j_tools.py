"""Other tools read our graph as it is: neo4j-graphrag's retrievers and LlamaIndex's property graph store.

`pip install 'graftline[neo4j-tools]'`. The schema that both read by themselves needs APOC in the server; without it the
schema is given to them as text.
"""

import os
from collections.abc import Iterator
from typing import Any

import pytest

from resources.graph import neo4j_stage
from resources.graph.neo4j_store import Neo4jGraphStore
from tests.contract.conftest import neo4j_server, neo4j_store  # noqa: F401
from tests.contract.graphs import graph

URI, PASSWORD = os.environ.get("GRAFTLINE_TEST_NEO4J_URI", ""), os.environ.get("GRAFTLINE_TEST_NEO4J_PASSWORD", "")
FIRST = [1.0, 0.0, 0.0, 0.0]


@pytest.fixture(params=["delta", "whole load"])
def filled(request: pytest.FixtureRequest, neo4j_store: Neo4jGraphStore, monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: F811
    """Our graph, written by either way."""
    monkeypatch.setattr(neo4j_stage, "ROWS_A_TRANSACTION", 100 if request.param == "delta" else 2)
    neo4j_store.apply(graph())
    return neo4j_store


@pytest.fixture
def driver(filled: Neo4jGraphStore) -> Iterator[Any]:
    import neo4j

    with neo4j.GraphDatabase.driver(URI, auth=("neo4j", PASSWORD)) as opened:
        yield opened


def with_apoc(store: Neo4jGraphStore) -> bool:
    return bool(store.connection.read("SHOW PROCEDURES YIELD name WHERE name = 'apoc.meta.data' RETURN name"))


def test_graphrags_vector_retriever_finds_our_chunks_and_entities(driver):
    retrievers = pytest.importorskip("neo4j_graphrag.retrievers")
    chunks = retrievers.VectorRetriever(driver, "vector", return_properties=["id", "text"])
    found = chunks.search(query_vector=FIRST, top_k=2).items
    assert "Marek Dvorsky leads" in found[0].content and len(found) == 2
    assert found[0].metadata["nodeLabels"][0] == "Chunk"
    entities = retrievers.VectorRetriever(driver, "entity", return_properties=["name"])
    assert len(entities.search(query_vector=FIRST, top_k=4).items) == 4


def test_graphrags_vector_cypher_retriever_walks_from_a_chunk_to_its_entities(driver):
    retrievers = pytest.importorskip("neo4j_graphrag.retrievers")
    query = (
        "MATCH (node)-[:PART_OF]->(d:Document) MATCH (node)-[:HAS_ENTITY]->(e:__Entity__) "
        "OPTIONAL MATCH (e)-[r:LEADS]->(led:__Entity__) RETURN d.path AS path, e.name AS name, led.name AS led"
    )
    found = retrievers.VectorCypherRetriever(driver, "vector", query).get_search_results(query_vector=FIRST, top_k=1)
    rows = sorted((record["path"], record["name"], record["led"]) for record in found.records)
    assert rows == [("a.md", "Halden warehouse", None), ("a.md", "Marek Dvorsky", "Halden warehouse")]


def test_graphrags_hybrid_retriever_finds_words_and_vectors_in_both_languages(driver):
    retrievers = pytest.importorskip("neo4j_graphrag.retrievers")
    hybrid = retrievers.HybridRetriever(driver, "vector", "graftline_chunks_text", return_properties=["id"])
    for query, vector, first in (("warehouse", FIRST, "c1"), ("腾讯公司", [0.0, 1.0, 0.0, 0.0], "c3")):
        items = hybrid.search(query_text=query, query_vector=vector, top_k=2).items
        assert first in items[0].content


def test_graphrags_text_to_cypher_runs_over_our_labels(driver, filled):
    retrievers, schema = pytest.importorskip("neo4j_graphrag.retrievers"), pytest.importorskip("neo4j_graphrag.schema")
    from neo4j_graphrag.llm import LLMInterface, LLMResponse

    prompts = list[str]()

    class Writer(LLMInterface):
        def invoke(self, input: str, *_: Any, **__: Any) -> Any:
            prompts.append(input)
            return LLMResponse(content="MATCH (p:PERSON)-[:LEADS]->(w:PLACE) RETURN p.name AS name")

        async def ainvoke(self, input: str, *_: Any, **__: Any) -> Any:
            return self.invoke(input)

    known = ", ".join(f"({a})-[:{kind}]->({b})" for a, kind, b, _ in filled.graph_schema().relations)
    if with_apoc(filled):
        read = schema.get_schema(driver)
        assert "(:PERSON)-[:LEADS]->(:PLACE)" in read and "(:Chunk)-[:PART_OF]->(:Document)" in read
        known = ""
    writer = Writer(model_name="scripted")
    found = retrievers.Text2CypherRetriever(driver, writer, neo4j_schema=known or None).search(query_text="Who leads?")
    assert "Marek Dvorsky" in found.items[0].content
    assert "LEADS" in prompts[0]


@pytest.fixture
def llama(filled: Neo4jGraphStore) -> Iterator[Any]:
    module = pytest.importorskip("llama_index.graph_stores.neo4j")
    schema = with_apoc(filled)
    store = module.Neo4jPropertyGraphStore("neo4j", PASSWORD, URI, refresh_schema=schema)
    yield store
    store.close()


def test_llamaindex_reads_our_entities_relations_and_chunks(llama):
    triplets = llama.get_triplets(entity_names=["Marek Dvorsky"])
    assert [(one.name, rel.label, other.name) for one, rel, other in triplets] == [
        ("Marek Dvorsky", "LEADS", "Halden warehouse")
    ]
    assert (triplets[0][0].label, triplets[0][2].label) == ("PERSON", "PLACE")
    assert {node.id for node in llama.get(ids=["e3", "e1"])} == {"e1", "e3"}
    assert llama.get(ids=["c3"])[0].text.startswith("去年腾讯公司")
    assert len(llama.get_triplets(relation_names=["CO_OCCURS"], ids=["e3"])) == 2


def test_llamaindex_searches_our_vectors_and_walks_from_what_it_finds(llama):
    from llama_index.core.vector_stores.types import VectorStoreQuery

    nodes, scores = llama.vector_query(VectorStoreQuery(query_embedding=FIRST, similarity_top_k=4))
    assert {node.name for node in nodes} == {"e1", "e2", "e3", "e4"} and scores[0] == pytest.approx(1.0)
    person = [node for node in nodes if node.label == "PERSON"]
    walked = llama.get_rel_map(person, depth=1, ignore_rels=["HAS_ENTITY", "IN_COMMUNITY"])
    assert [(one.properties["name"], rel.label, other.properties["name"]) for one, rel, other in walked] == [
        ("Marek Dvorsky", "LEADS", "Halden warehouse")
    ]


def test_what_llamaindex_makes_in_the_database_disturbs_no_later_run(llama, filled):
    after = graph()
    filled.apply(after)
    assert sum(filled.apply(after).written.values()) == 0
    constraints = filled.connection.read("SHOW CONSTRAINTS YIELD labelsOrTypes RETURN labelsOrTypes[0] AS label")
    assert "__Node__" in {record["label"] for record in constraints}
    assert [key for key, _ in filled.search_vector("entities", FIRST, 4)] == ["e1", "e2", "e3", "e4"]
