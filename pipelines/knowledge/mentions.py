"""What an extractor finds in one text: entity and relation mentions, before names are resolved."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from pipelines.text.sentence_spans import Spans

ENTITY_TYPES = ("PERSON", "ORGANIZATION", "LOCATION", "PRODUCT", "EVENT", "CONCEPT")
"""CONCEPT is a proper name of unknown type: another mention's type outvotes it."""

CO_OCCURS = "CO_OCCURS"
ALIAS_OF = "ALIAS_OF"
"""Two names of one thing; resolution joins them, and it never becomes a relation of the graph."""

BY_MODEL = "llm-"
"""How the name of an extractor begins that asks a language model."""


@dataclass(frozen=True)
class Passage:
    """A text and where its sentences stand in it; of a chunk also its id and its document's path."""

    text: str
    spans: Spans
    chunk_id: str = ""
    path: str = ""


@dataclass(frozen=True, order=True)
class Entity:
    """A named thing at text[start:end]."""

    start: int
    end: int
    name: str
    type: str
    description: str = ""
    """What a language model says that it is; "" from the rules."""

    def moved(self, offset: int) -> "Entity":
        return replace(self, start=self.start + offset, end=self.end + offset)


@dataclass(frozen=True)
class Relation:
    """A relation between two names, with the sentence that says so, at text[start:end]."""

    source: str
    target: str
    type: str
    evidence: str
    weight: float = 1.0
    start: int = 0
    end: int = 0
    description: str = ""
    """What a language model says about it; "" from the rules."""

    def moved(self, offset: int) -> "Relation":
        return replace(self, start=self.start + offset, end=self.end + offset)


@dataclass(frozen=True)
class Extraction:
    """What was found in one text; with a `failure`, why nothing was; a `note` says what was repaired or may be missing.

    `dropped` counts what was said of the text and could not be kept, by reason.
    """

    entities: tuple[Entity, ...] = ()
    relations: tuple[Relation, ...] = ()
    failure: str = ""
    note: str = ""
    dropped: Mapping[str, int] = field(default_factory=dict)


class Extractor(Protocol):
    """Finds entities and relations in texts."""

    @property
    def name(self) -> str:
        """Kind and version: an extraction by another name is made again."""
        ...

    def extract(self, passages: Sequence[Passage]) -> list[Extraction]:
        """Return one extraction a passage, in order; its places are characters of the text.

        All passages come in one call, so that an engine starts once, and a passage is all that a result depends on.
        What fails for one is told in its `failure`; it does not raise for the others.
        """
        ...


def without_overlaps(entities: Sequence[Entity]) -> list[Entity]:
    """Return the entities in order of place; of two that overlap the earlier in the sequence stays."""
    kept: list[Entity] = []
    for entity in entities:
        if all(entity.end <= other.start or other.end <= entity.start for other in kept):
            kept.append(entity)
    return sorted(kept)
