import numpy as np

from pipelines.answering.remembering import RememberingEmbedder
from tests.fakes import FakeEmbedder


def test_a_text_that_comes_up_again_is_not_embedded_again() -> None:
    plain = FakeEmbedder()
    embedder = RememberingEmbedder(plain)
    first = embedder.embed(["tent", "pole", "tent"])
    second = embedder.embed(["pole", "rope"])
    assert plain.calls == [["tent", "pole"], ["rope"]]
    assert np.array_equal(first, FakeEmbedder().embed(["tent", "pole", "tent"]))
    assert np.array_equal(second, FakeEmbedder().embed(["pole", "rope"]))


def test_the_oldest_texts_are_forgotten_so_that_a_long_life_does_not_fill_the_memory() -> None:
    plain = FakeEmbedder()
    embedder = RememberingEmbedder(plain, most=2)
    assert embedder.embed(["a", "b", "c"]).shape == (3, plain.dimensions)
    embedder.embed(["b", "c"])
    embedder.embed(["a"])
    assert plain.calls == [["a", "b", "c"], ["a"]]


def test_nothing_to_embed_is_an_empty_matrix() -> None:
    assert RememberingEmbedder(FakeEmbedder()).embed([]).shape == (0, FakeEmbedder().dimensions)
