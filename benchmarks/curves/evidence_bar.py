"""The bar of evidence of the writer `extract`: what it answers and refuses by bar, on public questions.

.venv/bin/python -m benchmarks.curves.evidence_bar --markdown docs/benchmarks/evidence_bar.md
"""

import argparse
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import retrieval
from benchmarks.corpora import multihop
from benchmarks.corpora.asked_store import AskedStore
from benchmarks.corpora.hidden_gold import CORPORA, HALVES, SETS, Asked, asked, holds
from benchmarks.ground.common import described, machine, say
from pipelines.answering.grounding.evidence import rank_evidence, source_sentences
from pipelines.answering.question import holds_answer_kind, holds_counted_thing
from pipelines.answering.remembering import RememberingEmbedder
from pipelines.answering.retrievers import open_retriever
from pipelines.answering.search.similarity import Similarity
from pipelines.answering.settings import AnswerSettings, ExtractSettings
from pipelines.core.errors import GraftlineError
from resources.graph.embedded import EmbeddedGraphStore
from resources.settings import Settings

_BARS = tuple(round(0.40 + 0.05 * step, 2) for step in range(9))
_STEPS = {"musique": 1, "musique-hops": 1, "cmrc": 8}
_HEAD = ("set", "half", "questions", "bar", "answered", "with the right answer in it", "refused without the passages")


@dataclass(frozen=True)
class Case:
    """A question with the score of its best evidence and whether the answer stands in that; `hidden`: gold removed."""

    asked: Asked
    hidden: bool
    score: float
    right: bool
    kinds: Counter[tuple[bool, bool]] = field(default_factory=Counter)
    """Of what is not hidden: its sentences by (holds the answer, is what the question's patterns ask for)."""


def cases_of(name: str, home: Path, step: int, settings: AnswerSettings) -> list[Case]:
    """Ask every `step`-th question of a set in mode native, with the passages that hold the answer and without."""
    corpus, embedder = multihop.load(CORPORA[name]), multihop.CorpusEmbedder(home)
    filled = EmbeddedGraphStore(home / "bench" / "retrieval" / CORPORA[name])
    retrieval.fill(filled, corpus, embedder, home, with_graph=False)
    store, remembering = AskedStore(filled), RememberingEmbedder(embedder.stored)
    similarity = Similarity(remembering)
    retriever = open_retriever("native", store, remembering, settings)
    found = []
    for one in asked(name, corpus, step):
        for hidden in (False, True):
            store.hide(one.gold if hidden else ())
            got = retriever.retrieve(one.question, settings.extract.chunks)
            best = rank_evidence(one.question, got, similarity, settings.extract)[:1]
            text = " ".join(sentence.text for item in best for sentence in item.sentences)
            score, right = (best[0].score if best else 0.0), holds(text, one.answers)
            found.append(Case(one, hidden, score, right, Counter() if hidden else _kinds(one, got.chunks)))
    return found


def _kinds(one: Asked, chunks: Sequence[Mapping[str, Any]]) -> Counter[tuple[bool, bool]]:
    kinds: Counter[tuple[bool, bool]] = Counter()
    for sentence in source_sentences(chunks):
        answers = sentence.chunk["chunk_id"] in one.gold and holds(sentence.text, one.answers)
        fits = holds_answer_kind(one.question, sentence.text) and holds_counted_thing(one.question, sentence.text)
        kinds[answers, fits] += 1
    return kinds


def patterns_told(name: str, cases: Sequence[Case]) -> str:
    """Return how many sentences that hold the answer the patterns let through, and how many of the others."""
    kinds = sum((one.kinds for one in cases), Counter[tuple[bool, bool]]())
    answering, others = (kinds[answers, True] + kinds[answers, False] for answers in (True, False))
    return (
        f"- {name}: {kinds[True, True]} of {answering} sentences that hold the answer are of the kind asked for, "
        f"{kinds[False, True]} of the {others} others that were found"
    )


def shares(cases: Sequence[Case], bar: float) -> tuple[float, float, float]:
    """Return what is answered, answered with the right answer in it, and refused where the passages are hidden.

    Where the evidence holds the answer all the same, from another passage, nothing is to be refused: it is left out.
    """
    open_ones = [one for one in cases if not one.hidden]
    hidden = [one for one in cases if one.hidden and not one.right]
    answered = [one for one in open_ones if one.score >= bar]
    right = sum(one.right for one in answered)
    return (
        len(answered) / len(open_ones),
        right / len(open_ones),
        sum(one.score < bar for one in hidden) / len(hidden),
    )


def lines_of(name: str, cases: Sequence[Case], bars: Sequence[float]) -> list[list[str]]:
    """Return the lines of the table for one set: each half at every bar."""
    lines = []
    for half in HALVES:
        own = [one for one in cases if one.asked.half == half]
        if own:
            lines += [
                [name, half, str(len(own) // 2), f"{bar:.2f}", *(f"{share:.2f}" for share in shares(own, bar))]
                for bar in bars
            ]
    return lines


def page(lines: Sequence[Sequence[str]], patterns: Sequence[str], command: str, settings: ExtractSettings) -> str:
    """Return the table as a page of docs/benchmarks."""
    table = [f"| {' | '.join(line)} |" for line in (_HEAD, ["---"] * len(_HEAD), *lines)]
    made = f"Machine: {described(machine())}.\n\nMade by `{command}`. The default bar is {settings.min_evidence:.2f}."
    told = "\n".join(["## The patterns of questions", "", *patterns])
    return f"# Benchmark: the bar of evidence\n\n{made}\n\n" + "\n".join(table) + f"\n\n{told}\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and write; see the module."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.curves.evidence_bar", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--sets", default=",".join(SETS), help="sets, divided by commas")
    parser.add_argument("--step", type=int, help="every how many-th question (1; CMRC 8)")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a key of ExtractSettings")
    parser.add_argument("--markdown", type=Path, help="where to write the page")
    options = parser.parse_args(arguments)
    given: Mapping[str, str] = dict(pair.split("=", 1) for pair in options.set)
    extract = ExtractSettings.model_validate(given)
    home, lines, patterns, english = Settings.load().home, list[list[str]](), list[str](), list[Case]()
    bars = sorted({*_BARS, round(extract.min_evidence, 2)})
    for name in options.sets.split(","):
        say(name)
        cases = cases_of(name, home, options.step or _STEPS[name], AnswerSettings(extract=extract))
        lines += lines_of(name, cases, bars)
        patterns.append(patterns_told(name, cases))
        english += cases if CORPORA[name] != multihop.CHINESE else []
    lines += lines_of("all English", english, bars)
    command = " ".join(
        ["python -m benchmarks.curves.evidence_bar", *(sys.argv[1:] if arguments is None else arguments)]
    )
    text = page(lines, patterns, command, extract)
    print(text)
    if options.markdown:
        options.markdown.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except GraftlineError as problem:  # no data, for one
        sys.exit(str(problem))
