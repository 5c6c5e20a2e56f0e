import logging
from pathlib import Path

import pytest

from pipelines.core.progress.progress import Progress
from pipelines.core.progress.told import PartsProgress, ToldProgress, tell


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO, logger="graftline")
    return lambda: [record.getMessage() for record in caplog.records]


def test_the_rate_and_the_time_left_are_told_every_some_seconds(lines):
    clock = Clock()
    progress = Progress("answers of 模型", 100, "prompts", clock=clock)
    for second in range(1, 26):
        clock.now = float(second)
        progress.add(2)
    # 20 done after 10 s: 2 a second, 80 are left.
    assert lines() == [
        "answers of 模型: 20 of 100 prompts, 2.0 a second, 40 s left",
        "answers of 模型: 40 of 100 prompts, 2.0 a second, 30 s left",
    ]


def test_what_was_done_already_does_not_make_the_rest_look_quick(lines):
    clock = Clock()
    progress = Progress("x", 100, "rows", already=80, clock=clock)
    clock.now = 20.0
    progress.add(10)
    assert lines() == ["x: 90 of 100 rows, 2.0 s each, 20 s left"]


def test_short_work_has_no_line_and_items_come_as_they_are(lines):
    clock = Clock()
    assert list(Progress("x", 3, "texts", clock=clock).over("abc")) == ["a", "b", "c"]
    assert lines() == []


def test_each_part_has_lines_of_its_own_from_its_first_on(lines):
    parts = PartsProgress([("base", 3), ("adapter", 2)], "prompts", every=0.0)
    for part in (0, 0, 1, 1, 0):
        parts(part)
    told = [line.partition(" prompts")[0] for line in lines()]
    assert told == ["base: 2 of 3", "adapter: 2 of 2", "base: 3 of 3"]


def test_another_process_tells_by_a_file(tmp_path: Path, lines):
    path = tmp_path / "progress.json"
    tell(path, 5, 5)
    told = ToldProgress(path, "merging", "comparisons", every=0.0)
    told()  # what an earlier try left behind is gone
    for done in (0, 0, 2, 2, 5):
        tell(path, done, 5)
        told()
    assert [line.partition(" comparisons")[0] for line in lines()] == ["merging: 2 of 5", "merging: 5 of 5"]
