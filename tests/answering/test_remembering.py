import numpy as np

from pipelines.answering.remembering import RememberingEmbedder
from pipelines.core.embedders import question_and_texts
from tests.fakes import AskingEmbedder, FakeEmbedder


def test_texts_and_questions_are_embedded_once_each() -> None:
    embedder = AskingEmbedder()
    remembering = RememberingEmbedder(embedder)
    first = question_and_texts(remembering, "tents", ["tents", "boots"])
    np.testing.assert_array_equal(question_and_texts(remembering, "tents", ["tents", "boots"]), first)
    assert embedder.calls == [["question tents"], ["tents", "boots"]] and first.shape == (3, 64)
    assert not np.array_equal(first[0], first[1])


def test_a_question_is_a_text_like_others_where_the_model_makes_no_difference() -> None:
    embedder = FakeEmbedder()
    vectors = question_and_texts(RememberingEmbedder(embedder), "tents", ["tents", "boots"])
    np.testing.assert_array_equal(vectors, FakeEmbedder().embed(["tents", "tents", "boots"]))
    assert embedder.calls == [["tents"], ["boots"]]
