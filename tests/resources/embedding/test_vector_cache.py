"""What is remembered on disk, and under which key: one that changes embeds everything again."""

import hashlib
import sqlite3
from pathlib import Path

import numpy as np

from resources.embedding.vector_cache import CachedEmbedder
from tests.fakes import AskingEmbedder, FakeEmbedder


def test_a_question_shares_its_text_with_the_texts_where_the_model_makes_no_difference(tmp_path: Path) -> None:
    embedder = FakeEmbedder()
    cached = CachedEmbedder(embedder, tmp_path / "vectors.sqlite")
    np.testing.assert_array_equal(cached.embed(["tents"]), cached.embed_queries(["tents"]))
    assert embedder.calls == [["tents"]] and not cached.asymmetric


def test_a_question_is_remembered_apart_where_the_model_makes_a_difference(tmp_path: Path) -> None:
    embedder = AskingEmbedder()
    for _ in range(2):
        cached = CachedEmbedder(embedder, tmp_path / "vectors.sqlite")
        assert not np.array_equal(cached.embed(["tents"]), cached.embed_queries(["tents"]))
    assert embedder.calls == [["tents"], ["question tents"]] and cached.asymmetric


def test_the_key_of_a_vector_is_that_of_model_length_and_text(tmp_path: Path) -> None:
    CachedEmbedder(AskingEmbedder(dimensions=8), tmp_path / "vectors.sqlite").embed_queries(["tents"])
    CachedEmbedder(FakeEmbedder(dimensions=8), tmp_path / "vectors.sqlite").embed_queries(["tents"])
    with sqlite3.connect(tmp_path / "vectors.sqlite") as connection:
        keys = {row[0].hex() for row in connection.execute("SELECT key FROM vectors")}
    contents = ("fake-embedder@1\n8\n\0query\ntents", "fake-embedder@1\n8\ntents")
    assert keys == {hashlib.blake2b(content.encode(), digest_size=20).hexdigest() for content in contents}


def test_what_a_model_says_of_itself_is_said_by_its_cache_too(tmp_path: Path) -> None:
    cached = CachedEmbedder(FakeEmbedder(languages=["en"], max_tokens=254), tmp_path / "vectors.sqlite")
    assert (cached.max_tokens, cached.reads("en"), cached.reads("zh")) == (254, True, False)
