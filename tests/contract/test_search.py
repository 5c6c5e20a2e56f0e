"""What search does in either store: exact and approximate vectors, BM25 in both languages, filters, siblings."""

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from pipelines.core.errors import ConfigurationError, NotMaterializedError
from pipelines.core.filters import Filters
from pipelines.core.graph_tables import GraphTables
from resources.graph import cypher, rows
from resources.graph.embedded import EmbeddedGraphStore
from tests.contract.graphs import SCHEMAS, changed, graph, table
from tests.contract.test_graph_store import ids

X = np.array([1, 0, 0, 0], np.float32)
WORDS = "tents tent pole headlamp 公司 warehouse"


def library() -> GraphTables:
    """Return the small graph with a format and a date a document, a language, path and sections a chunk."""
    after = changed(graph(), "documents", "d1", format="markdown", date="2024-05-01")
    after = changed(after, "documents", "d2", format="pdf", date="2023-12-31T08:00:00")
    places = {"c1": ("en", "a.md", "Staff"), "c2": ("en", "a.md", "Goods > Repair")}
    places |= {"c3": ("zh", "zh/b.md", "公司"), "c4": ("en", "zh/b.md", "Goods")}
    touched = {"c1": ["Staff", "Goods"], "c2": ["Goods", "Goods > Repair"], "c3": ["公司"], "c4": ["Goods"]}
    for key, (language, path, section) in places.items():
        after = changed(after, "chunks", key, language=language, path=path, section=section, sections=touched[key])
    return after


@pytest.mark.parametrize(
    ("filters", "passing"),
    [
        ({}, "c1 c2 c3 c4"),
        ({"languages": ["zh"]}, "c3"),
        ({"languages": ["en", "zh"]}, "c1 c2 c3 c4"),
        ({"paths": ["zh/"]}, "c3 c4"),
        ({"paths": ["a.md", "zh/b"]}, "c1 c2 c3 c4"),
        ({"paths": ["b.md"]}, ""),
        ({"formats": ["pdf"]}, "c3 c4"),
        ({"paths": ["./zh"]}, "c3 c4"),
        ({"paths": ["a.md/"]}, "c1 c2"),
        ({"paths": ["a/"]}, ""),
        ({"paths": ["."]}, "c1 c2 c3 c4"),
        ({"formats": ["PDF", "md"]}, "c1 c2 c3 c4"),
        ({"section": "Goods"}, "c1 c2 c4"),
        ({"section": "Staff"}, "c1"),
        ({"section": "Goods > Repair"}, "c2"),
        ({"section": "Good"}, ""),
        ({"since": "2024"}, "c1 c2"),
        ({"until": "2023"}, "c3 c4"),
        ({"since": "2023-12-31", "until": "2023-12-31"}, "c3 c4"),
        ({"since": "2025"}, ""),
        ({"languages": ["en"], "formats": ["pdf"], "section": "Goods"}, "c4"),
        ({"section": "' OR 1 = 1 --"}, ""),
        ({"paths": ["') OR true OR starts_with(path, '"]}, ""),
        ({"section": "x' OR ''='"}, ""),
    ],
)
def test_filters_keep_what_passes_and_nothing_else(store, filters, passing):
    store.apply(library())
    wanted, where = set(passing.split()), Filters(**filters)
    assert {key for key, _ in store.search_vector("chunks", X, 4, where)} == wanted
    assert {key for key, _ in store.search_vector("chunks", X, 4, where, exact=True)} == wanted
    assert set(ids(store.search_text("chunks", WORDS, 4, where))) == wanted
    documents = {row["document_id"]: row for row in library().documents.to_pylist()}
    chunks = library().chunks.to_pylist()
    assert {row["chunk_id"] for row in chunks if where.passes(row, documents[row["document_id"]])} == wanted


def test_an_undated_document_passes_no_bound_on_the_date(store):
    store.apply(changed(library(), "documents", "d1", date=""))
    assert set(ids(store.search_text("chunks", WORDS, 4, Filters(until="2030")))) == {"c3", "c4"}
    assert set(ids(store.search_vector("chunks", X, 4, Filters(since="1900")))) == {"c3", "c4"}


