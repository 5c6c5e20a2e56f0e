"""What is said of a text, found in it: entities at all their places, relations with the sentence that says so."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from pipelines.knowledge.extraction.said.records import Said, SaidEntity, SaidRelation
from pipelines.knowledge.extraction.said.spelling import NamedText, Span, folded
from pipelines.knowledge.extraction.said.typing import UNKNOWN, Typing
from pipelines.knowledge.mentions import CO_OCCURS, Entity, Extraction, Passage, Relation, without_overlaps
from pipelines.knowledge.names import canonical_name, is_short_for
from pipelines.text.languages.languages import LANGUAGES, refers_back, spaced_language, unspaced_in

NO_NAME, NOT_IN_TEXT, TOO_SHORT = "entity without a name", "entity that is not in the text", "name of one letter"
PRONOUN, INSIDE, ENTITY_TYPE = "pronoun", "entity inside a longer name", "entity of a type outside the schema"
NO_END, TO_ITSELF, END_MISSING = "relation without two ends", "relation to itself", "relation to what is no entity here"
RELATION_TYPE, PATTERN = "relation of a type outside the schema", "relation outside the schema's patterns"
DATE = "date that is not in the text"
_PERSON = "PERSON"
_WEIGHT = 2.0
_NUMBERS = re.compile(r"\d+")
_YEAR = 4


def place(passage: Passage, said: Said, typing: Typing, known: Sequence[Entity] = ()) -> Extraction:
    """Return what of the things that are said stands in the passage, and by reason how much does not.

    Entities that are `known` already stay as they are, and relations may be to them.
    """
    return _Placing(passage, typing, known).extraction(said)


class _Placing:
    """One passage and what is said of it."""

    def __init__(self, passage: Passage, typing: Typing, known: Sequence[Entity]) -> None:
        self.passage, self.typing, self.known = passage, typing, known
        self.text = NamedText(passage.text)
        self.dropped: Counter[str] = Counter()
        self.entities: list[Entity] = []
        self.spelt: dict[str, str] = {}
        """From every name and key that somebody used to the name as the text spells it."""

    def extraction(self, said: Said) -> Extraction:
        found = [(one, entities) for one in _once(said.entities) if (entities := self._entities(one))]
        everywhere = [entity for _, entities in found for entity in entities]
        self.entities = without_overlaps([*self.known, *sorted(everywhere, key=lambda one: one.start - one.end)])
        kept = set(self.entities)
        self.spelt = {key: one.name for one in self.known for key in (folded(one.name), canonical_name(one.name))}
        for one, entities in found:
            standing = next((entity for entity in entities if entity in kept), None)
            name = standing.name if standing else self._same_span(entities)
            if name:
                for key in (one.key, folded(one.name), canonical_name(one.name)):
                    self.spelt.setdefault(key, name)
            else:
                self.dropped[INSIDE] += 1
        self.spelt.pop("", None)
        relations = [relation for one in said.relations if (relation := self._relation(one))]
        return Extraction(
            tuple(self.entities), tuple(dict.fromkeys(relations)), note=said.note, dropped=dict(self.dropped)
        )

    def _entities(self, one: SaidEntity) -> list[Entity]:
        """Return an entity at each of its places; none, with its reason counted, where it is not kept."""
        name = one.name.strip()
        if not name:
            self.dropped[NO_NAME] += 1
            return []
        kind = self.typing.entity(one.type)
        if not kind:
            self.dropped[ENTITY_TYPE] += 1
            return []
        if _is_too_short(name) or _is_pronoun(name):
            self.dropped[TOO_SHORT if _is_too_short(name) else PRONOUN] += 1
            return []
        spans = self.text.find(name, kind == _PERSON)
        if not spans:
            self.dropped[NOT_IN_TEXT] += 1
        return [self._entity(span, kind, one.description) for span in spans]

    def _entity(self, span: Span, kind: str, description: str = "") -> Entity:
        start, end = span
        return Entity(start, end, self.passage.text[start:end], kind, " ".join(description.split()))

    def _same_span(self, entities: Sequence[Entity]) -> str:
        """Return the name of a kept entity that stands where one of these does: the same thing said twice."""
        spans = {(one.start, one.end) for one in entities}
        return next((one.name for one in self.entities if (one.start, one.end) in spans), "")

    def _relation(self, one: SaidRelation) -> Relation | None:
        if not one.source.strip() or not one.target.strip():
            self.dropped[NO_END] += 1
            return None
        kind = self.typing.relation(one.type)
        if not kind:
            self.dropped[RELATION_TYPE] += 1
            return None
        source, target = self._end(one.source), self._end(one.target)
        if not source or not target:
            self.dropped[END_MISSING] += 1
            return None
        if source == target:
            self.dropped[TO_ITSELF] += 1
            return None
        direction = self.typing.direction(self._type(source), kind, self._type(target)) if kind != CO_OCCURS else 1
        if not direction:
            self.dropped[PATTERN] += 1
            return None
        if direction < 0:
            source, target = target, source
        start, end = self._evidence(source, target)
        evidence = " ".join(self.passage.text[start:end].split())
        return Relation(source, target, kind, evidence, _WEIGHT, start, end, self._told(one))

    def _end(self, said: str) -> str:
        """Return the entity that an end of a relation means, spelt as in the text; "" where it means none.

        One that nobody listed but that stands in the text is an entity of unknown type.
        """
        said = said.strip()
        keys = (said, folded(said), canonical_name(said))
        if known := next((self.spelt[key] for key in keys if key in self.spelt), ""):
            return known
        name = self._alias(said) or self._standing(said)
        if name:
            self.spelt[said] = name
        return name

    def _alias(self, said: str) -> str:
        """Return the one person listed whose name is a short or a longer form of this one."""
        key = canonical_name(said)
        people = {one.name: canonical_name(one.name) for one in self.entities if one.type == _PERSON}
        alike = [name for name, other in people.items() if is_short_for(key, other) or is_short_for(other, key)]
        return alike[0] if len(alike) == 1 else ""

    def _standing(self, said: str) -> str:
        """Return a name by where it stands: where an entity begins, else where none is."""
        spans = [] if _is_too_short(said) or _speaks_back(said) else self.text.find(said)
        begun = next((one for start, _ in spans for one in self.entities if one.start == start), None)
        if begun:
            return begun.name
        free = [span for span in spans if all(span[1] <= one.start or one.end <= span[0] for one in self.entities)]
        kind = self.typing.entity(UNKNOWN) if any(one.isalpha() for one in said) else ""
        if not free or not kind:
            return ""
        added = [self._entity(span, kind) for span in free]
        self.entities = sorted([*self.entities, *added])
        return added[0].name

    def _type(self, name: str) -> str:
        return next((one.type for one in self.entities if one.name == name), "")

    def _evidence(self, source: str, target: str) -> Span:
        """Return the span of the sentence that names both, else of the first that names the source."""
        sentences = self.passage.spans
        named: dict[str, set[int]] = defaultdict(set)
        for number, (start, end) in enumerate(sentences):
            for one in self.entities:
                if start <= one.start < end:
                    named[one.name].add(number)
        both = sorted(named[source] & named[target]) or sorted(named[source])
        if both:
            return sentences[both[0]]
        return (0, len(self.passage.text))

    def _told(self, one: SaidRelation) -> str:
        """Return a relation's description, the date that its text has behind it."""
        description, date = " ".join(one.description.split()), " ".join(one.date.split())
        if not date:
            return description
        if not _stands(date, self.passage.text):
            self.dropped[DATE] += 1
            return description
        return f"{description} ({date})".strip()


