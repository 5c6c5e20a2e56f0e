"""Retrieval by `RetrievalSettings.vector_weight`: the table from which its default was chosen.

.venv/bin/python -m benchmarks.curves.vector_weights --markdown docs/benchmarks/vector_weights.md
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks import retrieval
from benchmarks.corpora import multihop
from benchmarks.corpora.asked_store import AskedStore
from benchmarks.corpora.retrieval_figures import DEEP, means, score
from benchmarks.ground.common import described, machine, say
from pipelines.answering.modes.passages import PassageRetriever
from pipelines.answering.search.search import Search
from pipelines.answering.settings import AnswerSettings, RetrievalSettings
from pipelines.core.errors import GraftlineError
from resources.graph.embedded import EmbeddedGraphStore
from resources.settings import Settings

_SETS = (*multihop.DATASETS, multihop.CHINESE)
_WEIGHTS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
_WAYS: dict[str, dict[str, Any]] = {"hybrid": {}, "hybrid, one hop": {"links": 0}}
_HEAD = ("set", "mode", "weight", "recall@1", "recall@2", "recall@5", "recall@10", "all gold@8", "nDCG@10")


def sweep(name: str, home: Path, ways: Sequence[str], weights: Sequence[float], limit: int | None) -> list[list[str]]:
    """Return the lines of the table for one set."""
    corpus, embedder = multihop.load(name, limit), multihop.CorpusEmbedder(home)
    filled = EmbeddedGraphStore(home / "bench" / "retrieval" / name)
    retrieval.fill(filled, corpus, embedder, home, with_graph=False)
    store, lines = AskedStore(filled), []
    # The weight changes neither a question's vector nor what a search finds: both are made once.
    for way in ways:
        for weight in weights:
            settings = RetrievalSettings(vector_weight=weight, **_WAYS[way])
            search = Search(store, embedder.stored, AnswerSettings(retrieval=settings))
            ranked = PassageRetriever(search, "hybrid").ranked
            found = [score(ranked(one.text, search.vector(one.text))[:DEEP], one.gold) for one in corpus.questions]
            lines.append([name, way, f"{weight:.1f}", *(f"{value:.3f}" for value in means(found))])
            say(" | ".join(lines[-1]))
    return lines


def page(lines: Sequence[Sequence[str]], command: str) -> str:
    """Return the table as a page of docs/benchmarks."""
    table = [f"| {' | '.join(line)} |" for line in (_HEAD, ["---"] * len(_HEAD), *lines)]
    made = f"Machine: {described(machine())}.\n\nMade by `{command}`."
    return f"# Benchmark: the weight of the vectors\n\n{made}\n\n" + "\n".join(table) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and write; see the module."""
    parser = argparse.ArgumentParser(prog="benchmarks/curves/vector_weights.py")
    parser.add_argument("--sets", default=",".join(_SETS), help="sets, divided by commas")
    parser.add_argument("--modes", default=";".join(_WAYS), help="modes, divided by semicolons")
    parser.add_argument("--weights", default=",".join(map(str, _WEIGHTS)), help="weights, divided by commas")
    parser.add_argument("--limit", type=int, default=None, help="the first questions of each set alone")
    parser.add_argument("--markdown", type=Path, default=None, help="where to write the page")
    options = parser.parse_args(arguments)
    home, weights = Settings.load().home, [float(weight) for weight in options.weights.split(",")]
    lines = [
        line
        for name in options.sets.split(",")
        for line in sweep(name, home, options.modes.split(";"), weights, options.limit)
    ]
    given = " ".join(f"'{word}'" if ";" in word else word for word in arguments or sys.argv[1:])
    text = page(lines, f"python -m benchmarks.curves.vector_weights {given}".strip())
    print(text)
    if options.markdown:
        options.markdown.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except GraftlineError as problem:  # no data, for one
        sys.exit(str(problem))
