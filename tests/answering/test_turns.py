"""So many compute at once and no more; what is waited for is told to the thread that waited."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from pipelines.answering.ask import Answerer
from pipelines.answering.turns import Turns
from tests.answering.world import build_store
from tests.fakes import FakeEmbedder, FakeLanguageModel

QUESTIONS = ["Who manages the Halden warehouse?", "Within how many days can unused goods be sent back?"] * 6


def test_no_more_have_a_turn_at_once_than_there_are() -> None:
    turns, inside, most, lock = Turns(2), 0, 0, threading.Lock()

    def compute(_: int) -> float:
        nonlocal inside, most
        with turns.one():
            with lock:
                inside += 1
                most = max(most, inside)
            time.sleep(0.01)
            with lock:
                inside -= 1
        return turns.waited

    with ThreadPoolExecutor(6) as pool:
        waited = list(pool.map(compute, range(6)))
    assert most == 2 and max(waited) >= 0.01
    assert turns.waited == 0.0  # this thread had none


def test_a_turn_is_given_back_where_its_work_fails() -> None:
    turns = Turns(1)
    with pytest.raises(ValueError), turns.one():
        raise ValueError
    with turns.one():
        pass


class Writing(FakeLanguageModel):
    packaged = False


@pytest.mark.parametrize("mode", ["native", "hybrid", "bm25", "local"])
def test_questions_asked_at_once_have_the_answers_that_they_have_one_by_one(mode: str) -> None:
    def answerer() -> Answerer:
        model = Writing(lambda messages: f"{messages[-1]['content'][:400]} [1]")
        return Answerer(store=build_store(), embedder=FakeEmbedder(), language_model=model)

    with answerer() as alone:
        wanted = [alone.ask(question, mode) for question in QUESTIONS]
    with answerer() as together, ThreadPoolExecutor(len(QUESTIONS)) as pool:
        found = list(pool.map(lambda question: list(together.stream(question, mode))[-1], QUESTIONS))
    assert found == wanted
    assert all(one.timing.retrieval > 0 and one.timing.model >= one.timing.model_first for one in found)