def test_a_documents_new_date_counts_for_its_chunks(store):
    store.apply(library())
    store.apply(changed(library(), "documents", "d1", date="2026-01-01"))
    assert set(ids(store.search_text("chunks", WORDS, 4, Filters(since="2026")))) == {"c1", "c2"}
    assert ids(store.search_vector("chunks", X, 4, Filters(since="2024", until="2025"))) == []


def test_chunks_that_do_not_know_what_they_touch_are_made_anew_before_a_section_is_asked_for(store):
    old = replace(library(), chunks=library().chunks.drop_columns(["sections"]))
    store.apply(old)
    where = Filters(section="Goods")
    for ask in (
        lambda: store.search_text("chunks", "tent", 3, where),
        lambda: store.search_vector("chunks", X, 3, where),
        lambda: where.passes(store.rows("chunks", ["c1"])[0], {}),
    ):
        with pytest.raises(NotMaterializedError, match="graftline run"):
            ask()
    store.apply(library())
    assert set(ids(store.search_text("chunks", WORDS, 4, where))) == {"c1", "c2", "c4"}


def test_filters_on_anything_but_chunks_are_refused(store):
    store.apply(library())
    for ask in (
        lambda: store.search_text("entities", "tent", 3, Filters(languages=["en"])),
        lambda: store.search_vector("communities", X, 3, Filters(languages=["en"])),
    ):
        with pytest.raises(ConfigurationError, match="chunks"):
            ask()


def test_an_exact_search_gives_the_similarities_themselves(store):
    store.apply(graph())
    found = store.search_vector("chunks", X, 4, exact=True)
    assert [key for key, _ in found] == ["c1", "c2", "c4", "c3"]
    assert [score for _, score in found] == pytest.approx([1.0, 0.8, 0.8, 0.0], abs=1e-5)
    assert store.search_vector("entities", X, 1, exact=True)[0][1] == pytest.approx(1.0, abs=1e-5)


def test_siblings_come_by_document_and_place(store):
    after = library()
    for key, parent in (("c1", "p1"), ("c2", "p1"), ("c4", "p2")):
        after = changed(after, "chunks", key, parent_id=parent)
    store.apply(after)
    assert [row["chunk_id"] for row in store.siblings_of(["p2", "p1", "nobody"])] == ["c1", "c2", "c4"]
    assert "vector" not in store.siblings_of(["p1"])[0]
    assert store.siblings_of([]) == store.siblings_of([""]) == []


