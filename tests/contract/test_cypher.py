"""Cypher from outside against the real server: rows lead to chunks, writes are refused twice, slow queries end."""

import pytest

from pipelines.answering.ask import Answerer
from pipelines.answering.modes.cypher import statement_in
from pipelines.core.errors import QueryError
from pipelines.core.protocols import CypherStore
from resources.graph.neo4j_store import Neo4jGraphStore
from resources.graph.stores import MirroredGraphStore
from tests.adversarial.attacks import ATTACKS
from tests.answering.modes.scripted import Scripted
from tests.contract.graphs import graph
from tests.fakes import FakeEmbedder
from tests.resources.graph.test_cypher_guard import HOSTILE

WRITES = [
    "CREATE (n:Written)",
    "MERGE (n:Written {id: 1}) RETURN n",
    "MATCH (n:Chunk) SET n.text = 'changed' RETURN n",
    "MATCH (n:Chunk) REMOVE n.text RETURN n",
    "MATCH (n:Chunk) DETACH DELETE n",
    "FOREACH (x IN [1] | CREATE (:Written))",
    "MATCH (n:Chunk) CALL (n) { SET n.text = 'changed' } RETURN n",
    "MATCH (n:Chunk) CALL db.create.setNodeVectorProperty(n, 'embedding', [1.0]) RETURN n",
    "CREATE INDEX written FOR (n:Written) ON (n.id)",
    "DROP INDEX graftline_chunk_parent",
]


@pytest.fixture
def filled(neo4j_store: Neo4jGraphStore) -> Neo4jGraphStore:
    neo4j_store.apply(graph())
    return neo4j_store


def told(store: Neo4jGraphStore, statement: str, rows: int = 10) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    result = store.read_cypher(statement, rows, 20)
    return list(zip(result.rows, result.chunk_ids, strict=True))


def test_rows_are_texts_that_lead_to_their_chunks(filled: Neo4jGraphStore) -> None:
    assert told(filled, "MATCH (e:PERSON) RETURN e") == [(("Marek Dvorsky",), ("c1",))]
    assert told(filled, "MATCH (e {id: 'e4'}) RETURN e, 3 AS three") == [(("陈建国: 宁波仓经理", "3"), ("c3",))]
    assert told(filled, "MATCH (c:Chunk {id: 'c4'}) RETURN c") == [
        (("The Lumen headlamp 头灯 comes from Ningbo.",), ("c4",))
    ]
    path = "MATCH p = (:__Entity__ {id: 'e1'})-[:LEADS]->(:__Entity__) RETURN p"
    assert told(filled, path) == [(("Marek Dvorsky – LEADS – Halden warehouse",), ("c1", "c2"))]
    assert told(filled, "MATCH (d:Document {id: 'd2'}) RETURN d") == [(("宁波",), ("c3", "c4"))]
    assert told(filled, "MATCH (m:__Community__ {id: 'm1'}) RETURN m.title AS title, m") == [
        (("Company 公司", "Company 公司"), ("c3", "c1"))
    ]
    counted = "MATCH (e:__Entity__) RETURN count(e) AS number, collect(e) AS all"
    (((number, _), chunks),) = told(filled, counted)
    assert number == "4" and set(chunks) == {"c1", "c2", "c3"}


def test_plain_values_lead_to_chunks_where_the_graph_knows_them(filled: Neo4jGraphStore) -> None:
    assert told(filled, "MATCH (e:PERSON) RETURN e.name AS name") == [(("Marek Dvorsky",), ("c1",))]
    assert told(filled, "RETURN 'Tencent' AS name") == [(("Tencent",), ("c3",))]
    assert told(filled, "MATCH (d:Document {id: 'd1'}) RETURN d.path AS path") == [(("a.md",), ("c1", "c2"))]
    assert told(filled, "MATCH (c:Chunk {id: 'c2'}) RETURN c.text AS text")[0][1] == ("c2",)
    assert told(filled, "MATCH (e:__Entity__) RETURN count(e) AS number") == [(("4",), ())]


