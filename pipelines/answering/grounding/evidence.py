"""Source sentences as evidence: how much of a question one sentence, or a chain of two, can answer."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipelines.answering.question import (
    asks_widely,
    holds_answer_kind,
    holds_counted_thing,
    holds_name,
    key_names,
    proper_names,
)
from pipelines.answering.search.search import Retrieved
from pipelines.answering.search.similarity import Similarity
from pipelines.answering.settings import ExtractSettings
from pipelines.text.languages.languages import refers_back
from pipelines.text.sentence_spans import sentence_spans
from pipelines.text.tables import chunk_tables, head_of_row
from pipelines.text.terms import coverage, terms, with_pairs


@dataclass(frozen=True, eq=False)
class Sentence:
    """One sentence of a chunk, compared by identity; text == document.text[start:end], in characters."""

    chunk: Mapping[str, Any]
    start: int
    end: int
    text: str
    terms: frozenset[str]
    columns: str = ""
    """Of a table's row: the line that names its cells, "" where none does for sure."""
    before: frozenset[str] = frozenset()
    """Of a sentence that speaks of what the one before it names ("Its lead is …"): the terms of that one."""


@dataclass(frozen=True)
class Evidence:
    """Sentences that answer together, and how much of the question they cover, 0 to 1."""

    sentences: tuple[Sentence, ...]
    score: float


def source_sentences(chunks: Sequence[Mapping[str, Any]]) -> list[Sentence]:
    """Return the sentences of the chunks that can be a source: no headings, no heads of tables, no repetitions."""
    found: dict[tuple[str, int], Sentence] = {}
    for chunk in chunks:
        grids, above = chunk_tables(chunk), frozenset[str]()
        for start, end in sentence_spans(chunk):
            text = chunk["text"][start:end]
            own = with_pairs(terms(text))
            before = above if refers_back(text) else frozenset()
            above = own | before
            # A table's row says what its cells hold under what its head says.
            table = head_of_row(grids, start)
            header = with_pairs(terms(table.head)) if table else frozenset()
            heads_table = any(grid.ruled and grid.start <= start < grid.rows for grid in grids)
            if len(own) >= 3 and not text.startswith("#") and not heads_table:
                place, until = chunk["start"] + start, chunk["start"] + end
                columns = table.head if table and table.sure else ""
                found.setdefault(
                    (chunk["path"], place), Sentence(chunk, place, until, text, own | header, columns, before)
                )
    return list(found.values())


def rank_evidence(
    question: str,
    retrieved: Retrieved,
    similarity: Similarity | None,
    settings: ExtractSettings = ExtractSettings(),  # noqa: B008 - frozen
) -> list[Evidence]:
    """Return single sentences and chains of two, best first; the same input gives the same order."""
    scorer = _Scorer(question, retrieved, settings)
    pool = source_sentences(retrieved.chunks)
    covered = {id(one): scorer.cover([one]) for one in pool}
    pool.sort(key=lambda one: (-covered[id(one)], one.chunk["path"], one.start))
    meant = _meant(question, pool[: settings.compared], similarity, settings)
    evidence = []
    for number, one in enumerate(pool):
        score = float(covered[id(one)])
        if meant is not None:
            score = (1 - settings.meaning) * score + settings.meaning * (
                float(meant[number]) if number < len(meant) else 0.0
            )
        evidence.append(Evidence((one,), score * scorer.fitness([one])))
    clear = (item for item in evidence if item.score >= settings.min_evidence)
    if not any(holds_answer_kind(question, item.sentences[0].text) for item in clear):
        evidence += scorer.chains(pool)
    if retrieved.broad and asks_widely(question):
        evidence += scorer.panorama(pool)
    places = {id(item): tuple((one.chunk["path"], one.start) for one in item.sentences) for item in evidence}
    return sorted(evidence, key=lambda item: (-item.score, len(item.sentences), places[id(item)]))


