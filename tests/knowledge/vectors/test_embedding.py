import numpy as np
import pyarrow as pa

from pipelines.core.vectors import matrix
from pipelines.knowledge.vectors.checks import embedding_faults, without_vector
from pipelines.knowledge.vectors.embedding import embed_chunks, vector_table
from tests.fakes import FakeEmbedder, FakeStored


def chunks(**texts: str) -> pa.Table:
    return pa.table(
        {"chunk_id": pa.array(list(texts), pa.string()), "text": pa.array(list(texts.values()), pa.string())}
    )


def test_every_chunk_gets_the_vector_of_its_text_in_the_order_of_ids():
    embedder = FakeEmbedder()
    table, work = embed_chunks(chunks(b="boots", a="tents"), None, embedder)
    assert table["chunk_id"].to_pylist() == ["a", "b"]
    np.testing.assert_array_equal(matrix(table), FakeEmbedder().embed(["tents", "boots"]))
    assert work.computed == {"vectors": 2} and set(table["model"].to_pylist()) == {embedder.name}


def test_only_new_texts_are_embedded_and_what_is_gone_is_dropped():
    before, _ = embed_chunks(chunks(a="tents", b="boots"), None, FakeEmbedder())
    embedder = FakeEmbedder()
    after, work = embed_chunks(chunks(b="boots", c="lamps"), before, embedder)
    assert embedder.calls == [["lamps"]]
    assert (work.new, work.gone, work.same) == (1, 1, 1)
    clean, _ = embed_chunks(chunks(b="boots", c="lamps"), None, FakeEmbedder())
    assert after.equals(clean)


def test_nothing_new_asks_no_model():
    before, _ = embed_chunks(chunks(a="tents"), None, FakeEmbedder())
    embedder = FakeEmbedder()
    after, work = embed_chunks(chunks(a="tents"), before, embedder)
    assert embedder.calls == [] and work.computed == {"vectors": 0} and after.equals(before)


def test_equal_texts_are_embedded_once():
    embedder = FakeEmbedder()
    table, _ = embed_chunks(chunks(a="footer", b="footer"), None, embedder)
    assert embedder.calls == [["footer"]] and len(table) == 2


def test_another_model_or_length_embeds_everything_again():
    before, _ = embed_chunks(chunks(a="tents"), None, FakeEmbedder())
    shorter = FakeEmbedder(dimensions=8)
    assert matrix(embed_chunks(chunks(a="tents"), before, shorter)[0]).shape == (1, 8)
    other = FakeEmbedder()
    other.name = "other@2"
    _, work = embed_chunks(chunks(a="tents"), before, other)
    assert other.calls == [["tents"]] and work.changed == 1


def test_no_chunks_give_an_empty_table_of_the_right_shape():
    table, _ = embed_chunks(chunks(), None, FakeEmbedder())
    assert len(table) == 0 and table["vector"].type.list_size == 64


def test_the_check_names_what_is_missing_surplus_or_not_of_length_one():
    table, _ = embed_chunks(chunks(a="tents", b="boots"), None, FakeEmbedder())
    assert embedding_faults(FakeStored(table), FakeStored(chunks(a="tents", b="boots"))) == []
    assert embedding_faults(FakeStored(table), FakeStored(chunks(b="boots", c="lamps"))) == [
        "chunk c: no vector",
        "vector a: no chunk",
    ]
    half = vector_table("chunk_id", {"a": np.array([0.5] + [0.0] * (FakeEmbedder().dimensions - 1))}, FakeEmbedder())
    assert embedding_faults(FakeStored(half), FakeStored(chunks(a="tents"))) == ["vector a: length 0.500"]


def test_zeros_stand_for_a_refused_text_are_counted_and_made_again():
    zero, _ = embed_chunks(chunks(a="the"), None, FakeEmbedder())
    assert embedding_faults(FakeStored(zero), FakeStored(chunks(a="the"))) == []
    assert without_vector(FakeStored(zero)) == 1
    _, work = embed_chunks(chunks(a="the"), zero, FakeEmbedder())
    assert work.computed["vectors"] == 1
