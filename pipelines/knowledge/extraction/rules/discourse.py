"""Whom a text is talking of: what pronouns and "the company" stand for, and the subject that a passage begins with."""

from collections.abc import Iterable, Sequence
from typing import Any

from pipelines.knowledge.extraction.rules.english import Name
from pipelines.knowledge.mentions import Entity

_PERSONS = frozenset(("he", "she", "him", "her", "his", "hers", "他", "她"))
_THINGS = frozenset(("it", "its", "它", "其", "该"))
_SPOKEN = ("nsubj", "nsubjpass", "poss")
"""Where what "it" and "the company" do is what a passage's subject does; elsewhere they may be something else."""


class Discourse:
    """Follows a passage sentence by sentence; nothing outlives the passage."""

    def __init__(self) -> None:
        self.topic: Entity | None = None
        self._person: Entity | None = None
        self._thing: Entity | None = None
        self._classes: dict[str, Entity] = {}

    def read(self, document: Any, names: Sequence[Name]) -> tuple[list[Entity], dict[int, int]]:
        """Return whom the sentence means without a name, and by token which of them, counted on from the names."""
        meant: list[Entity] = []
        places: dict[int, int] = {}
        inside = {i for name in names for i in range(name.first, name.last)}
        for token in document:
            entity = None if token.i in inside else self._stands_for(token)
            if entity is not None:
                if entity not in meant:
                    meant.append(entity)
                if token.lower_ in _PERSONS or token.dep_ in _SPOKEN:
                    places[token.i] = len(names) + meant.index(entity)
        return meant, places

    def _stands_for(self, token: Any) -> Entity | None:
        if token.lower_ in _PERSONS:
            return self._person
        if token.lower_ in _THINGS:
            return self._thing
        definite = token.pos_ == "NOUN" and any(child.lower_ in ("the", "this") for child in token.children)
        found = self._classes.get(token.lemma_.lower()) if definite else None
        return found if found == self.topic else None

    def opening(self, words: Iterable[str]) -> Entity | None:
        """Return whom the pronoun means that a Chinese sentence begins with."""
        first = next((word for word in words if word.strip()), "")
        if first[:1] in _PERSONS and first[1:2] != "们":
            return self._person
        return self._thing if first[:1] in _THINGS else None

    def note(self, subjects: Iterable[Entity], others: Iterable[Entity], classes: Iterable[tuple[str, Entity]]) -> None:
        """Remember what a sentence spoke of: its subjects before the names that it only mentions."""
        subjects = list(subjects)
        spoken = [*subjects, *others]
        person = next((one for one in subjects if one.type == "PERSON"), None)
        thing = next((one for one in subjects if one.type != "PERSON"), None)
        self._person = person or self._person or next((one for one in spoken if one.type == "PERSON"), None)
        self._thing = thing or self._thing or next((one for one in spoken if one.type != "PERSON"), None)
        self.topic = self.topic or next(iter(spoken), None)
        self._classes.update(classes)
