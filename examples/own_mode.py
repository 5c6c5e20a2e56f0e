"""Swap: a way of finding sources, for `--mode`. In a package it is an entry point of the group `graftline.modes`."""

import small_world  # noqa: F401  (the checkout on the path)

from pipelines.answering.retrievers import Retrievers
from pipelines.answering.search.search import Retrieved, Search
from pipelines.answering.settings import AnswerSettings
from pipelines.core.extensions import MODES, add
from tests.answering.world import build_store
from tests.fakes import FakeEmbedder


class Longest:
    """Of what the words of the question find, the longest chunks first."""

    def __init__(self, search: Search) -> None:
        self.search = search

    def retrieve(self, question: str, k: int) -> Retrieved:
        """Return the k longest of the best full-text matches."""
        rows = self.search.chunk_rows([key for key, _ in self.search.worded("chunks", question, 50)])
        return Retrieved(sorted(rows, key=lambda row: -len(row["text"]))[:k], [], {})


add(MODES, "longest", Longest)

if __name__ == "__main__":
    found = (
        Retrievers(build_store(), FakeEmbedder(), AnswerSettings()).of("longest").retrieve("the Halden warehouse", 2)
    )
    for row in found.chunks:
        print(f"{row['path']}: {row['text'][:50]}")
