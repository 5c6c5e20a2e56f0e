"""Which names are one thing, from spelling, text and neighbours; a pure function of the mentions and the hand edits.

Near-linear: names are compared within blocks alone (a document's names that share words, letters or characters; all
names that share a half), and how many pairs that were is counted.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from pipelines.knowledge.entities.edits import NO_EDITS, Edits
from pipelines.knowledge.entities.kinds import majority_type
from pipelines.knowledge.entities.naming.homonyms import Senses, plain_key
from pipelines.knowledge.entities.naming.joining import Groups, Refusal, apart
from pipelines.knowledge.entities.naming.likeness import Likeness
from pipelines.knowledge.entities.naming.seen import Evidence, Seen, name_key
from pipelines.knowledge.entities.naming.shorts import LASTING, Shorts
from pipelines.knowledge.names import is_han

_CONTEXT = 160


class Judge(Protocol):
    """Decides about names that look alike where spelling and neighbours do not: by vectors, or a language model."""

    def one_thing(self, pairs: Sequence[Evidence], context: Callable[[str], str]) -> list[Evidence]:
        """Return the pairs that are one thing, with rule and score of the judge's own; `context` of a key is a text."""
        ...


class NameGroups:
    """Maps (document, name) to the key of its thing, whatever the order of the rows."""

    def __init__(
        self,
        rows: Iterable[Mapping[str, Any]],
        texts: Mapping[str, Mapping[str, Any]] | None = None,
        edits: Edits = NO_EDITS,
        judges: Iterable[Judge] = (),
    ) -> None:
        self._texts = texts or {}
        self.seen = Seen(rows, self._texts)
        self._spellings = edits.spellings()
        self._alone, self._forbidden = edits.alone(), edits.forbidden()
        self._kinds: dict[str, str] = {}
        self._elsewhere, self._one_person = edits.elsewhere(), edits.one_person()
        keys = sorted(self.seen.votes)
        self.senses = Senses(self.seen)
        self.groups = Groups(self._kind, self._forbidden, self._alone)
        self._short: dict[tuple[str, str], Evidence] = {}
        likeness, shorts = Likeness(keys, self._kind), Shorts(self.seen)
        aliases = [one for one in self.seen.aliases if not self._lone(one)]
        # Persons come last: whom they stand beside tells two of one name apart, and neighbours have several names too.
        things = [one for one in aliases if not self._person(one)]
        sure = likeness.sure()
        by_hand = edits.merges(self.seen.votes.__contains__)
        self.groups.join([*by_hand, *things, *(one for one in sure if not self._person(one))])
        self._find_shorts(shorts, people=False)
        self.groups.join(self._lasting())
        self.senses.part_people(self._root)
        for key in self._one_person & self.senses.split.keys():
            self.senses.rejoin(key)
        said = (self._meant(one) for one in (*aliases, *sure) if self._person(one))
        self.groups.join([*by_hand, *said])
        self._find_shorts(shorts, people=True)
        for one in filter(self._lone, self.seen.aliases):
            lone, whole = sorted((one.one, one.other), key=lambda key: (" " in key, key))
            self._short.setdefault((one.document_id, lone), replace(one, one=lone, other=whole))
        self.unsure = self._agree([*likeness.slips(), *likeness.middle_names()])
        for judge in judges:
            self.groups.join(judge.one_thing(self.unsure, self._context))
            self.unsure = [one for one in self.unsure if self.groups.root(one.one) != self.groups.root(one.other)]
        self.ambiguous = sorted(set(shorts.ambiguous))
        self.compared, self.crowded = likeness.pairs + shorts.pairs, likeness.crowded + shorts.crowded

    def key(self, document_id: str, name: str) -> str:
        """Return the key of what a name means in a document."""
        key = name_key(name)
        if name in self._spellings:
            return f"{key} || {name}"
        if (document_id, key) in self._elsewhere:
            return f"{key} || {document_id}"
        return self._root(document_id, key, name)

    def is_short(self, document_id: str, name: str) -> bool:
        """Say whether a name stands for a longer one in its document: its type is then a guess."""
        return (document_id, name_key(name)) in self._short

    def why(self, document_id: str, name: str) -> Evidence | None:
        """Return why a name means what it does in its document alone, None where it does not."""
        return self._short.get((document_id, name_key(name)))

    def short_names(self) -> list[tuple[str, Evidence]]:
        """Return the documents with what stands for a longer name in each, and why; sorted."""
        return [(document, one) for (document, _), one in sorted(self._short.items())]

    def key_of(self, document_id: str, key: str) -> str:
        """Return what `key` does, for a name's key."""
        return self._root(document_id, key)

    @property
    def joins(self) -> list[Evidence]:
        """Return what was joined wherever it stands, in the order in which it was."""
        return self.groups.joins

    @property
    def refusals(self) -> list[Refusal]:
        """Return the evidence that was not followed."""
        return self.groups.refusals

    def _root(self, document: str, key: str, name: str = "") -> str:
        short = self._short.get((document, key))
        if short is not None:
            return self.groups.root(self.senses.node(document, short.other))
        return self.groups.root(self.senses.node(document, key, name))

    def _kind(self, node: str) -> str:
        if node not in self._kinds:
            key = plain_key(node)
            company = node != key and key in self.seen.founders
            self._kinds[node] = "ORGANIZATION" if company else majority_type(self.seen.votes[key])
        return self._kinds[node]

    def _person(self, evidence: Evidence) -> bool:
        return "PERSON" in (self._kind(evidence.one), self._kind(evidence.other))

    def _meant(self, evidence: Evidence) -> Evidence:
        """Return evidence about whom its names mean in its document, where several people have one of them."""
        one, other = (self.senses.node(evidence.document_id, key) for key in (evidence.one, evidence.other))
        return replace(evidence, one=one, other=other) if evidence.document_id else evidence

    def _lone(self, evidence: Evidence) -> bool:
        """Say whether an alias is a person's lone name (née Dluhos), which means somebody else in other documents."""
        ends = evidence.one, evidence.other
        lone = [key for key in ends if " " not in key and not is_han(key)]
        return len(lone) == 1 and self._person(evidence) and not self.seen.acronym(lone[0])

    def _find_shorts(self, shorts: Shorts, people: bool) -> None:
        for document in sorted(self.seen.documents):
            for key, one in shorts.find(document, self._root, people).items():
                if not self._parted(document, one):
                    self._short[document, key] = one

    def _parted(self, document: str, one: Evidence) -> bool:
        """Say whether a person has said that a short name is not that longer one."""
        alone, forbidden = self._alone, self._forbidden
        if (document, one.one) in self._elsewhere or alone & {one.one, one.other}:
            return True
        members = self.groups.members(self.senses.node(document, one.other)) if forbidden else []
        return any(frozenset((one.one, member)) in forbidden for member in members)

    def _lasting(self) -> list[Evidence]:
        """Return the acronyms and short forms that mean one thing wherever it is told: they do in all documents."""
        told: dict[str, dict[str, Evidence]] = defaultdict(dict)
        for (document, key), one in sorted(self._short.items()):
            told[key].setdefault(self._root(document, key), one)
        for one in self.seen.aliases:  # an acronym that brackets explain otherwise in another document
            for key, other in ((one.one, one.other), (one.other, one.one)):
                if key in told:
                    told[key].setdefault(self.groups.root(other), one)
        found = []
        for targets in told.values():
            one = next(iter(targets.values()))
            if len(targets) == 1 and one.rule in LASTING:
                found.append(one)
        return found

    def _context(self, key: str) -> str:
        """Return the text around the first place of a key."""
        chunk_id, place = self.seen.where[key]
        chunk = self._texts.get(chunk_id)
        if chunk is None:
            return ""
        place -= chunk["start"]
        return " ".join(chunk["text"][max(0, place - _CONTEXT // 2) : place + _CONTEXT].split())

    def _agree(self, pairs: list[Evidence]) -> list[Evidence]:
        """Join names that look alike, never stand in one document and share a neighbour; return the others."""
        near: dict[str, set[str]] = defaultdict(set)
        wanted = {key for one in pairs for key in (one.one, one.other)}
        for (document, key), names in self.seen.beside.items():
            if key in wanted:
                near[key] |= {self._root(document, name) for name in names}
        unsure, agreed = [], []
        for one in pairs:
            if self.groups.root(one.one) == self.groups.root(one.other) or apart(
                self._kind(one.one), self._kind(one.other)
            ):
                continue
            together = self.seen.holders[one.one] & self.seen.holders[one.other]
            shared = near[one.one] & near[one.other]
            lone = self._person(one) and not (" " in one.one and " " in one.other)
            if shared and not together and not lone:
                quote = f"both beside '{min(shared)}'"
                agreed.append(replace(one, rule=f"{one.rule}_and_neighbours", quote=quote))
            elif not together or not near[one.one] & {one.other}:
                unsure.append(one)
        self.groups.join(agreed)
        return unsure
