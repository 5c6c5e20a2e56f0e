"""What the benchmark of documents computes: the folder it writes and changes, and when a figure counts."""

import numpy as np
import pyarrow as pa
import pytest

from benchmarks import documents
from benchmarks.corpora.corpus import Corpus, place
from benchmarks.documents import Load
from benchmarks.ground.process import Measured
from pipelines.core import schemas
from resources.tables.tables import TableStore

POOL = [f"The {word} of number {number} is a fact." for word in ("colour", "weight") for number in range(40)]
WRITTEN = Corpus(POOL, ["A title", "Another"], 42)


def _texts(folder) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.rglob("*.txt")}


def _load(seconds: float, parsed: int, chunks: int, vectors: int) -> Load:
    counters = {
        "documents": {"computed_parsed": parsed},
        "chunks": {"computed_chunks": chunks},
        "chunk_embeddings": {"computed_vectors": vectors},
    }
    return Load(Measured(seconds, 600 << 20), counters)


def test_the_same_seed_writes_the_same_documents_and_no_two_are_alike(tmp_path):
    for name in ("one", "other"):
        WRITTEN.write(tmp_path / name, range(300))
    texts = _texts(tmp_path / "one")
    assert texts == _texts(tmp_path / "other") and len(texts) == 300 == len(set(texts.values()))
    assert Corpus(POOL, ["A title"], 43).text(0) != WRITTEN.text(0)


def test_an_edit_changes_the_last_sentence_alone(tmp_path):
    WRITTEN.write(tmp_path, range(3))
    before = place(tmp_path, 1).read_text()
    WRITTEN.edit(tmp_path, 1)
    after = place(tmp_path, 1).read_text()
    assert after != before and after[: before.rindex(". ")] == before[: before.rindex(". ")]


def test_a_change_of_one_per_cent_touches_no_document_twice(tmp_path):
    WRITTEN.write(tmp_path, range(300))
    before = _texts(tmp_path)
    assert documents.change(WRITTEN, tmp_path, 300) == 3
    after = _texts(tmp_path)
    assert len(after.keys() - before.keys()) == 3 == len(before.keys() - after.keys())
    assert sum(after[name] != before[name] for name in after.keys() & before.keys()) == 3


def test_an_idle_run_that_computes_anything_has_no_value():
    first = _load(300, 1000, 2000, 1900)
    row = documents._idle([_load(6, 0, 0, 0), _load(8, 0, 0, 0), _load(7, 0, 0, 0)], first)
    assert (row.value, row.met) == (7, True)
    assert documents._idle([_load(6, 0, 1, 0)], first).value is None


def test_the_work_of_a_change_counts_only_where_a_rebuild_ends_the_same(tmp_path, monkeypatch):
    rebuilt = TableStore(tmp_path / "home-clean" / "tables"), TableStore(tmp_path / "home-large" / "tables")
    for store in rebuilt:
        for name in documents.ASSETS:
            store.write(name, pa.table({"key": ["a"]}))
    (tmp_path / "home-large" / "cache").mkdir()
    monkeypatch.setattr(documents, "load", lambda folder, home: None)
    arguments = _load(300, 1000, 2000, 1900), _load(9, 20, 44, 38), (10, 10, 10), tmp_path / "large"
    assert documents._delta(*arguments, tmp_path / "home-clean").value == pytest.approx(0.022)
    rebuilt[0].write("chunks", pa.table({"key": ["b"]}))
    (tmp_path / "home-clean" / "cache").rmdir()
    row = documents._delta(*arguments, tmp_path / "home-clean")
    assert row.value is None and "DIFFER" in row.note


def test_vectors_are_compared_by_text_and_missing_texts_are_counted(tmp_path):
    store = TableStore(tmp_path / "tables")
    rows = [{"chunk_id": key, "text": text} for key, text in (("1", "alpha"), ("2", "beta"))]
    store.write("chunks", pa.Table.from_pylist(rows, schema=schemas.CHUNKS))
    vectors = [{"chunk_id": "1", "vector": [1.0, 0.0]}, {"chunk_id": "2", "vector": [0.0, 1.0]}]
    store.write("chunk_embeddings", pa.Table.from_pylist(vectors, schema=schemas.chunk_embeddings(2)))
    np.savez(tmp_path / "vectors.npz", texts=np.array(["beta", "alpha"]), vectors=np.array([[0, 1], [0.6, 0.8]]))
    assert documents.compare(tmp_path, tmp_path) == (pytest.approx(0.6), 0)
    np.savez(tmp_path / "vectors.npz", texts=np.array(["beta", "gamma"]), vectors=np.array([[0, 1], [1, 0]]))
    assert documents.compare(tmp_path, tmp_path) == (pytest.approx(1.0), 2)