def _is_too_short(name: str) -> bool:
    return len(name) < (unspaced_in(name[:1]) or spaced_language(name)).names.shortest and name.isascii()


def _is_pronoun(name: str) -> bool:
    return any(name.capitalize() in language.back_references for language in LANGUAGES.values())


def _speaks_back(name: str) -> bool:
    """Say whether a name is none: a pronoun, or in Chinese what begins with one (该公司)."""
    return _is_pronoun(name) or (unspaced_in(name[:1]) is not None and refers_back(name))


def _once(said: Sequence[SaidEntity]) -> list[SaidEntity]:
    """Return one entity a name: of several by one name the first type, and all descriptions."""
    groups: dict[str, list[SaidEntity]] = defaultdict(list)
    for number, one in enumerate(said):
        groups[one.name.strip() or f"\0{number}"].append(one)
    return [
        SaidEntity(
            group[0].name,
            next((one.type for one in group if one.type), ""),
            " ".join(dict.fromkeys(one.description.strip() for one in group if one.description.strip())),
            next((one.key for one in group if one.key), ""),
        )
        for group in groups.values()
    ]


def _stands(date: str, text: str) -> bool:
    """Say whether a date is in a text: its years, else its numbers, else its words (5 March 2014 is 2014-03-05 too)."""
    numbers, there = _NUMBERS.findall(date), set(_NUMBERS.findall(text))
    if numbers:
        return there.issuperset([number for number in numbers if len(number) == _YEAR] or numbers)
    return folded(date) in folded(text)


def merged(one: Extraction, other: Extraction) -> Extraction:
    """Return both extractions of one text as one; where two entities overlap, the first one's stays."""
    entities = without_overlaps([*one.entities, *other.entities])
    names = {entity.name for entity in entities}
    relations = dict.fromkeys((*one.relations, *other.relations))
    kept = tuple(found for found in relations if {found.source, found.target} <= names)
    dropped = Counter(one.dropped) + Counter(other.dropped) + Counter({END_MISSING: len(relations) - len(kept)})
    note = "; ".join(filter(None, (one.note, other.note)))
    return Extraction(tuple(entities), kept, note=note, dropped=dict(dropped))
