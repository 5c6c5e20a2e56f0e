"""The mode `auto`: the cheapest mode that is good enough for a question, and why.

What the question asks decides first, then one cheap search: whether the best passages of `native` hold what is asked.
The bars were chosen on MuSiQue-100, its single steps, 2Wiki-101 and CMRC (`docs/knowledge/retrieval.md`).
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from pipelines.answering.modes.agent.by_rules import named_things
from pipelines.answering.modes.names import Mode
from pipelines.answering.modes.native import NativeRetriever
from pipelines.answering.question import holds_name, key_names
from pipelines.answering.question_forms import asks_by_way_of, calculation_asked, sets_side_by_side, years_in
from pipelines.answering.question_patterns import asks_for_all
from pipelines.answering.search.search import Retrieved, Retriever, Row, Search, retrieval_steps
from pipelines.answering.search.trace import Step, drained
from pipelines.text.terms import coverage, terms

_BEST = 3
"""Passages that may hold what is asked."""


@dataclass(frozen=True)
class Choice:
    """A mode with the reason for it, and the next dearer one where it finds no evidence ("": none)."""

    mode: Mode
    why: str
    then: Mode = ""

    @property
    def told(self) -> str:
        """The choice in a line."""
        return f"auto: {self.mode}, because {self.why}"


@dataclass(frozen=True)
class Signals:
    """What a cheap search says of a question, each from 0 to 1.

    `said` is the share of the question's words in the best passage, `near` how near its vector is (1 where there is
    none to ask), `named` the share of the question's names that one of the best passages holds.
    """

    said: float
    near: float
    named: float


class AutoRetriever:
    """Chooses a mode for each question, and finds what that one does."""

    def __init__(self, search: Search, counts: Mapping[str, int], of: Callable[[Mode], Retriever]) -> None:
        self.search, self._counts, self._of = search, counts, of
        self._native = NativeRetriever(search)

    def retrieve(self, question: str, k: int) -> Retrieved:
        """Return what the chosen mode finds; the choice is the first step of its `trace`."""
        found, trace = drained(self.steps(question, k))
        return replace(found, trace=trace)

    def steps(self, question: str, k: int) -> Generator[Step, None, Retrieved]:
        """Yield the choice, then the chosen mode's steps; return what it finds."""
        choice = self.choose(question)
        yield Step("auto", choice.mode, choice.told)
        return (yield from retrieval_steps(self._of(choice.mode), question, k))

    def choose(self, question: str) -> Choice:
        """Return the mode for a question, by what it asks, then by what a search finds."""
        graph = bool(self._counts.get("entities"))
        if self._counts.get("communities") and asks_for_all(question):
            return Choice("global", "it asks about all documents together", "drift")
        asked, years = calculation_asked(question), years_in(question)
        if asked and (len(years) > 1 or (asked != "growth" and graph and len(named_things(self.search, question)) > 1)):
            return Choice("agentic", f"it asks for a {asked} that has to be calculated")
        dearer: Mode = "ppr" if graph else "hybrid"
        beyond: Mode = "local" if graph else ""
        if sets_side_by_side(question):
            return Choice(dearer, "it sets things side by side, which may stand in several documents", beyond)
        settings = self.search.settings
        signals = self.signals(question)
        said, near = settings.auto_said, settings.auto_near
        if asks_by_way_of(question):
            said = settings.auto_said_hops
        if signals.said >= said and signals.near >= near and signals.named == 1:
            return Choice("native", f"its best passage holds {signals.said:.0%} of what is asked", dearer)
        lack = (
            "a name in it stands in none of the best passages"
            if signals.named < 1
            else f"the best passage holds {signals.said:.0%} of what is asked"
            if signals.said < said
            else "no passage is near enough in meaning"
        )
        return Choice(dearer, lack + ("" if graph else ", and there is no graph to walk"), beyond)

    def signals(self, question: str) -> Signals:
        """Return what the search of `native` says of a question."""
        vector = self.search.vector(question)
        ranked, rows, weights = self._native.ranked(question, vector)
        best = [rows[key] for key in ranked[:_BEST]]
        if not best:
            return Signals(0.0, 0.0, 0.0)
        said = max(coverage(weights, row["terms"]) for row in best)
        return Signals(said, self._near(question, vector), self._named(question, best))

    def _near(self, question: str, vector: np.ndarray | None) -> float:
        """Return how near the nearest passage is, on the scale of the question's language."""
        scale = self.search.similarity.question_scale(question) if vector is not None else None
        found = self.search.near("chunks", vector, 1) if vector is not None and scale is not None else []
        if scale is None or not found:
            return 1.0
        return float(np.clip(scale.relative(np.array([found[0][1]])), 0.0, 1.0)[0])

    def _named(self, question: str, best: list[Row]) -> float:
        """Return the share of the question's names and numbers that stand in the best passages."""
        names = key_names(question)
        texts = [terms(f"{row['title']}\n{row.get('header') or ''}\n{row['text']}") for row in best]
        return sum(any(holds_name(name, text) for text in texts) for name in names) / len(names) if names else 1.0
