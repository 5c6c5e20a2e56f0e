"""Relations of an English sentence by its dependency parse, named by what joins their ends: FOUNDED_BY, CAPITAL_OF."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from pipelines.knowledge.extraction.rules.english import Name
from pipelines.knowledge.mentions import Entity

LOCATED_IN, IS, HAS = "LOCATED_IN", "IS", "HAS"
_SUBJECTS, _OBJECTS = ("nsubj", "nsubjpass"), ("dobj", "attr", "dative", "oprd", "acomp")
_BETWEEN = 6
"""Steps between a noun or verb and what it is related to: "a town in the region of Apulia" has four."""
_PLACING = ("in", "at", "near", "on")
_NO_RELATION = frozenset(
    """
    after amid among before despite except following given including like since than though throughout till unlike
    until while without
    """.split()
)
"""Prepositions that set a time, a comparison or a list beside a clause, and relate nothing to its subject."""
_NOT_A_TYPE = re.compile(r"[^A-Z]+")


class Triple(NamedTuple):
    """Which name is related to which, and how; names by their place in the list."""

    source: int
    target: int
    type: str


class Sentence:
    """The parse of one sentence with its names, and whom words of it stand for that are no names."""

    def __init__(self, document: Any, names: Sequence[Name], stands_for: dict[int, int] | None = None) -> None:
        self.document, self.names = document, names
        self.stands_for = stands_for or {}
        self._head: dict[int, int] = {}
        for number, name in enumerate(names):
            if name.first < 0:
                continue
            span = document[name.first : name.last]
            self._head[span.root.i] = number
        self._inside = {i: number for number, name in enumerate(names) for i in range(name.first, name.last)}

    def triples(self) -> list[Triple]:
        """Return the relations, each once, the first that was found of two that join one pair the same way."""
        found: dict[Triple, None] = {}
        for token in self.document:
            made = self._of_verb(token) if token.pos_ in ("VERB", "AUX") else self._of_noun(token)
            for one in made:
                if one.source != one.target and one.type:
                    found.setdefault(one)
        return list(found)

    def meant(self, token: Any, deep: bool = True) -> list[int]:
        """Return the names that a word stands for: itself, its apposition, whom a pronoun means, and what is joined."""
        found = self._direct(token)
        if not found and deep:
            for child in token.children:
                if child.dep_ == "appos" and (named := self._direct(child)):
                    found = named
            if not found and token.pos_ in ("NOUN", "PROPN"):
                found = [
                    self._inside[child.i]
                    for child in token.children
                    if child.dep_ in ("compound", "nmod") and child.i in self._inside
                    and not self.names[self._inside[child.i]].people
                ][-1:]  # fmt: skip
        return [*found, *(name for other in _coordinated(token) for name in self.meant(other, deep))]

    def _alone(self, token: Any) -> list[int]:
        """Return what a word stands for without what "and" joins to it: far from a verb that parse is a guess."""
        joined = {name for other in _coordinated(token) for name in self.meant(other)}
        return [name for name in self.meant(token) if name not in joined]

    def _direct(self, token: Any) -> list[int]:
        if token.i in self._inside:
            return [self._inside[token.i]]
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
        own = [child for child in verb.children if child.dep_ in _SUBJECTS]
        if own:
            return [name for child in own for name in self.meant(child)]
        if not steps:
            return []
        if verb.dep_ in ("acl", "relcl"):
            return self.described(verb.head)
        if verb.dep_ in ("conj", "xcomp", "advcl", "pcomp", "ccomp") and verb.head.i != verb.i:
            head = verb.head.head if verb.dep_ == "pcomp" else verb.head
            return self.subjects(head, steps - 1) if head.pos_ in ("VERB", "AUX") else self.described(head)
        return []

    def spoken(self) -> tuple[list[Entity], list[Entity]]:
        """Return the names that verbs of the sentence have as subjects, and all others."""
        found: dict[int, None] = {}
        for token in self.document:
            if token.dep_ in _SUBJECTS:
                found.update(dict.fromkeys(self.meant(token)))
        others = [number for number in range(len(self.names)) if number not in found]
        return [self.names[one].entity for one in found], [self.names[one].entity for one in others]

    def classes(self) -> list[tuple[str, Entity]]:
        """Return what kinds of things names are said to be, for "the town" of a later sentence."""
        return [
            (token.lemma_.lower(), self.names[number].entity)
            for token in self.document
            if token.dep_ in ("attr", "appos") and token.pos_ == "NOUN"
            for number in self.described(token)[:1]
        ]

    def _of_verb(self, verb: Any) -> Iterator[Triple]:
        subjects = self.subjects(verb)
        if not subjects or any(child.dep_ == "neg" for child in verb.children):
            return
        kind = _verb_type(verb)
        for child in verb.children:
            if child.dep_ in _OBJECTS or child.dep_ in ("agent", "prep", "advmod") or child.dep_ == "npadvmod":
                for target, joined in self._reached(child, kind, _is_copula(verb), _BETWEEN):
                    for source in subjects:
                        yield Triple(source, target, joined)

    def _reached(self, token: Any, kind: str, copula: bool, steps: int) -> Iterator[tuple[int, str]]:
        """Yield the names that a verb's object or preposition leads to, and what the relation is called there."""
        if not steps:
            return
        if token.dep_ in ("prep", "agent"):
            if token.lower_ in _NO_RELATION:
                return
            for child in token.children:
                if child.dep_ in ("pobj", "pcomp"):
                    yield from self._reached(child, f"{kind} {token.lower_}", copula or token.lower_ == "as", steps - 1)
                elif child.dep_ == "prep":
                    yield from self._reached(child, kind, copula, steps - 1)
            return
        direct = self.meant(token) if steps > _BETWEEN - 3 else self._alone(token)
        yield from ((name, _type(kind)) for name in direct)
        noun = token.pos_ in ("NOUN", "PROPN") and token.i not in self._inside
        if not noun:
            return
        stem = token.lemma_ if copula else kind
        for child in token.children:
            if child.dep_ == "prep":
                yield from self._reached(child, stem, False, steps - 1)
            elif copula and child.dep_ in ("amod", "compound", "nmod", "poss") and (named := self._direct(child)):
                joined = IS if self._people(named) else f"{stem} of"
                yield from ((name, _type(joined)) for name in named)
            elif child.dep_ == "conj" and copula:
                yield from self._reached(child, kind, copula, steps - 1)

    def _of_noun(self, token: Any) -> Iterator[Triple]:
        if token.pos_ not in ("NOUN", "PROPN"):
            return
        own = self._head.get(token.i)
        if own is None:
            yield from self._of_described(token)
            return
        for child in token.children:
            if child.dep_ in ("amod", "compound", "nmod", "poss") and child.i in self._inside:
                between = [
                    one.lemma_ for one in token.lefts
                    if child.i < one.i and one.i not in self._inside and one.pos_ == "NOUN"
                ]  # fmt: skip
                other = self._inside[child.i]
                if between:
                    yield Triple(own, other, _type(f"{between[-1]} of"))
                elif child.dep_ == "poss":
                    yield Triple(other, own, HAS)
                elif self.names[other].people and self.names[own].entity.type == "PERSON":
                    yield Triple(own, other, IS)
            elif child.dep_ == "prep":
                for target, joined in self._reached(child, "", False, _BETWEEN):
                    yield Triple(own, target, self._placed(joined, target))
            elif child.dep_ in ("appos", "npadvmod"):
                yield from self._of_apposition(own, child)

    def _of_described(self, token: Any) -> Iterator[Triple]:
        """Yield what a noun says of the name behind it: "the capital, Oslo", "her son Erik", "the head of X is Y"."""
        named = [name for child in token.children if child.dep_ == "appos" for name in self._direct(child)]
        verb = token.head
        if token.dep_ == "nsubj" and _is_copula(verb):
            named += [name for child in verb.children if child.dep_ == "attr" for name in self._direct(child)]
        if not named or token.pos_ == "PROPN":
            return
        for child in token.children:
            if child.dep_ == "prep":
                reached = list(self._reached(child, token.lemma_, False, _BETWEEN))
            elif child.dep_ in ("amod", "compound", "nmod", "poss"):
                reached = [(name, _type(f"{token.lemma_} of")) for name in self._direct(child)]
            else:
                continue
            yield from (Triple(source, target, kind) for source in named for target, kind in reached)

    def _of_apposition(self, own: int, child: Any) -> Iterator[Triple]:
        if child.i in self._head:
            return  # two names beside each other: what joins them is not said, places apart (places.py)
        for target, joined in self._reached(child, "", True, _BETWEEN):
            yield Triple(own, target, joined)

    def _people(self, named: Sequence[int]) -> bool:
        return any(self.names[name].people for name in named)

    def _placed(self, joined: str, target: int) -> str:
        at_place = joined.lower() in _PLACING and self.names[target].entity.type == "LOCATION"
        return LOCATED_IN if at_place else joined


