"""Batches of passages read by this process and, where there are many, by a child for each further core."""

import contextlib
import logging
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from pipelines.compute.processor import available_cores
from pipelines.knowledge.mentions import Extraction, Passage

Read = Callable[[Sequence[Passage]], list[Extraction]]
_MODULE = "pipelines.knowledge.extraction.rules.spread.reader_child"
_ROOT = Path(__file__).resolve().parents[5]
_PASSAGES_A_READER = 300
"""About as many as are read while a child loads its model, twice over."""
_MOST_CHILDREN = 7
logger = logging.getLogger("graftline")


def children_for(passages: int) -> int:
    """Return how many children are worth their start: none for few passages or on one core."""
    return max(0, min(available_cores() - 1, passages // _PASSAGES_A_READER - 1, _MOST_CHILDREN))


def read_spread(
    batches: Sequence[Sequence[Passage]], read: Read, children: int, done: Callable[[int], None]
) -> list[list[Extraction]]:
    """Return what `read` returns of each batch, in order; `done` is told the passages of each that is read.

    What a passage gives does not depend on who reads it. What a child that dies has not read is read here, and a line
    says so.
    """
    found: list[list[Extraction] | None] = [None] * len(batches)
    waiting, lock = iter(range(len(batches))), threading.Lock()

    def take() -> int | None:
        with lock:
            return next(waiting, None)

    def keep(number: int, extractions: list[Extraction]) -> None:
        with lock:
            found[number] = extractions
            done(len(extractions))

    def by_child() -> None:
        try:
            child = _start()
        except OSError as error:
            logger.warning("no child could be started to read beside this process: %s", error)
            return
        assert child.stdin is not None and child.stdout is not None
        try:
            while (number := take()) is not None:
                pickle.dump(batches[number], child.stdin)
                child.stdin.flush()
                keep(number, pickle.load(child.stdout))
        except (OSError, EOFError, pickle.PickleError) as error:
            logger.warning("a reading child ended (%s): its passages are read without it", error or "no answer")
        finally:
            child.kill()
            child.wait()
            child.stdout.close()
            with contextlib.suppress(OSError):  # what it did not take
                child.stdin.close()

    helpers = [threading.Thread(target=by_child, daemon=True) for _ in range(min(children, len(batches) - 1))]
    for helper in helpers:
        helper.start()
    while (number := take()) is not None:
        keep(number, read(batches[number]))
    for helper in helpers:
        helper.join()
    for number, extractions in enumerate(list(found)):
        if extractions is None:
            keep(number, read(batches[number]))
    return [one for one in found if one is not None]


def _start() -> "subprocess.Popen[bytes]":
    path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
    return subprocess.Popen(
        [sys.executable, "-m", _MODULE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
    )