def test_no_more_rows_are_read_than_wanted(filled: Neo4jGraphStore) -> None:
    result = filled.read_cypher("UNWIND range(1, 100000000) AS x RETURN x", 3, 20)
    assert [row[0] for row in result.rows] == ["1", "2", "3"] and result.more
    assert len(filled.read_cypher("UNWIND [1, 2, 3] AS x RETURN x LIMIT 100", 2, 20).rows) == 2
    assert not filled.read_cypher("UNWIND [1, 2] AS x RETURN x", 2, 20).more


def test_vectors_and_digests_are_not_shown(filled: Neo4jGraphStore) -> None:
    ((text,), _) = told(filled, "MATCH (c:Chunk {id: 'c1'}) RETURN properties(c) AS all")[0]
    assert "embedding" not in text and "graftline" not in text and "Marek" in text


def test_the_server_itself_refuses_to_write_in_what_only_reads(filled: Neo4jGraphStore) -> None:
    before = {name: filled.table(name) for name in ("chunks", "entities", "relations")}
    for statement in WRITES:
        with pytest.raises(QueryError, match=r"Neo\.ClientError\."):
            filled.connection.read_only(statement, 5, 20)
    assert {name: filled.table(name) for name in before} == before
    assert not filled.connection.read("MATCH (n:Written) RETURN n")


def test_nothing_hostile_reaches_the_server_or_changes_it(filled: Neo4jGraphStore) -> None:
    before = {name: filled.table(name) for name in ("chunks", "entities", "relations")}
    attacks = [statement_in(one.reply) for one in ATTACKS if one.kind == "cypher"]
    assert len(attacks) == 25 and all(attacks)
    for statement in (*WRITES, *HOSTILE, *attacks):
        with pytest.raises(QueryError):
            filled.read_cypher(statement, 5, 20)
    assert {name: filled.table(name) for name in before} == before


def test_wrong_cypher_comes_back_with_the_servers_words(filled: Neo4jGraphStore) -> None:
    with pytest.raises(QueryError, match=r"Neo\.ClientError\.Statement\.SyntaxError.*Variable `m` not defined"):
        filled.read_cypher("MATCH (n) RETURN m", 5, 20)


def test_a_slow_query_is_ended(filled: Neo4jGraphStore) -> None:
    with pytest.raises(QueryError, match="more than 1 seconds"):
        filled.read_cypher("UNWIND range(1, 1000000000) AS x RETURN sum(x * x) AS total", 5, 1)


def test_the_schema_is_read_from_the_store(filled: Neo4jGraphStore) -> None:
    schema = filled.graph_schema()
    assert dict(schema.entity_types) == {"PERSON": 1, "PLACE": 1, "ORGANISATION": 1, "Document": 1}
    assert ("PERSON", "LEADS", "PLACE", 1) in schema.relations and len(schema.relations) == 3
    assert "name" in schema.properties["__Entity__"] and schema.properties["__Entity__"][0] == "id"
    assert all("vector" not in names for names in schema.properties.values())


def test_a_models_query_becomes_an_answer_with_citations(filled: Neo4jGraphStore) -> None:
    model = Scripted(
        "MATCH (p)-[:LEAD]->(w) RETURN w LIMIT x",
        "```cypher\nMATCH (p:PERSON)-[r:LEADS]->(w) WHERE toLower(w.name) CONTAINS 'halden' RETURN p, r, w\n```",
        "Marek Dvorsky leads the Halden warehouse [1].",
    )
    with Answerer(store=filled, embedder=FakeEmbedder(4), language_model=model) as answerer:
        answered = answerer.ask("Who leads the Halden warehouse?", "cypher")
    first, second = answered.trace
    assert first.result.startswith("refused: found Neo.ClientError.Statement.SyntaxError")
    assert "Marek Dvorsky | LEADS | Halden warehouse" in second.result
    assert answered.retrieved[0] == "c1" and answered.answer.supported
    assert answered.answer.citations[0]["chunk_id"] == "c1"
    assert "Marek Dvorsky | LEADS | Halden warehouse" in model.last()[-1]["content"], "the table is a source"


def test_both_stores_together_answer_cypher(both: MirroredGraphStore) -> None:
    assert isinstance(both, CypherStore) and not isinstance(both.embedded, CypherStore)
    assert both.read_cypher("MATCH (e:PERSON) RETURN e", 5, 20).chunk_ids == (("c1",),)
    assert both.graph_schema() == both.first.graph_schema()
