"""Places in English phrases: what is in a place that a noun names, and a place in that of the next phrase."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from pipelines.knowledge.extraction.rules.grammar.meanings import Meanings
from pipelines.knowledge.extraction.rules.grammar.words import (
    IS,
    LOCATED_IN,
    PART_CLASSES,
    PLACE_CLASSES,
    type_name,
)
from pipelines.knowledge.names import canonical_name
from pipelines.text.names.places import may_lie_in
from pipelines.text.names.territories import TERRITORIES


class Triple(NamedTuple):
    """Which name is related to which, and how; names by their place in the list."""

    source: int
    target: int
    type: str


class Places(Meanings):
    """What the phrases of one sentence say of places."""

    def of_site(self, noun: Any) -> Iterator[Triple]:
        """Yield where a noun says that a name beside it is: "the Alder office in Oslo", "the town of Alder in Oslo"."""
        named = [
            self.inside[child.i]
            for child in noun.children
            if child.dep_ in ("compound", "nmod") and child.i in self.inside
        ]
        if noun.lemma_.lower() in PLACE_CLASSES:
            named += [name for child in noun.children if child.lower_ == "of" for name, _ in self.of_class(child, "of")]
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

    def of_place_class(self, noun: Any) -> Iterator[Triple]:
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

    def of_places(self, preposition: Any) -> Iterator[Triple]:
        """Yield a place in that of the next phrase, where both hang on the verb: "lives in Turin in Italy"."""
        if preposition.dep_ != "prep" or preposition.lower_ not in ("in", "at", "near"):
            return
        end = max(one.i for one in preposition.subtree) + 1
        following = [
            one for one in preposition.head.children if one.i == end and one.dep_ == "prep" and one.lower_ == "in"
        ]
        for inner in self._governed(preposition):
            for outer in (name for other in following for name in self._governed(other)):
                if may_lie_in(*(canonical_name(self.names[name].entity.name) for name in (inner, outer))):
                    yield Triple(inner, outer, LOCATED_IN)

    def _governed(self, preposition: Any) -> list[int]:
        named = [name for child in preposition.children if child.dep_ == "pobj" for name in self.meant(child)[:1]]
        return [name for name in named if self.names[name].entity.type == "LOCATION"]

    def of_class(self, of: Any, kind: str) -> Iterator[tuple[int, str]]:
        """Yield the place that "the city of" names."""
        for child in of.children:
            if child.dep_ == "pobj":
                yield from ((name, type_name(kind)) for name in self.direct(child))

    def _is_territory(self, name: int) -> bool:
        return canonical_name(self.names[name].entity.name) in TERRITORIES
