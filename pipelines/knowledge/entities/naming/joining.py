"""Joins names that are one thing, the surest first, and refuses what would melt two things together."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pipelines.knowledge.entities.naming import forms
from pipelines.knowledge.entities.naming.forms import fold
from pipelines.knowledge.entities.naming.homonyms import plain_key
from pipelines.knowledge.entities.naming.seen import Evidence
from pipelines.knowledge.names import is_han

BY_HAND = "by_hand"
_SURE = 0.97
"""From here on a chain of names is not looked at: tables of names, accents, a person's word."""
_LONGEST_ACRONYM = 10
_APART = {
    "PERSON": {"ORGANIZATION", "LOCATION", "EVENT", "PRODUCT"},
    "LOCATION": {"PERSON", "ORGANIZATION", "EVENT", "PRODUCT"},
    "ORGANIZATION": {"PERSON", "LOCATION", "EVENT"}, "EVENT": {"PERSON", "LOCATION", "ORGANIZATION"},
    "PRODUCT": {"PERSON", "LOCATION"},
}  # fmt: skip
"""Types of two different things; any other type that an extractor gives goes with all."""


def apart(one: str, other: str) -> bool:
    """Say whether things of these types are never one."""
    return other in _APART.get(one, ())


@dataclass(frozen=True)
class Refusal:
    """Evidence that was not followed, and why."""

    evidence: Evidence
    reason: str


class Groups:
    """Names in groups; `forbidden` are the pairs that a person has parted."""

    def __init__(self, kind: Callable[[str], str], forbidden: frozenset[frozenset[str]], alone: frozenset[str]) -> None:
        self._kind, self._forbidden, self._alone = kind, forbidden, alone
        self._parent: dict[str, str] = {}
        self._members: dict[str, list[str]] = {}
        self._direct: set[frozenset[str]] = set()
        self.joins: list[Evidence] = []
        self.refusals: list[Refusal] = []

    def root(self, key: str) -> str:
        """Return the key that stands for a name's group."""
        while (parent := self._parent.get(key, key)) != key:
            key = parent
        return key

    def members(self, key: str) -> list[str]:
        """Return all names of a name's group."""
        root = self.root(key)
        return self._members.get(root, [root])

    def join(self, evidence: Iterable[Evidence]) -> None:
        """Follow evidence in the order of its score; what is refused is kept with the reason."""
        ordered = sorted(set(evidence), key=lambda one: (-one.score, one))
        self._direct |= {frozenset((one.one, one.other)) for one in ordered}
        for one in ordered:
            ends = self.root(one.one), self.root(one.other)
            if ends[0] == ends[1]:
                continue
            if reason := self._against(one):
                self.refusals.append(Refusal(one, reason))
            else:
                self.joins.append(one)
                self._unite(*ends)

    def _unite(self, *ends: str) -> None:
        """Unite two groups under the key that comes first: Latin before Chinese, long before short, then by letters."""
        first, second = sorted(ends, key=lambda key: (is_han(key), -len(key), key))
        self._members[first] = [*self.members(first), *self.members(second)]
        self._members.pop(second, None)
        self._parent[second] = first

    def _against(self, evidence: Evidence) -> str:
        """Return why two groups are not one, "" where nothing speaks against it."""
        groups = self.members(evidence.one), self.members(evidence.other)
        pairs = [(one, other) for one in groups[0] for other in groups[1]]
        if evidence.rule == BY_HAND:
            return ""
        if self._forbidden and any(frozenset(pair) in self._forbidden for pair in pairs):
            return "parted by hand"
        if self._alone and any(key in self._alone for group in groups for key in group):
            return "kept alone by hand"
        kinds = [self._group_kind(group) for group in groups]
        if apart(*kinds):
            return f"a {kinds[0]} and a {kinds[1]}"
        chained = pairs if evidence.score < _SURE and len(pairs) > 1 else []
        strange = next((pair for pair in chained if self._strange(*pair)), None)
        return f"would make one of '{strange[0]}' and '{strange[1]}'" if strange else ""

    def _group_kind(self, group: list[str]) -> str:
        kinds = Counter(self._kind(key) for key in group)
        kinds.pop("CONCEPT", None)
        return min(kinds, key=lambda kind: (-kinds[kind], kind)) if kinds else "CONCEPT"

    def _strange(self, one: str, other: str) -> bool:
        """Say whether nothing but the chain speaks for two names: written alike and neither short for the other."""
        one, other = plain_key(one), plain_key(other)
        if is_han(one) != is_han(other) or frozenset((one, other)) in self._direct or fold(one) == fold(other):
            return False
        pairs = ((one, other), (other, one))
        if is_han(one):
            return not any(forms.within_order(*pair) for pair in pairs)
        return not (
            forms.one_slip(one, other)
            or any(
                (" " not in short and len(short) <= _LONGEST_ACRONYM and forms.spelt_within(fold(short), full))
                or forms.is_short_human(short, full)
                or forms.is_head(short, full)
                or forms.is_tail(short, full)
                for short, full in pairs
            )
        )
