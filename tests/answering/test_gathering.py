"""Calls that come at once are one call, with each caller's own rows; one's error is not another's."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from pipelines.answering.gathering import Gathered
from pipelines.answering.remembering import RememberingEmbedder
from resources.embedding.local import SentenceEmbedder
from tests.fakes import AskingEmbedder

QUESTIONS = [f"Who manages warehouse {number} in Halden?" for number in range(12)]


class Slow:
    """Holds its first call until it is let go, and keeps what it was called with."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.begun, self.let_go = threading.Event(), threading.Event()

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        self.calls.append(list(texts))
        if len(self.calls) == 1:
            self.begun.set()
            assert self.let_go.wait(10)
        if "bad" in texts:
            raise ValueError("bad")
        return np.array([[len(text), ord(text[0])] for text in texts], np.float32)


def while_busy(slow: Slow, calls: Sequence[Sequence[str]]) -> list[np.ndarray | ValueError]:
    """What each call returns or raises that comes while the first one is under way."""
    gathered = Gathered(slow)

    def call(texts: Sequence[str]) -> np.ndarray | ValueError:
        try:
            return gathered(texts)
        except ValueError as error:
            return error

    with ThreadPoolExecutor(len(calls) + 1) as pool:
        first = pool.submit(call, ["first"])
        assert slow.begun.wait(10)
        others = [pool.submit(call, texts) for texts in calls]
        while len(gathered._waiting) < len(calls):
            pass
        slow.let_go.set()
        np.testing.assert_array_equal(first.result(10), [[5, ord("f")]])
        return [one.result(10) for one in others]


def test_calls_that_come_while_one_is_under_way_are_made_as_one_and_get_their_own_rows() -> None:
    slow = Slow()
    found = while_busy(slow, [["a"], ["bb", "a"], ["ccc"]])
    assert len(slow.calls) == 2 and sorted(slow.calls[1]) == ["a", "bb", "ccc"]
    np.testing.assert_array_equal(found[0], [[1, ord("a")]])
    np.testing.assert_array_equal(found[1], [[2, ord("b")], [1, ord("a")]])
    np.testing.assert_array_equal(found[2], [[3, ord("c")]])


def test_what_fails_for_one_caller_fails_for_no_other() -> None:
    found = while_busy(Slow(), [["a"], ["bad"], ["cc"]])
    np.testing.assert_array_equal(found[0], [[1, ord("a")]])
    np.testing.assert_array_equal(found[2], [[2, ord("c")]])
    assert isinstance(found[1], ValueError)


def test_a_call_alone_waits_for_nobody_and_an_empty_one_is_passed_on() -> None:
    slow = Slow()
    slow.let_go.set()
    assert Gathered(slow)(["a"]).shape == (1, 2)
    assert Gathered(lambda texts: np.zeros((len(texts), 4)))([]).shape == (0, 4)


def test_questions_asked_at_once_have_the_vectors_that_they_have_alone() -> None:
    embedder = AskingEmbedder()
    remembering = RememberingEmbedder(embedder)
    with ThreadPoolExecutor(len(QUESTIONS)) as pool:
        found = list(pool.map(lambda one: remembering.embed_queries([one])[0], QUESTIONS))
    np.testing.assert_array_equal(found, AskingEmbedder().embed_queries(QUESTIONS))
    assert sorted(text for call in embedder.calls for text in call) == sorted(f"question {one}" for one in QUESTIONS)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_packaged_model_gives_a_question_the_same_bits_in_company(tmp_path: Path, dtype: str) -> None:
    embedder = SentenceEmbedder(tmp_path, dtype=dtype)
    alone = np.stack([embedder.embed_queries([one])[0] for one in QUESTIONS[:5]])
    gathered = Gathered(embedder.embed_queries)
    with ThreadPoolExecutor(5) as pool:
        found = np.concatenate(list(pool.map(lambda one: gathered([one]), QUESTIONS[:5])))
    np.testing.assert_array_equal(found, alone)
