"""Many passages are read by several processes: the same extractions in the same order, whoever reads or dies."""

import subprocess
import sys
import threading
from collections.abc import Sequence

import pytest

from pipelines.knowledge.extraction.rules import rule_extraction
from pipelines.knowledge.extraction.rules.spread import readers
from pipelines.knowledge.mentions import Extraction, Passage
from pipelines.text.sentences import sentences

TEXTS = [f"Nora Berg works at Alder Systems in Oslo. She met Ingrid Dahl in May {year}." for year in range(2000, 2012)]
TEXTS += ["小明在北京工作于腾讯。"]
PASSAGES = [Passage(text, sentences(text)) for text in TEXTS]
BATCHES = [PASSAGES[first : first + 3] for first in range(0, len(PASSAGES), 3)]


def _read(passages: Sequence[Passage]) -> list[Extraction]:
    return [Extraction(note=one.text) for one in passages]


def test_a_child_and_this_process_give_what_one_process_gives() -> None:
    told: list[int] = []
    others_read = threading.Event()

    def read(passages: Sequence[Passage]) -> list[Extraction]:
        others_read.wait(120)  # this process leaves all but one batch to the child
        return rule_extraction.read(passages)

    def done(count: int) -> None:
        told.append(count)
        if len(told) == len(BATCHES) - 1:
            others_read.set()

    found = readers.read_spread(BATCHES, read, 1, done)
    assert others_read.is_set() and sum(told) == len(PASSAGES)
    assert [one for batch in found for one in batch] == rule_extraction.read(PASSAGES)
    assert found[0][0].relations and found[-1][0].entities


def test_what_a_child_that_dies_has_not_read_is_read_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def dies() -> "subprocess.Popen[bytes]":
        return subprocess.Popen([sys.executable, "-c", ""], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    monkeypatch.setattr(readers, "_start", dies)
    found = readers.read_spread(BATCHES, _read, 2, lambda count: None)
    assert [one.note for batch in found for one in batch] == TEXTS


@pytest.mark.parametrize(("passages", "cores", "children"), [
    (1, 8, 0), (599, 8, 0), (600, 8, 1), (600, 1, 0), (100_000, 4, 3), (100_000, 64, 7),
])  # fmt: skip
def test_children_are_started_for_many_passages_and_free_cores(
    monkeypatch: pytest.MonkeyPatch, passages: int, cores: int, children: int
) -> None:
    monkeypatch.setattr(readers, "available_cores", lambda: cores)
    assert readers.children_for(passages) == children
