"""Answers are stored now and then while they come: often enough to lose little, seldom enough to cost little."""

from pathlib import Path
from typing import Any

import pytest

from pipelines.finetune.evaluation import answers
from pipelines.finetune.evaluation.answers import Asked, ModelFolder, Prompt, answer
from tests.finetune.evaluation.predicting import FakeEngine


class Clock:
    """A clock that the engine and the store put forward."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now


class Store:
    """Keeps when it was amended, and takes its seconds for it."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self.clock, self.seconds, self.at = clock, seconds, list[float]()
        self.rows = 0

    def stored(self, name: str) -> None:
        return None

    def amend(self, name: str, schema: Any, change: Any) -> None:
        self.at.append(self.clock.now)
        self.clock.now += self.seconds
        self.rows += sum(table.num_rows for table in change.add)


class SlowEngine(FakeEngine):
    """Takes a second for each row."""

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock = clock

    def generate_many(self, jobs: Any, max_tokens: int, *, told: Any = None, at_once: int | None = None) -> list[Any]:
        def telling(*row: Any) -> None:
            self.clock.now += 1
            told(*row)

        return super().generate_many(jobs, max_tokens, told=telling, at_once=at_once)


@pytest.mark.parametrize(
    ("seconds", "apart"),
    [
        (0.001, 3),  # the first row after two seconds
        (0.125, 13),  # a hundredth of the time goes to storing
        (5.0, 66),  # a minute at the most, whatever it takes
    ],
)
def test_storing_takes_a_hundredth_of_the_time_and_waits_a_minute_at_most(
    seconds: float, apart: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    store, engine = Store(clock, seconds), SlowEngine(clock)
    monkeypatch.setattr(answers, "time", clock)
    prompts = [Prompt(f"p{number:03}", [number]) for number in range(200)]
    answer([Asked(ModelFolder(Path("m"), "d"), prompts)], engine, store, 4)
    assert store.at[0] == 3 and store.rows == 200
    between = [later - earlier for earlier, later in zip(store.at, store.at[1:], strict=False)][:-1]
    assert between and {round(one) for one in between} == {apart}
