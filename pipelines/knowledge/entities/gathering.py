"""All that the extractions say of each thing and each relation, once their names are resolved."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipelines.knowledge.entities.kinds import majority_type
from pipelines.knowledge.entities.name_groups import NameGroups
from pipelines.knowledge.mentions import ALIAS_OF, BY_MODEL, CO_OCCURS
from pipelines.knowledge.names import is_han
from pipelines.text.sentence_spans import sentence_spans

SYMMETRIC = frozenset({CO_OCCURS})
_GOOD_LENGTH = (30, 220)
_TOLD = (BY_MODEL, "replay")
Places = set[tuple[str, int, int]]
"""Chunk, and start and end in its text."""


@dataclass
class Thing:
    """What is gathered about one entity."""

    names: Counter[str] = field(default_factory=Counter)
    types: Counter[str] = field(default_factory=Counter)
    chunk_ids: set[str] = field(default_factory=set)
    places: Places = field(default_factory=set)
    sentences: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    descriptions: Counter[str] = field(default_factory=Counter)
    typed: bool = False
    told: bool = False
    """Whether a language model or a person named it, and not a tagger, which takes many a word for a name."""

    @property
    def kept(self) -> bool:
        """Whether it is sure enough: a lone word that a tagger found needs a relation or a second place."""
        if self.told:
            return True
        kind, mentions = majority_type(self.types), self.names.total()
        if self.typed or any(" " in name for name in self.names) or kind not in ("CONCEPT", "ORGANIZATION"):
            return self.typed or kind != "CONCEPT" or mentions > 1
        return len(self.chunk_ids) > 1 or (kind == "ORGANIZATION" and any(is_han(name) for name in self.names))


@dataclass
class Link:
    """What is gathered about one relation."""

    weight: float = 0.0
    chunk_ids: set[str] = field(default_factory=set)
    places: Places = field(default_factory=set)
    evidence: Counter[str] = field(default_factory=Counter)
    descriptions: Counter[str] = field(default_factory=Counter)


LinkKey = tuple[str, str, str]
"""Source, target and type."""


class Gathered:
    """Things by key and links by their ends and type; rows are added in the order of their chunks."""

    def __init__(self, groups: NameGroups, texts: Mapping[str, Mapping[str, Any]]) -> None:
        self._groups, self._texts = groups, texts
        self.things: dict[str, Thing] = defaultdict(Thing)
        self.links: dict[LinkKey, Link] = defaultdict(Link)
        self._seen: set[tuple[str, ...]] = set()

    def add(self, row: Mapping[str, Any]) -> None:
        """Add the mentions and relations of a chunk; what stands in the overlap of two chunks counts once."""
        chunk = self._texts.get(row["chunk_id"])
        spans = sentence_spans(chunk) if chunk and row["entities"] else []
        for mention in row["entities"]:
            self._add_mention(row, mention, chunk, spans)
        for relation in row["relations"]:
            self._add_relation(row, relation, chunk)

    def _add_mention(
        self, row: Mapping[str, Any], mention: Mapping[str, Any], chunk: Mapping[str, Any] | None, spans: Any
    ) -> None:
        document, name = row["document_id"], mention["name"]
        thing = self.things[self._groups.key(document, name)]
        thing.chunk_ids.add(row["chunk_id"])
        thing.told |= row["extractor"].startswith(_TOLD)
        place_of_mention = (document, str(mention["start"]), name)
        if place_of_mention not in self._seen:
            self._seen.add(place_of_mention)
            thing.names[name] += 1
            thing.types["CONCEPT" if self._groups.is_short(document, name) else mention["type"]] += 1
            if said := " ".join((mention.get("description") or "").split()):
                thing.descriptions[said] += 1
        if chunk:
            place = mention["start"] - chunk["start"]
            thing.places.add((row["chunk_id"], place, mention["end"] - chunk["start"]))
            for start, end in spans:
                if start <= place < end:
                    sentence = " ".join(chunk["text"][start:end].split())
                    rank = (int(not is_prose(sentence)), place - start, len(sentence))
                    thing.sentences[sentence] = min(rank, thing.sentences.get(sentence, rank))
                    break

    def _add_relation(self, row: Mapping[str, Any], found: Mapping[str, Any], chunk: Mapping[str, Any] | None) -> None:
        """Add a relation; what one sentence of a document says counts once."""
        document = row["document_id"]
        source, target = (self._groups.key(document, found[end]) for end in ("source", "target"))
        known = source in self.things and target in self.things
        if found["type"] == ALIAS_OF or source == target or not known:
            return
        if found["type"] in SYMMETRIC:
            source, target = sorted((source, target))
        else:
            self.things[source].typed = self.things[target].typed = True
        link = self.links[source, target, found["type"]]
        link.chunk_ids.add(row["chunk_id"])
        start, end = found.get("start") or 0, found.get("end") or 0
        if chunk and end > start:
            link.places.add((row["chunk_id"], start - chunk["start"], end - chunk["start"]))
        said = (document, source, target, found["type"], found["evidence"])
        if said not in self._seen:
            self._seen.add(said)
            link.weight += found["weight"]
            link.evidence[found["evidence"]] += 1
            if told := " ".join((found.get("description") or "").split()):
                link.descriptions[told] += 1


def is_prose(sentence: str) -> bool:
    """Say whether a sentence is of good length and no heading or row of a table."""
    return (
        _GOOD_LENGTH[0] // (2 if is_han(sentence) else 1) <= len(sentence) <= _GOOD_LENGTH[1]
        and sentence[0] not in "#|"
    )


def flat_places(places: Places, chunk_ids: list[str]) -> list[int]:
    """Return places as a row stores them: which of its chunks, start, end, and so on."""
    order = {key: number for number, key in enumerate(chunk_ids)}
    return [number for chunk, start, end in sorted(places) for number in (order[chunk], start, end)]
