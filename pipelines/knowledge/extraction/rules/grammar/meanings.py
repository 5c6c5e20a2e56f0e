"""Whom the words of a parsed sentence mean: names, whom pronouns stand for, subjects of verbs, items of lists."""

from collections.abc import Sequence
from typing import Any

from pipelines.knowledge.extraction.rules.english import Name
from pipelines.knowledge.extraction.rules.grammar.words import PHASES, SUBJECTS
from pipelines.knowledge.mentions import Entity

_LIST = 3
"""Names that "and" joins from which they are a list."""


class Meanings:
    """The parse of one sentence with its names, and whom words of it stand for that are no names."""

    def __init__(self, document: Any, names: Sequence[Name], stands_for: dict[int, int] | None = None) -> None:
        self.document, self.names = document, names
        self.stands_for = stands_for or {}
        self.head_of: dict[int, int] = {}
        for number, name in enumerate(names):
            if name.first < 0:
                continue
            span = document[name.first : name.last]
            self.head_of[span.root.i] = number
        self.inside = {i: number for number, name in enumerate(names) for i in range(name.first, name.last)}

    def meant(self, token: Any, deep: bool = True) -> list[int]:
        """Return the names that a word stands for: itself, its apposition, whom a pronoun means, and what is joined."""
        found = self.direct(token)
        if not found and deep:
            for child in token.children:
                if child.dep_ == "appos" and (named := self.direct(child)):
                    found = named
            if not found and token.pos_ in ("NOUN", "PROPN"):
                found = [
                    self.inside[child.i]
                    for child in token.children
                    if child.dep_ in ("compound", "nmod") and child.i in self.inside
                    and not self.names[self.inside[child.i]].people
                ][-1:]  # fmt: skip
        return [*found, *(name for other in _coordinated(token) for name in self.meant(other, deep))]

    def alone(self, token: Any) -> list[int]:
        """Return what a word stands for without what "and" joins to it: far from a verb that parse is a guess."""
        joined = {name for other in _coordinated(token) for name in self.meant(other)}
        return [name for name in self.meant(token) if name not in joined]

    def direct(self, token: Any) -> list[int]:
        if token.i in self.inside:
            return [self.inside[token.i]]
        if token.i in self.stands_for:
            return [self.stands_for[token.i]]
        if token.tag_ in ("WDT", "WP") or token.lower_ == "that":
            clause = next((one for one in token.ancestors if one.dep_ == "relcl"), None)
            return self.described(clause.head) if clause is not None else []
        return []

    def described(self, token: Any) -> list[int]:
        """Return what a noun says something about: "a town" in "Alder is a town", "Alder, a town"."""
        if found := self.meant(token, deep=False):
            return found
        if token.dep_ == "appos":
            return self.described(token.head)
        if token.dep_ in ("attr", "acomp", "oprd") or (token.dep_ == "pobj" and token.head.lower_ == "as"):
            verb = token.head if token.dep_ != "pobj" else token.head.head
            return self.subjects(verb) if verb.pos_ in ("VERB", "AUX") else []
        if token.dep_ == "conj":
            return self.described(token.head)
        return self.meant(token)

    def subjects(self, verb: Any, steps: int = 4) -> list[int]:
        """Return who does what a verb says, also where another verb or a noun before it has the subject."""
        own = [child for child in verb.children if child.dep_ in SUBJECTS]
        if own:
            return [name for child in own for name in self.meant(child)]
        if not steps:
            return []
        if verb.dep_ in ("acl", "relcl"):
            return self.described(verb.head)
        if verb.dep_ == "xcomp" and verb.head.lemma_ not in PHASES:
            return []
        if verb.dep_ in ("conj", "xcomp", "advcl", "pcomp") and verb.head.i != verb.i:
            head = verb.head.head if verb.dep_ == "pcomp" else verb.head
            return self.subjects(head, steps - 1) if head.pos_ in ("VERB", "AUX") else self.described(head)
        return []

    def spoken(self) -> tuple[list[Entity], list[Entity]]:
        """Return the names that verbs of the sentence have as subjects, and all others."""
        found: dict[int, None] = {}
        for token in self.document:
            if token.dep_ in SUBJECTS:
                found.update(dict.fromkeys(self.meant(token)))
        others = [number for number in range(len(self.names)) if number not in found]
        return [self.names[one].entity for one in found], [self.names[one].entity for one in others]

    def listed(self) -> set[frozenset[str]]:
        """Return the pairs of names that are items of one list of three or more: they stand beside each other only."""
        found: set[frozenset[str]] = set()
        for token in self.document:
            if token.dep_ == "conj" or not any(child.dep_ == "conj" for child in token.children):
                continue
            items, left = [], [token]
            while left:
                item = left.pop()
                items += [name for name in (self.inside.get(item.i),) if name is not None]
                left += [child for child in item.children if child.dep_ == "conj"]
            if len(set(items)) >= _LIST:
                named = sorted({self.names[one].entity.name for one in items})
                found |= {frozenset((one, other)) for place, one in enumerate(named) for other in named[place + 1 :]}
        return found

    def classes(self) -> list[tuple[str, Entity]]:
        """Return what kinds of things names are said to be, for "the town" of a later sentence."""
        return [
            (token.lemma_.lower(), self.names[number].entity)
            for token in self.document
            if token.dep_ in ("attr", "appos") and token.pos_ == "NOUN"
            for number in self.described(token)[:1]
        ]

    def are_people(self, named: Sequence[int]) -> bool:
        return any(self.names[name].people for name in named)


def _coordinated(token: Any) -> list[Any]:
    """Return the noun that "and" joins to a subject, an object or a doer; elsewhere only where there are just two.

    What follows a preposition at the end of a long list is a guess of the parse.
    """
    found = [child for child in token.children if child.dep_ == "conj" and child.pos_ in ("NOUN", "PROPN")]
    first = token
    while first.dep_ == "conj" and first.head.i != first.i:
        first = first.head
    sure = first.dep_ in ("dobj", *SUBJECTS) or (first.dep_ == "pobj" and first.head.dep_ == "agent")
    longer = any(child.dep_ == "conj" for other in found for child in other.children)
    return found[:1] if sure or not longer else []
