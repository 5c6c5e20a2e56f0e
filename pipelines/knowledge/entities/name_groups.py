"""Which names are one thing: spellings, both languages' names, abbreviations, and short names in their document."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from pipelines.knowledge.mentions import ALIAS_OF, ENTITY_TYPES
from pipelines.knowledge.names import (
    canonical_name,
    is_han,
    is_short_for,
    is_short_person,
    name_letters,
    pinyin,
    without_initials,
)
from pipelines.text.names.territories import TRANSLATED_TERRITORIES

_NAMES_TWICE = frozenset({"PERSON", "LOCATION"})
"""Types whose Latin name is the pinyin of the Chinese one; a company's is often a translation."""
_PERSON_WEIGHT = 0.6


class NameGroups:
    """Maps (document, name) to the key of its thing; a pure function of the mentions, whatever their order."""

    def __init__(self, rows: Iterable[Mapping[str, Any]]) -> None:
        self._votes: dict[str, Counter[str]] = defaultdict(Counter)
        self._documents: dict[str, set[str]] = defaultdict(set)
        aliases: Counter[tuple[str, str]] = Counter()
        for row in rows:
            for mention in row["entities"]:
                key = canonical_name(mention["name"])
                self._votes[key][mention["type"]] += 1
                self._documents[row["document_id"]].add(key)
            for relation in row["relations"]:
                if relation["type"] == ALIAS_OF:
                    aliases[(canonical_name(relation["source"]), canonical_name(relation["target"]))] += 1
        self._parent = {key: key for key in self._votes}
        self._join_aliases(aliases)
        self._join_pinyin()
        self._join_initials()
        self._short = self._short_names()

    def key(self, document_id: str, name: str) -> str:
        """Return the key of what a name means in a document."""
        key = canonical_name(name)
        return self._root(self._short.get((document_id, key), key))

    def is_short(self, document_id: str, name: str) -> bool:
        """Say whether a name stands for a longer one in its document: its type is then a guess."""
        return (document_id, canonical_name(name)) in self._short

    def _root(self, key: str) -> str:
        while self._parent.get(key, key) != key:
            key = self._parent[key]
        return key

    def _join(self, one: str, other: str) -> None:
        """Join two groups under the key that comes first: Latin before Chinese, long before short, then by letters."""
        roots = sorted({self._root(one), self._root(other)}, key=lambda key: (is_han(key), -len(key), key))
        for root in roots[1:]:
            self._parent[root] = roots[0]

    def _type(self, key: str) -> str:
        return majority_type(self._votes[key])

    def _join_aliases(self, aliases: Mapping[tuple[str, str], int]) -> None:
        """Join names that stand beside each other as aliases; a name takes one partner, the one most often given."""
        taken: set[str] = set()
        for (one, other), _ in sorted(aliases.items(), key=lambda item: (-item[1], item[0])):
            if one in self._votes and other in self._votes and not {one, other} & taken:
                taken |= {one, other}
                self._join(one, other)

    def _join_pinyin(self) -> None:
        """Join 孙丽 with Sun Li: the same letters, the same type, and only one Chinese name that is spelt so."""
        named = {key: self._type(key) for key in self._votes}
        latin = {name_letters(key): key for key in sorted(named) if named[key] in _NAMES_TWICE and not is_han(key)}
        spelt: dict[str, list[str]] = defaultdict(list)
        for chinese, translated in TRANSLATED_TERRITORIES.items():
            if named.get(chinese) == named.get(translated) == "LOCATION":
                self._join(translated, chinese)
        for key in sorted(named) if latin else ():
            if is_han(key) and named[key] in _NAMES_TWICE and not is_short_person(key):
                spelt[pinyin(key)].append(key)
        for spelling, keys in spelt.items():
            partner = latin.get(spelling)
            if partner and len(keys) == 1 and named[partner] == named[keys[0]]:
                self._join(partner, keys[0])

    def _join_initials(self) -> None:
        """Join John Doe with John T. Doe, where no John B. Doe is there as well."""
        full: dict[str, set[str]] = defaultdict(set)
        for key in self._votes:
            if (bare := without_initials(key)) != key and bare in self._votes:
                full[bare].add(key.replace(".", ""))
        for key in sorted(self._votes):
            bare = without_initials(key)
            if len(full.get(bare, ())) == 1 and bare != key and self._type(bare) == self._type(key) == "PERSON":
                self._join(bare, key)

    def _short_names(self) -> dict[tuple[str, str], str]:
        """Return the full name of each short one (Hanne, 老陈, Huoshan) where its document leaves one choice."""
        found = {}
        for document, keys in self._documents.items():
            people = [key for key in keys if self._type(key) == "PERSON" and not is_short_person(key)]
            companies = [key for key in keys if self._type(key) == "ORGANIZATION"]
            for key in keys:
                full = {self._root(person) for person in people if is_short_for(key, person)}
                if not full and self._type(key) not in ("PERSON", "EVENT"):
                    full = {self._root(company) for company in companies if _begins(company, key)}
                if len(full) == 1 and self._root(key) not in full and self._may_be_short(key, next(iter(full))):
                    found[document, key] = full.pop()
        return found

    def _may_be_short(self, key: str, full: str) -> bool:
        """Say whether a name that was taken for a place may be short for a person: not where it often is one."""
        votes = self._votes[key]
        other = votes["LOCATION"] + votes["PRODUCT"]
        return other <= 3 or self._type(full) not in ("PERSON", "ORGANIZATION") or self._type(key) == self._type(full)


def majority_type(votes: Mapping[str, int]) -> str:
    """Return the type with most votes; CONCEPT only where there is no other; ties in the order of ENTITY_TYPES.

    PERSON counts less: it is what a recogniser calls two capitalised words that it does not know.
    """
    known = {kind: count for kind, count in votes.items() if kind != "CONCEPT"}
    order = {kind: place for place, kind in enumerate(ENTITY_TYPES)}
    weights = {kind: count * (_PERSON_WEIGHT if kind == "PERSON" else 1.0) for kind, count in (known or votes).items()}
    ranked = sorted(weights, key=lambda kind: (-weights[kind], order.get(kind, len(order)), kind))
    return ranked[0] if ranked else "CONCEPT"


def _begins(full: str, short: str) -> bool:
    """Say whether a company's name begins with the short one and goes on: huoshan, huoshan tools; 云峰, 云峰碳材."""
    if is_han(full):
        return is_han(short) and 2 <= len(short) < len(full) and full.startswith(short)
    return len(short) > 3 and full.startswith(short + " ")
