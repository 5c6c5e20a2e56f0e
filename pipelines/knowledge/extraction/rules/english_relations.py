"""Relations of an English sentence by its dependency parse, named by what joins their ends: FOUNDED_BY, CAPITAL_OF."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from pipelines.knowledge.extraction.rules.grammar.meanings import Meanings
from pipelines.knowledge.extraction.rules.grammar.premodifiers import premodified
from pipelines.knowledge.extraction.rules.grammar.words import (
    AMOUNTS,
    BARE,
    BESIDE_OBJECT,
    HAS,
    IS,
    KIN,
    LOCATED_IN,
    NO_RELATION,
    OBJECTS,
    PART_CLASSES,
    PLACE_CLASSES,
    PLACING,
    is_copula,
    type_name,
    verb_type,
)
from pipelines.knowledge.names import canonical_name
from pipelines.text.names.territories import TERRITORIES

_BETWEEN = 6
"""Steps between a noun or verb and what it is related to: "a town in the region of Apulia" has four."""


class Triple(NamedTuple):
    """Which name is related to which, and how; names by their place in the list."""

    source: int
    target: int
    type: str


class Sentence(Meanings):
    """The relations of one sentence."""

    def triples(self) -> list[Triple]:
        """Return the relations, each once, the first that was found of two that join one pair the same way."""
        found: dict[Triple, None] = {}
        for token in self.document:
            made = self._of_verb(token) if token.pos_ in ("VERB", "AUX") else self._of_noun(token)
            for one in made:
                if one.source != one.target and one.type:
                    found.setdefault(one)
        joined = {frozenset(one[:2]) for one in found}
        for pair in premodified(self.document, self.names):
            if frozenset(pair[:2]) not in joined:
                found.setdefault(Triple(*pair))
        return list(found)

    def _of_verb(self, verb: Any) -> Iterator[Triple]:
        subjects = self.subjects(verb)
        if not subjects or any(child.dep_ == "neg" for child in verb.children):
            return
        kind = verb_type(verb)
        objects = [child for child in verb.children if child.dep_ == "dobj"]
        named = any(self.meant(child, deep=False) for child in objects)
        for child in verb.children:
            if child.dep_ == "prep" and objects and (named or child.lower_ not in BESIDE_OBJECT):
                continue
            if child.dep_ in OBJECTS or child.dep_ in ("agent", "prep", "advmod") or child.dep_ == "npadvmod":
                for target, joined in self._reached(child, kind, is_copula(verb), _BETWEEN):
                    for source in subjects:
                        yield Triple(source, target, joined)

    def _reached(
        self, token: Any, kind: str, copula: bool, steps: int, chain: bool = False
    ) -> Iterator[tuple[int, str]]:
        """Yield the names that a verb's object or preposition leads to, and what the relation is called there.

        `kind` is what was walked so far; behind a copula the nouns say what the relation is, and a chain of them
        ("a member of the board of Alder") is walked on; what is said of a verb's object is not said of its subject.
        """
        if not steps:
            return
        if token.ent_type_ in AMOUNTS and token.i not in self.inside:
            return  # a date or a sum between two names says nothing of them
        if token.dep_ in ("prep", "agent"):
            if token.lower_ in NO_RELATION:
                return
            joined, copula = f"{kind} {token.lower_}", copula or token.lower_ == "as"
            for child in token.children:
                if child.dep_ in ("pobj", "pcomp"):
                    yield from self._reached(child, joined, copula, steps - 1, chain)
                elif child.dep_ == "prep":
                    yield from self._reached(child, kind, copula, steps - 1, chain)
            return
        direct = self.meant(token) if steps > _BETWEEN - 3 else self.alone(token)
        yield from ((name, type_name(kind)) for name in direct)
        if token.pos_ not in ("NOUN", "PROPN") or token.i in self.inside:
            return
        stem = token.lemma_ if copula else kind
        for child in token.children:
            if child.dep_ == "prep":
                yield from self._behind_noun(token, child, stem, copula, chain, steps - 1)
            elif copula and child.dep_ in ("amod", "compound", "nmod", "poss"):
                named = self.direct(child) or self._peoples_below(child)
                joined = IS if self.are_people(named) else f"{stem} of"
                yield from ((name, type_name(joined)) for name in named)
            elif child.dep_ == "conj" and copula:
                yield from self._reached(child, kind, copula, steps - 1, chain)

    def _peoples_below(self, modifier: Any) -> list[int]:
        """Return the peoples that the parse hangs on another modifier: "a Norwegian Social Democratic politician"."""
        below = [self.inside[one.i] for one in modifier.children if one.i in self.inside]
        return [name for name in below if self.names[name].people]

    def _behind_noun(
        self, noun: Any, preposition: Any, stem: str, copula: bool, chain: bool, steps: int
    ) -> Iterator[tuple[int, str]]:
        if preposition.lower_ == "of" and noun.lemma_.lower() in PLACE_CLASSES and not copula:
            yield from self._of_class(preposition, stem)
        elif copula:
            yield from self._reached(preposition, stem, False, steps, True)
        elif chain:
            yield from self._reached(preposition, stem.rsplit(" ", 1)[0], False, steps, True)

    def _of_class(self, of: Any, kind: str) -> Iterator[tuple[int, str]]:
        """Yield the place that "the city of" names."""
        for child in of.children:
            if child.dep_ == "pobj":
                yield from ((name, type_name(kind)) for name in self.direct(child))

    def _of_noun(self, token: Any) -> Iterator[Triple]:
        if token.pos_ not in ("NOUN", "PROPN"):
            return
        own = self.head_of.get(token.i)
        if own is None:
            yield from self._of_described(token)
            yield from self._of_site(token)
            yield from self._of_place_class(token)
            return
        for child in token.children:
            if child.dep_ in ("amod", "compound", "nmod", "poss") and child.i in self.inside:
                between = [
                    one.lemma_ for one in token.lefts
                    if child.i < one.i and one.i not in self.inside and one.pos_ == "NOUN"
                ]  # fmt: skip
                other = self.inside[child.i]
                if between:
                    yield Triple(own, other, type_name(f"{between[-1]} of"))
                elif child.dep_ == "poss":
                    yield Triple(other, own, HAS)
                elif self.names[other].people and self.names[own].entity.type == "PERSON":
                    yield Triple(own, other, IS)
            elif child.dep_ == "prep":
                for target, joined in self._reached(child, "", False, _BETWEEN):
                    yield Triple(own, target, self._placed(own, joined, target))
            elif child.dep_ in ("appos", "npadvmod"):
                yield from self._of_apposition(own, child)

    def _of_described(self, token: Any) -> Iterator[Triple]:
        """Yield what a noun says of the name behind it: "the capital, Oslo", "her son Erik", "the head of X is Y"."""
        named = [name for child in token.children if child.dep_ == "appos" for name in self.direct(child)]
        verb = token.head
        if token.dep_ == "nsubj" and is_copula(verb):
            named += [name for child in verb.children if child.dep_ == "attr" for name in self.direct(child)]
        if not named or token.pos_ == "PROPN":
            return
        for child in token.children:
            if child.dep_ == "prep":
                reached = list(self._reached(child, token.lemma_, False, _BETWEEN, True))
            elif child.dep_ in ("amod", "compound", "nmod", "poss"):
                reached = [(name, type_name(f"{token.lemma_} of")) for name in self.direct(child)]
            else:
                continue
            yield from (Triple(source, target, kind) for source in named for target, kind in reached)

    def _of_site(self, noun: Any) -> Iterator[Triple]:
        """Yield where a noun says that a name beside it is: "the Alder office in Oslo", "the town of Alder in Oslo"."""
        named = [
            self.inside[child.i]
            for child in noun.children
            if child.dep_ in ("compound", "nmod") and child.i in self.inside
        ]
        if noun.lemma_.lower() in PLACE_CLASSES:
            named += [
                name for child in noun.children if child.lower_ == "of" for name, _ in self._of_class(child, "of")
            ]
        sites = [self.names[name].entity.type != "PERSON" and not self.names[name].people for name in named]
        places = [
            name
            for child in noun.children if child.dep_ == "prep" and child.lower_ in ("in", "at")
            for token in child.children if token.dep_ == "pobj"
            for name in self.direct(token) if self.names[name].entity.type == "LOCATION"
        ]  # fmt: skip
        yield from (
            Triple(name, place, LOCATED_IN) for name, site in zip(named, sites, strict=True) if site for place in places
        )

    def _of_place_class(self, noun: Any) -> Iterator[Triple]:
        """Yield what stands before "province of Viken": "the Norwegian", "the Turin suburb of", "the … area of Turin".

        What a country has ("the Alder province of Norway") is named before the noun.
        """
        if noun.lemma_.lower() not in PLACE_CLASSES:
            return
        named = [
            name
            for of in noun.children if of.lower_ == "of"
            for child in of.children if child.dep_ == "pobj"
            for name in self.meant(child, deep=False)
        ]  # fmt: skip
        before = [
            self.inside[child.i]
            for child in noun.children
            if child.dep_ in ("amod", "compound", "nmod") and child.i in self.inside
        ]
        part = noun.lemma_.lower() in PART_CLASSES
        for other in before:
            for name in named:
                whole = self._is_territory(name)
                if not self.names[other].people:
                    ends = (other, name) if whole or (part and not self._is_territory(other)) else (name, other)
                    yield Triple(*ends, type_name(f"{noun.lemma_} of"))
                elif not (whole and part):
                    yield Triple(name, other, IS)

    def _is_territory(self, name: int) -> bool:
        return canonical_name(self.names[name].entity.name) in TERRITORIES

    def _of_apposition(self, own: int, child: Any) -> Iterator[Triple]:
        if child.i in self.head_of:
            return  # two names beside each other: what joins them is not said, places apart (places.py)
        whose = [own]
        if child.lemma_.lower() in KIN and self.names[own].entity.type == "LOCATION":
            whose = next((self.subjects(one) for one in child.ancestors if one.pos_ in ("VERB", "AUX")), [])
        for target, joined in self._reached(child, "", True, _BETWEEN):
            yield from (Triple(one, target, joined) for one in whose)

    def _placed(self, own: int, joined: str, target: int) -> str:
        """Return what a preposition between two names says, "" where it says too little: "Alder with Oslo"."""
        kinds = self.names[own].entity.type, self.names[target].entity.type
        if kinds[1] == "LOCATION" and joined.lower() in PLACING:
            return LOCATED_IN
        return BARE.get((kinds[0], joined, kinds[1]), "")
