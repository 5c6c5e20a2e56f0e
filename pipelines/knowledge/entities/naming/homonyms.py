"""Two things of one name: people whom different documents know from different houses, a founder and the company."""

from collections import Counter, defaultdict
from collections.abc import Callable

from pipelines.knowledge.entities.kinds import majority_type
from pipelines.knowledge.entities.naming.seen import Seen
from pipelines.knowledge.names import is_short_person
from pipelines.text.names.legal_forms import ends_company

_TELLING = frozenset({"PERSON", "ORGANIZATION", "EVENT", "PRODUCT"})
"""Types of what tells that two documents speak of one person; a place or a word has many neighbours."""
_SENSE = " || "
Root = Callable[[str, str], str]


class Senses:
    """Maps (document, name) to a key, or to one of several things of that key: a pure function of the mentions."""

    def __init__(self, seen: Seen) -> None:
        self._seen = seen
        self._people: dict[tuple[str, str], str] = {}
        self.split: dict[str, list[str]] = {}
        """By key, its things where it has several."""
        for key in sorted(seen.founders):
            self.split[key] = [key, _sense(key, "company")]

    def node(self, document: str, key: str, name: str = "") -> str:
        """Return the thing that a key means in a document, spelt as in `name` there."""
        if key in self._seen.founders and self._is_company(document, key, name):
            return _sense(key, "company")
        return self._people.get((document, key), key)

    def _is_company(self, document: str, key: str, name: str) -> bool:
        return ends_company(name) or not self._seen.documents[document].get(key, Counter())["PERSON"]

    def part_people(self, root: Root) -> None:
        """Find people of one name whom documents place in different houses and with nobody and nothing in common.

        `root` gives what a neighbour's name means. A document that says neither stands alone where there are several.
        """
        for key, documents in sorted(self._seen.holders.items()):
            if len(documents) < 2 or is_short_person(key) or majority_type(self._seen.votes[key]) != "PERSON":
                continue
            groups = self._companies_of(key, sorted(documents), root)
            if len(groups) < 2:
                continue
            for label, members in groups.items():
                for document in members:
                    self._people[document, key] = _sense(key, label)
            placed = {document for members in groups.values() for document in members}
            rest = [key] if any(document not in placed for document in documents) else []
            self.split[key] = [*rest, *(_sense(key, label) for label in groups)]

    def rejoin(self, key: str) -> None:
        """Take the people of one name for one again, as a person says."""
        self.split.pop(key, None)
        self._people = {place: node for place, node in self._people.items() if place[1] != key}

    def _companies_of(self, key: str, documents: list[str], root: Root) -> dict[str, list[str]]:
        """Return the documents of each person by the employer that tells which; at most one where it is one person."""
        seen, beside, houses = self._seen, {}, {}
        for document in documents:
            named = {near: root(document, near) for near in seen.beside.get((document, key), ())}
            kinds = {near: majority_type(seen.votes[near]) for near in named}
            beside[document] = {node for near, node in named.items() if kinds[near] in _TELLING}
            employers = seen.employers.get((document, key), ())
            houses[document] = {named[near] for near in employers if kinds[near] == "ORGANIZATION"}
        if sum(bool(one) for one in houses.values()) < 2:
            return {}
        parts: list[tuple[list[str], set[str]]] = []
        for document in documents:
            near, members = set(beside[document]), [document]
            for part in [part for part in parts if part[1] & near]:
                parts.remove(part)
                members, near = [*part[0], *members], near | part[1]
            parts.append((members, near))
        found: dict[str, list[str]] = defaultdict(list)
        for members, _ in parts:
            counts = Counter(house for document in members for house in houses[document])
            if counts:
                label = min(counts, key=lambda house: (-counts[house], house))
                found[label] += members
        return found


def _sense(key: str, label: str) -> str:
    return f"{key}{_SENSE}{label}"


def plain_key(node: str) -> str:
    """Return the name's key of a thing."""
    return node.partition(_SENSE)[0]
