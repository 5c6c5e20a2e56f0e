"""A report made of the evidence's own sentences: for small communities, and where no model that can write is set."""

import math
from collections.abc import Iterable, Sequence

from pipelines.knowledge.communities.evidence import Evidence, Fact, within
from pipelines.knowledge.communities.prompts import MOST_FINDINGS
from pipelines.knowledge.communities.report import EXTRACTIVE, HIGHEST, Report

_BEGINS = 5
"""Characters before a name that a sentence still begins with: an article and a space."""


def extractive_report(evidence: Evidence, parts: Sequence[Fact], budget: int, failure: str = "") -> Report:
    """Return a report of the sentences that say what the most central members are, then of the heaviest facts.

    `budget` is the summary's length in tokens, about; it holds one sentence at least, the title where there is none.
    What is left are the findings. `parts` are the reports of the community's parts: they speak where nothing else does.
    """
    facts = defining_first(evidence) or list(parts)
    chosen = within(facts, budget) or facts[:1]
    summary = evidence.language.joiner.join(fact.text for fact in chosen) or evidence.title
    rating = min(HIGHEST, round(math.log2(1 + len(evidence.names) + len(parts)), 1))
    # A finding repeats the summary's sentences where there are no others: each stands with what it is about.
    findings = tuple((facts[len(chosen) :] or chosen)[:MOST_FINDINGS])
    return Report(evidence.title, summary, findings, rating, EXTRACTIVE, failure)


def defining_first(evidence: Evidence) -> list[Fact]:
    """Return the facts, first of each member, the most central first, one that begins with its name."""
    chosen: dict[str, Fact] = {}
    for key, name in evidence.names.items():
        for fact in evidence.facts:
            if key in fact.entity_ids and fact.text not in chosen and _speaks_of(fact.text, name):
                chosen[fact.text] = fact
                break
    return list({**chosen, **_by_text(evidence.facts)}.values())


def _speaks_of(sentence: str, name: str) -> bool:
    return 0 <= sentence.find(name) <= _BEGINS


def _by_text(facts: Iterable[Fact]) -> dict[str, Fact]:
    return {fact.text: fact for fact in facts}
