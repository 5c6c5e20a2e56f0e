import time
from collections.abc import Sequence

import numpy as np
import pytest

from pipelines.answering.remembering import RememberingEmbedder
from tests.fakes import AskingEmbedder, FakeEmbedder


def test_texts_and_questions_are_embedded_once_each() -> None:
    embedder = AskingEmbedder()
    remembering = RememberingEmbedder(embedder)
    (question,), texts = remembering.embed_queries(["tents"]), remembering.embed(["tents", "boots"])
    np.testing.assert_array_equal(remembering.embed_queries(["tents"]), [question])
    np.testing.assert_array_equal(remembering.embed(["tents", "boots"]), texts)
    assert embedder.calls == [["question tents"], ["tents", "boots"]] and texts.shape == (2, 64)
    assert not np.array_equal(question, texts[0])


def test_a_question_is_a_text_like_others_where_the_model_makes_no_difference() -> None:
    embedder = FakeEmbedder()
    remembering = RememberingEmbedder(embedder)
    question, texts = remembering.embed_queries(["tents"]), remembering.embed(["tents", "boots"])
    np.testing.assert_array_equal([*question, *texts], FakeEmbedder().embed(["tents", "tents", "boots"]))
    assert embedder.calls == [["tents"], ["boots"]]


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


def test_the_tokens_of_a_text_are_counted_once_and_the_oldest_counts_go() -> None:
    counted: list[list[str]] = []

    class Counting(FakeEmbedder):
        def count_tokens(self, texts: Sequence[str]) -> list[int]:
            counted.append(list(texts))
            return [len(text.split()) for text in texts]

    embedder = RememberingEmbedder(Counting(), most=3)
    assert embedder.count_tokens(["a b", "c", "a b"]) == [2, 1, 2]
    assert embedder.count_tokens(["c", "d e f"]) == [1, 3] and embedder.count_tokens([]) == []
    assert counted == [["a b", "c"], ["d e f"]]
    embedder.count_tokens(["g"])
    assert embedder.count_tokens(["a b"]) == [2] and counted[2:] == [["g"], ["a b"]]


def test_nothing_to_embed_is_an_empty_matrix() -> None:
    assert RememberingEmbedder(FakeEmbedder()).embed([]).shape == (0, FakeEmbedder().dimensions)


def test_what_was_known_counts_as_long_as_it_took_at_first_so_that_the_first_who_asks_is_not_the_slowest() -> None:
    embedder = RememberingEmbedder(_Slow())
    embedder.embed(["tent", "pole"])
    assert embedder.spared == 0.0
    embedder.embed(["pole"])
    once = embedder.spared
    assert once >= 0.01
    embedder.embed(["pole", "tent"])
    assert embedder.spared == pytest.approx(3 * once)


class _Slow(FakeEmbedder):
    def embed(self, texts: Sequence[str]) -> np.ndarray:
        time.sleep(0.02)
        return super().embed(texts)