class _Scorer:
    def __init__(self, question: str, retrieved: Retrieved, settings: ExtractSettings) -> None:
        self.settings = settings
        self.question, self.weights, self.names = question, retrieved.weights, retrieved.names
        wanted = set(retrieved.weights)
        self.keys = [name for name in key_names(question) if wanted.intersection(name)]
        self._ordered: dict[str, list[str]] = {}
        self._titles: dict[str, frozenset[str]] = {}

    def cover(self, chain: Sequence[Sentence]) -> float:
        """Return the share of the question's words in the sentences, those merely around them counted less."""
        inside = frozenset().union(*(one.terms for one in chain))
        around = frozenset().union(*(one.chunk["terms"] for one in chain))
        meant = inside.union(*(one.before for one in chain))
        own, said = coverage(self.weights, inside), coverage(self.weights, meant)
        settings = self.settings
        about = meant.union(*(self._title(one) for one in chain))
        titled, all_said = coverage(self.weights, about), coverage(self.weights, about | around)
        return (
            own
            + settings.before * (said - own)
            + settings.title * (titled - said)
            + settings.around * (all_said - titled)
        )

    def _title(self, one: Sentence) -> frozenset[str]:
        title = one.chunk["title"]
        if title not in self._titles:
            self._titles[title] = with_pairs(terms(title))
        return self._titles[title]

    def fitness(self, chain: Sequence[Sentence]) -> float:
        """Return 1, less where a name or number of the question is missing or the asked kind of answer is."""
        kind = 1.0 if holds_answer_kind(self.question, chain[-1].text) else self.settings.other_kind
        counted = 1.0 if holds_counted_thing(self.question, chain[-1].text) else self.settings.uncounted
        return kind * counted * self._named_in(chain)

    def _named_in(self, chain: Sequence[Sentence]) -> float:
        """Return 1, less for the names and numbers of the question that stand in no passage of the sentences.

        A name has to stand there as it is: "Fist" in one passage and "Power" in another are no "Fist Power".
        """
        if not self.keys:
            return 1.0
        texts = {one.chunk["chunk_id"]: one.chunk for one in chain}
        for key, chunk in texts.items():
            if key not in self._ordered:
                self._ordered[key] = terms("\n".join((chunk["title"], chunk.get("header") or "", chunk["text"])))
        held = [any(holds_name(name, self._ordered[key]) for key in texts) for name in self.keys]
        return 1.0 - self.settings.missing * (1.0 - sum(held) / len(held))

    def chains(self, pool: Sequence[Sentence]) -> list[Evidence]:
        """Return pairs from two documents that share a name the question does not hold: the second hop."""
        linked = {id(one): self._names(one.text) for one in pool}
        # What a document is about need not be named in its sentences: "She worked for nine years in Kongsberg."
        about = {id(one): linked[id(one)] | self._names(one.chunk["title"]) for one in pool}
        spread = Counter(name for held in linked.values() for name in held)
        found = []
        for first in pool[: self.settings.chain_starts]:
            for second in pool:
                bridge = linked[id(first)] & about[id(second)]
                if not bridge or first.chunk["document_id"] == second.chunk["document_id"]:
                    continue
                # The second must bring something of its own: a word of the question that the first lacks.
                if not (second.terms | second.chunk["terms"]) & set(self.weights) - first.terms:
                    continue
                pair = (first, second)
                rarest = min(spread[name] for name in bridge)
                link = self.settings.link / (1 + self.settings.link_spread * (rarest - 2))
                found.append(Evidence(pair, link * self.cover(pair) * self.fitness(pair)))
        return found

    def panorama(self, pool: Sequence[Sentence]) -> list[Evidence]:
        """Return the few sentences, one a document, that together cover most of a question about the whole."""
        voices: list[Sentence] = []
        for _ in range(self.settings.voices):
            heard = {one.chunk["document_id"] for one in voices}
            others = [one for one in pool[: self.settings.compared] if one.chunk["document_id"] not in heard]
            if not others:
                break
            voices.append(max(others, key=lambda one: (self.cover([*voices, one]), -pool.index(one))))
        if len(voices) < 2:
            return []
        # One sentence is not asked to hold the kind of answer; a name that no voice holds still counts.
        score = self.cover(voices) * self._named_in(voices)
        if not score:
            return []
        # What is wide enough clears the bar, wherever that is.
        return [Evidence(tuple(voices), min(1.0, score / self.settings.wide_enough) * self.settings.min_evidence)]

    def _names(self, text: str) -> set[str]:
        lowered = text.lower()
        met = {name for name in self.names if len(name) > 1 and name in lowered} | proper_names(text)
        asked = self.question.lower()
        return {name for name in met if name not in asked}


def _meant(
    question: str, pool: Sequence[Sentence], similarity: Similarity | None, settings: ExtractSettings
) -> np.ndarray | None:
    """Return 0 to 1 by what the sentences mean; None where the embedder does not tell."""
    found = similarity.to_question(question, [one.text for one in pool]) if similarity is not None and pool else None
    if found is None:
        return None
    return np.clip((found - settings.means_nothing) / (settings.means_all - settings.means_nothing), 0.0, 1.0)
