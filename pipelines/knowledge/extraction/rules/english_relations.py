"""Relations of an English sentence by its dependency parse, named by what joins their ends: FOUNDED_BY, CAPITAL_OF."""

from collections.abc import Iterator
from typing import Any

from pipelines.knowledge.extraction.rules.grammar.place_phrases import Places, Triple
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
    PLACE_CLASSES,
    PLACING,
    SUBJECTS,
    is_copula,
    type_name,
    verb_type,
)

_BETWEEN = 6
"""Steps between a noun or verb and what it is related to: "a town in the region of Apulia" has four."""
_OWNED = 3
"""Steps from the verb where not the name itself is its subject."""


class Sentence(Places):
    """The relations of one sentence."""

    def triples(self) -> list[Triple]:
        """Return the relations, each once, the first that was found of two that join one pair the same way."""
        found: dict[Triple, None] = {}
        for token in self.document:
            made = self._of_verb(token) if token.pos_ in ("VERB", "AUX") else self._of_noun(token)
            for one in made:
                if one.source != one.target and one.type:
                    found.setdefault(one)
            for one in self.of_places(token):
                found.setdefault(one)
        joined = {frozenset(one[:2]) for one in found}
        for pair in premodified(self.document, self.names):
            if frozenset(pair[:2]) not in joined:
                found.setdefault(Triple(*pair))
        return list(found)

    def _of_verb(self, verb: Any) -> Iterator[Triple]:
        subjects = self.subjects(verb)
        if not subjects and not any(child.dep_ in ("neg", *OBJECTS) for child in verb.children):
            yield from self._of_owned(verb)
        if not subjects or any(child.dep_ == "neg" for child in verb.children):
            return
        kind = verb_type(verb)
        if verb.dep_ == "relcl" and any(child.lower_ == "where" for child in verb.children):
            for target in self.described(verb.head):
                place = "at" if self.names[target].entity.type == "ORGANIZATION" else "in"
                yield from (Triple(source, target, type_name(f"{kind} {place}")) for source in subjects)
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
            yield from self.of_class(preposition, stem)
        elif copula:
            yield from self._reached(preposition, stem, False, steps, True)
        elif chain:
            yield from self._reached(preposition, stem.rsplit(" ", 1)[0], False, steps, True)

    def _of_noun(self, token: Any) -> Iterator[Triple]:
        if token.pos_ not in ("NOUN", "PROPN"):
            return
        own = self.head_of.get(token.i)
        if own is None:
            yield from self._of_described(token)
            yield from self.of_site(token)
            yield from self.of_place_class(token)
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

    def _of_owned(self, verb: Any) -> Iterator[Triple]:
        """Yield what is said of a part of a name: "its office lies in Oslo", "the plant of Alder is in Oslo"."""
        for subject in verb.children:
            if subject.dep_ not in SUBJECTS or subject.pos_ != "NOUN" or self.meant(subject):
                continue
            owners = [
                name
                for child in subject.children
                for owner in ([child] if child.dep_ == "poss" else child.children if child.lower_ == "of" else ())
                for name in self.direct(owner)
            ]
            kind = subject.lemma_ if is_copula(verb) else f"{subject.lemma_} {verb_type(verb)}"
            for child in verb.children if owners else ():
                if child.dep_ in ("prep", "agent"):
                    for target, joined in self._reached(child, kind, False, _OWNED):
                        yield from (Triple(owner, target, joined) for owner in owners)

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
