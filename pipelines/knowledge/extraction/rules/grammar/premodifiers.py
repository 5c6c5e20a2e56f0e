"""What stands before a name in its noun phrase: "Norwegian singer Nora Berg", "Alder Systems director Nora Berg"."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from pipelines.knowledge.extraction.rules.english import Name

_INSIDE = ("NN", "NNS", "NNP", "JJ", "HYPH", "CD", "VBN", "RB")
_JOINED = (*_INSIDE, "CC")
"""What may stand between a nationality and whom it is said of: "American rapper and singer Nora Berg"."""
_MOST_BETWEEN = 6


def premodified(document: Any, names: Sequence[Name]) -> Iterator[tuple[int, int, str]]:
    """Yield a name, the name before it in one noun phrase, and what the noun between them says."""
    placed = sorted((name.first, number) for number, name in enumerate(names) if name.first >= 0)
    for (_, before), (first, own) in pairwise(placed):
        between = document[names[before].last : first]
        if not 0 < len(between) <= _MOST_BETWEEN or names[own].people:
            continue
        role, people = between[-1], names[before].people
        inside, roles = (_JOINED, ("NN", "NNP", "NNS")) if people else (_INSIDE, ("NN", "NNP"))
        if role.tag_ not in roles or not role.is_alpha or any(t.tag_ not in inside for t in between):
            continue
        if people:
            yield own, before, "IS"
        elif names[own].entity.type in ("PERSON", "ORGANIZATION") and role.tag_ == "NN":
            yield own, before, f"{role.lemma_.upper()}_OF"