def many(count: int, seed: int = 0) -> tuple[GraphTables, np.ndarray]:
    """Return the graph with `count` chunks in groups of near vectors, and the vectors."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(40, 32))
    vectors = centres[np.arange(count) % 40] + 0.5 * random.normal(size=(count, 32))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    kind = pa.list_(pa.float32(), 32)
    fields = [field if field.name != "vector" else pa.field("vector", kind) for field in SCHEMAS["chunks"]]
    plain = table(
        "chunks",
        [
            {
                "chunk_id": f"c{number:05}",
                "document_id": "d1",
                "path": "a.md",
                "start": number,
                "language": "en" if number % 100 else "zh",
                "text": f"Passage {number} of group {number % 40}.",
            }
            for number in range(count)
        ],
    )
    column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), 32)
    chunks = plain.set_column(plain.schema.get_field_index("vector"), "vector", column).cast(pa.schema(fields))
    nothing = {name: SCHEMAS[name].empty_table() for name in ("entities", "relations", "communities")}
    return GraphTables(documents=graph().documents, chunks=chunks, **nothing), vectors


def recall(store: Any, vectors: np.ndarray, queries: np.ndarray, k: int = 10) -> float:
    """Return the share of the k truly nearest chunks that the index finds."""
    found = 0
    for query in queries:
        truth = {f"c{row:05}" for row in np.argsort(-(vectors @ query), kind="stable")[:k]}
        exact = {key for key, _ in store.search_vector("chunks", query, k, exact=True)}
        assert len(exact & truth) >= k - 1  # equal but for the last digits
        found += len(truth & {key for key, _ in store.search_vector("chunks", query, k)})
    return found / (k * len(queries))


def test_the_approximate_index_finds_nearly_all_that_an_exact_search_finds(store):
    if store.name == "embedded":
        store = EmbeddedGraphStore(store.root, approximate_from=1000)
    tables, vectors = many(2000)
    store.apply(tables)
    queries = vectors[:20] + 0.02
    assert recall(store, vectors, queries) >= 0.95
    zh = Filters(languages=["zh"])
    assert len(store.search_vector("chunks", queries[0], 20, zh)) == 20
    assert ids(store.search_vector("chunks", queries[0], 5, zh)) == ids(
        store.search_vector("chunks", queries[0], 5, zh, exact=True)
    )


def test_an_embedded_index_finds_rows_that_came_and_forgets_rows_that_went(tmp_path):
    store = EmbeddedGraphStore(tmp_path, approximate_from=1000)
    tables, vectors = many(1500)
    store.apply(replace(tables, chunks=tables.chunks.slice(0, 1400)))
    first = set(_indexes(store))
    assert "vector_idx" in first
    store.apply(replace(tables, chunks=tables.chunks.slice(100)))
    left = vectors.copy()
    left[:100] = 0
    assert recall(store, left, vectors[1400:1420]) >= 0.95
    gone = {f"c{number:05}" for number in range(100)}
    assert not gone & {key for key, _ in store.search_vector("chunks", vectors[5], 50)}
    store.apply(replace(tables, chunks=tables.chunks.slice(0, 500)))
    assert "vector_idx" not in _indexes(store)


def _indexes(store: EmbeddedGraphStore) -> list[str]:
    return [index["name"] for index in store._dataset("chunks", store._state()).list_indices()]


def test_a_late_row_of_a_table_is_found_by_the_name_of_its_column_and_its_section(store):
    headed = changed(graph(), "chunks", "c2", header="Prices > Poles\n| Article | Draught |")
    store.apply(changed(headed, "chunks", "c3", header="规格\n| 型号 | 吃水深度 |"))
    assert ids(store.search_text("chunks", "What is the draught?", 4)) == ["c2"]
    assert ids(store.search_text("chunks", "吃水深度是多少", 4))[0] == "c3"
    assert ids(store.search_text("chunks", "prices", 4)) == ["c2"]


def test_what_all_chunks_have_in_their_header_does_not_outweigh_what_one_of_them_says(store):
    headed = [{**row, "header": "Halden warehouse handbook"} for row in graph().chunks.to_pylist()]
    store.apply(replace(graph(), chunks=table("chunks", headed)))
    assert ids(store.search_text("chunks", "handbook workshop", 4))[0] == "c2"


def test_an_embedded_graph_whose_search_knew_no_headers_is_indexed_anew_by_the_next_run(tmp_path, monkeypatch):
    store, headed = EmbeddedGraphStore(tmp_path), changed(graph(), "chunks", "c2", header="| Article | Draught |")
    with monkeypatch.context() as former:
        former.setitem(rows.SEARCHED, "chunks", ("text",))
        store.apply(headed)
    assert store.search_text("chunks", "draught", 4) == []
    store.apply(headed)
    assert ids(store.search_text("chunks", "draught", 4)) == ["c2"]


def test_a_full_text_index_of_neo4j_over_other_columns_is_made_anew(neo4j_store):
    headed = changed(graph(), "chunks", "c2", header="| Article | Draught |")
    neo4j_store.apply(headed)
    index = cypher.TEXT_NAMES["chunks"]
    neo4j_store.connection.write(cypher.DROP_INDEX, name=index)
    neo4j_store.connection.write(f"CREATE FULLTEXT INDEX {index} FOR (n:Chunk) ON EACH [n.text]")
    neo4j_store.apply(headed)
    assert ids(neo4j_store.search_text("chunks", "draught", 4)) == ["c2"]


def test_a_chunk_without_a_vector_is_found_by_words_alone(store):
    silent = changed(graph(), "chunks", "c2", vector=[0, 0, 0, 0])
    store.apply(graph())
    store.apply(silent)
    for exact in (False, True):
        assert {key for key, _ in store.search_vector("chunks", X, 4, exact=exact)} == {"c1", "c3", "c4"}
    assert ids(store.search_text("chunks", "workshop", 4)) == ["c2"]
    assert store.table("chunks").equals(silent.chunks)
    assert store.apply(silent).written["chunks"] == 0