def _coordinated(token: Any) -> list[Any]:
    """Return the other of two nouns that "and" joins; of a longer list the parse is not sure enough."""
    found = [child for child in token.children if child.dep_ == "conj" and child.pos_ in ("NOUN", "PROPN")]
    return [] if any(child.dep_ == "conj" for other in found for child in other.children) else found[:1]


def _is_copula(verb: Any) -> bool:
    return verb.lemma_ in ("be", "become", "remain")


def _verb_type(verb: Any) -> str:
    """Return a passive's participle, else the verb's third person: FOUNDED, WORKS, IS."""
    passive = verb.tag_ == "VBN" and (
        verb.dep_ in ("acl", "amod") or any(child.dep_ in ("auxpass", "nsubjpass", "agent") for child in verb.children)
    )
    particle = next((f" {child.lower_}" for child in verb.children if child.dep_ == "prt"), "")
    return (verb.lower_ if passive else third_person(verb.lemma_.lower())) + particle


def third_person(lemma: str) -> str:
    """Return a verb's third person singular.

    >>> third_person("work"), third_person("supply"), third_person("teach"), third_person("be")
    ('works', 'supplies', 'teaches', 'is')
    """
    if lemma in ("be", "have", "do", "go"):
        return {"be": "is", "have": "has", "do": "does", "go": "goes"}[lemma]
    if lemma.endswith(("s", "x", "z", "ch", "sh")):
        return lemma + "es"
    return lemma[:-1] + "ies" if lemma.endswith("y") and lemma[-2:-1] not in "aeiou" else lemma + "s"


def _type(joined: str) -> str:
    return _NOT_A_TYPE.sub("_", joined.upper()).strip("_")[:40]
