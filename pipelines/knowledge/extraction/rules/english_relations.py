"""Relations of an English sentence by its dependency parse, named by what joins their ends: FOUNDED_BY, CAPITAL_OF."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from pipelines.knowledge.extraction.rules.english import Name
from pipelines.knowledge.extraction.rules.premodifiers import premodified
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
PLACE_CLASSES = frozenset(
    """
    area borough canton capital city commune community continent country county department district division hamlet
    island kingdom land locality metropolis municipality neighborhood neighbourhood nation parish peninsula port
    prefecture province quarter region republic settlement state suburb territory town township valley village ward
    """.split()
)
"""What places are called by kind: "the city of Turin" is Turin."""
_BESIDE_OBJECT = frozenset(("in", "at", "from", "for", "by", "as"))
"""Prepositions behind a verb's object that still say something of its subject: "studied medicine at Oslo"."""
_PHASES = frozenset(("begin", "start", "continue", "go", "come", "help", "use", "cease", "stop", "finish"))
"""Verbs of beginning and ending: of who does what, the verb behind them tells; who wants or was asked to, did not."""
_BARE = {
    ("PERSON", "OF", "ORGANIZATION"): "MEMBER_OF", ("PERSON", "FROM", "LOCATION"): "COMES_FROM",
    ("LOCATION", "OF", "LOCATION"): "PART_OF", ("ORGANIZATION", "OF", "ORGANIZATION"): "PART_OF",
    ("ORGANIZATION", "OF", "LOCATION"): LOCATED_IN, ("ORGANIZATION", "FROM", "LOCATION"): "COMES_FROM",
}  # fmt: skip
"""What a preposition alone says of two names of these types; all others stand together only."""
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
        joined = {frozenset(one[:2]) for one in found}
        for one in premodified(self.document, self.names):
            if frozenset(one[:2]) not in joined:
                found.setdefault(Triple(*one))
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
        if verb.dep_ == "xcomp" and verb.head.lemma_ not in _PHASES:
            return []
        if verb.dep_ in ("conj", "xcomp", "advcl", "pcomp") and verb.head.i != verb.i:
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
        objects = [child for child in verb.children if child.dep_ == "dobj"]
        named = any(self.meant(child, deep=False) for child in objects)
        for child in verb.children:
            if child.dep_ == "prep" and objects and (named or child.lower_ not in _BESIDE_OBJECT):
                continue
            if child.dep_ in _OBJECTS or child.dep_ in ("agent", "prep", "advmod") or child.dep_ == "npadvmod":
                for target, joined in self._reached(child, kind, _is_copula(verb), _BETWEEN):
                    for source in subjects:
                        yield Triple(source, target, joined)

    def _reached(self, token: Any, kind: str, copula: bool, steps: int, chain: bool = False) -> Iterator[tuple[int, str]]:
        """Yield the names that a verb's object or preposition leads to, and what the relation is called there.

        `kind` is what was walked so far; behind a copula the nouns say what the relation is, and a chain of them
        ("a member of the board of Alder") is walked on; what is said of a verb's object is not said of its subject.
        """
        if not steps:
            return
        if token.dep_ in ("prep", "agent"):
            if token.lower_ in _NO_RELATION:
                return
            joined, copula = f"{kind} {token.lower_}", copula or token.lower_ == "as"
            for child in token.children:
                if child.dep_ in ("pobj", "pcomp"):
                    yield from self._reached(child, joined, copula, steps - 1, chain)
                elif child.dep_ == "prep":
                    yield from self._reached(child, kind, copula, steps - 1, chain)
            return
        direct = self.meant(token) if steps > _BETWEEN - 3 else self._alone(token)
        yield from ((name, _type(kind)) for name in direct)
        if token.pos_ not in ("NOUN", "PROPN") or token.i in self._inside:
            return
        stem = token.lemma_ if copula else kind
        for child in token.children:
            if child.dep_ == "prep":
                yield from self._behind_noun(token, child, stem, copula, chain, steps - 1)
            elif copula and child.dep_ in ("amod", "compound", "nmod", "poss") and (named := self._direct(child)):
                joined = IS if self._people(named) else f"{stem} of"
                yield from ((name, _type(joined)) for name in named)
            elif child.dep_ == "conj" and copula:
                yield from self._reached(child, kind, copula, steps - 1, chain)

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
                yield from ((name, _type(kind)) for name in self._direct(child))

    def _of_noun(self, token: Any) -> Iterator[Triple]:
        if token.pos_ not in ("NOUN", "PROPN"):
            return
        own = self._head.get(token.i)
        if own is None:
            yield from self._of_described(token)
            yield from self._of_site(token)
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
                    yield Triple(own, target, self._placed(own, joined, target))
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
                reached = list(self._reached(child, token.lemma_, False, _BETWEEN, True))
            elif child.dep_ in ("amod", "compound", "nmod", "poss"):
                reached = [(name, _type(f"{token.lemma_} of")) for name in self._direct(child)]
            else:
                continue
            yield from (Triple(source, target, kind) for source in named for target, kind in reached)

    def _of_site(self, noun: Any) -> Iterator[Triple]:
        """Yield where a noun says that a name beside it is: "the Alder office in Oslo", "the town of Alder in Oslo"."""
        named = [
            self._inside[child.i] for child in noun.children if child.dep_ in ("compound", "nmod") and child.i in self._inside
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
            for name in self._direct(token) if self.names[name].entity.type == "LOCATION"
        ]  # fmt: skip
        yield from (
            Triple(name, place, LOCATED_IN) for name, site in zip(named, sites, strict=True) if site for place in places
        )

    def _of_apposition(self, own: int, child: Any) -> Iterator[Triple]:
        if child.i in self._head:
            return  # two names beside each other: what joins them is not said, places apart (places.py)
        for target, joined in self._reached(child, "", True, _BETWEEN):
            yield Triple(own, target, joined)

    def _people(self, named: Sequence[int]) -> bool:
        return any(self.names[name].people for name in named)

    def _placed(self, own: int, joined: str, target: int) -> str:
        """Return what a preposition between two names says, "" where it says too little: "Alder with Oslo"."""
        kinds = self.names[own].entity.type, self.names[target].entity.type
        if kinds[1] == "LOCATION" and joined.lower() in _PLACING:
            return LOCATED_IN
        return _BARE.get((kinds[0], joined, kinds[1]), "")


def _coordinated(token: Any) -> list[Any]:
    """Return the noun that "and" joins to a subject, an object or a doer; elsewhere only where there are just two.

    What follows a preposition at the end of a long list is a guess of the parse.
    """
    found = [child for child in token.children if child.dep_ == "conj" and child.pos_ in ("NOUN", "PROPN")]
    first = token
    while first.dep_ == "conj" and first.head.i != first.i:
        first = first.head
    sure = first.dep_ in ("dobj", *_SUBJECTS) or (first.dep_ == "pobj" and first.head.dep_ == "agent")
    longer = any(child.dep_ == "conj" for other in found for child in other.children)
    return found[:1] if sure or not longer else []


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
