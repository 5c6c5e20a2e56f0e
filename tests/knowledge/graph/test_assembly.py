"""Joining the graph: vectors, summaries, references, and what is embedded again."""

from dataclasses import replace

import numpy as np
import pytest

from pipelines.core import schemas
from pipelines.core.errors import InputError
from pipelines.core.graph_tables import GraphTables, orphans
from pipelines.core.vectors import matrix
from pipelines.knowledge.graph.assembly import assemble, graph_digest
from pipelines.knowledge.vectors.embedding import vector_table
from tests.contract.graphs import changed, graph
from tests.fakes import FakeEmbedder


def inputs(of: GraphTables | None = None) -> dict:
    """Return what the stages before leave behind for this graph."""
    of = of or graph()
    chunks = of.chunks.drop_columns(["vector"])
    keys = chunks["chunk_id"].to_pylist()
    vectors = {key: np.eye(64, dtype=np.float32)[place] for place, key in enumerate(keys)}
    return {
        "documents": of.documents.append_column("text", of.documents["title"]),
        "chunks": chunks,
        "chunk_embeddings": vector_table("chunk_id", vectors, FakeEmbedder()),
        "entities": of.entities.drop_columns(["vector"]),
        "relations": of.relations,
        "communities": of.communities.select(schemas.COMMUNITIES.names),
        "summaries": of.communities.select(schemas.COMMUNITY_SUMMARIES.names),
    }


def test_every_row_gets_its_vector_and_every_community_its_summary():
    embedder = FakeEmbedder()
    made, vectors, work = assemble(**inputs(), embedder=embedder, previous=None)
    assert "text" not in made.documents.column_names
    assert matrix(made.chunks).argmax(axis=1).tolist() == [0, 1, 2, 3]
    texts = ["Marek Dvorsky", "Halden warehouse", "腾讯", "陈建国\n宁波仓经理"]
    assert np.array_equal(matrix(made.entities), embedder.embed(texts))
    assert made.communities["title"].to_pylist() == ["Company 公司", "宁波"]
    assert made.communities["chunk_ids"].to_pylist() == [["c3", "c1"], []]
    assert (len(vectors), work.computed["vectors"]) == (6, 6)
    assert orphans(made) == []


def test_only_changed_texts_are_embedded_again():
    _, vectors, _ = assemble(**inputs(), embedder=FakeEmbedder(), previous=None)
    embedder = FakeEmbedder()
    again, same, _ = assemble(**inputs(), embedder=embedder, previous=vectors)
    assert embedder.calls == [] and same.equals(vectors)
    after = inputs(changed(graph(), "entities", "e1", description="chief executive"))
    delta, kept, _ = assemble(**after, embedder=embedder, previous=vectors)
    assert embedder.calls == [["Marek Dvorsky\nchief executive"]]
    clean, rebuilt, _ = assemble(**after, embedder=FakeEmbedder(), previous=None)
    assert graph_digest(delta) == graph_digest(clean) != graph_digest(again)
    assert kept.equals(rebuilt)


def test_the_order_of_the_inputs_does_not_matter():
    turned = {name: table[::-1] for name, table in inputs().items()}
    made = [assemble(**tables, embedder=FakeEmbedder(), previous=None)[0] for tables in (inputs(), turned)]
    assert graph_digest(made[0]) == graph_digest(made[1])


def test_a_community_without_summary_gets_an_empty_one():
    tables = inputs() | {"summaries": inputs()["summaries"].slice(0, 1)}
    made, _, _ = assemble(**tables, embedder=FakeEmbedder(), previous=None)
    assert made.communities["title"].to_pylist() == ["Company 公司", ""]


def test_a_chunk_without_vector_is_refused():
    tables = inputs() | {"chunk_embeddings": inputs()["chunk_embeddings"].slice(0, 3)}
    with pytest.raises(InputError, match="chunk_embeddings: found no vector for 1 chunks, first c4"):
        assemble(**tables, embedder=FakeEmbedder(), previous=None)


def test_references_to_missing_rows_are_told_one_by_one():
    broken = changed(graph(), "relations", "r1", target_id="e9")
    broken = replace(broken, documents=broken.documents.slice(0, 1))
    assert orphans(broken) == ["chunks c3 -> documents d2", "chunks c4 -> documents d2", "relations r1 -> entities e9"]
