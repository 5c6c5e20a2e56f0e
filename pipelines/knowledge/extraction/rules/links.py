"""From what a passage's sentences say to its relations: one name a thing, typed before co-occurrence."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field

from pipelines.knowledge.extraction.rules.pairs import LOOSE, TOGETHER, TYPED, Key, together
from pipelines.knowledge.extraction.rules.places import within
from pipelines.knowledge.extraction.rules.table_cells import Neighbours
from pipelines.knowledge.mentions import ALIAS_OF, Entity, Relation
from pipelines.knowledge.names import canonical_name, is_han, is_short_for
from pipelines.text.names.territories import TERRITORIES

_NEAR, _NEAR_PLACE = 1, 3
"""Names of a sentence with this many steps between them are linked although neither is a hub; if one is a place."""
_PLACED = ("LOCATION", "ORGANIZATION")
"""What a passage's people joins from another sentence; a country joins all."""
Span = tuple[int, int]
Whole = Callable[[str], str]
"""From a name to the longest one of its thing in the passage."""


@dataclass
class Said:
    """What one sentence says."""

    text: str
    here: Sequence[Entity]
    meant: Sequence[Entity] = ()
    """Whom it speaks of without a name."""
    subjects: Sequence[Entity] = ()
    peoples: Sequence[Entity] = ()
    """Those of the names that are nationalities, religions or parties."""
    typed: list[Key] = field(default_factory=list)
    aliases: list[Key] = field(default_factory=list)
    listed: Set[frozenset[str]] = frozenset()
    """Pairs of names that are items of one list."""
    span: Span = (0, 0)
    """Where it stands in the passage."""

    @property
    def evidence(self) -> str:
        return " ".join(self.text.split())


def relations(said: Sequence[Said], topic: Entity | None) -> list[Relation]:
    """Return a passage's relations with their sentences; a pair that a typed one joins does not co-occur besides."""
    whole = full_names(
        [entity for one in said for entity in one.here],
        [key for one in said for key in one.aliases],
        frozenset(entity.name for one in said for entity in one.peoples),
    )
    made: dict[tuple[Key, str], tuple[float, Span]] = {}
    for one in said:
        for key in one.aliases:
            made.setdefault((key, one.evidence), (TYPED, one.span))
    evidence: dict[Key, Said] = {}
    for one in said:
        for a, b, kind in one.typed:
            if whole(a) != whole(b):
                made.setdefault(((whole(a), whole(b), kind), one.evidence), (TYPED, one.span))
                evidence.setdefault((whole(a), whole(b), kind), one)
    for key in within(evidence, _places(said, whole)):
        told = _told(key, evidence)
        made.setdefault((key, told.evidence), (TYPED, told.span))
    joined = {frozenset(key[:2]) for key, _ in made}
    hub = whole(topic.name) if topic else None
    for key, one, weight in _together(said, whole, hub):
        if key[0] != key[1] and frozenset(key[:2]) not in joined:
            before, span = made.get((key, one.evidence), (0.0, one.span))
            made[key, one.evidence] = max(weight, before), span
    met = {name for key, _ in made for name in key[:2]}
    for key, one in _left_over(said, whole, met):
        made.setdefault((key, one.evidence), (LOOSE, one.span))
    return [Relation(*key, where, weight, *span) for (key, where), (weight, span) in made.items()]


def _told(key: Key, evidence: dict[Key, Said]) -> Said:
    """Return the sentence that says the nearer part of what follows."""
    return next(one for (source, _, kind), one in evidence.items() if source == key[0] and kind == key[2])


def _places(said: Sequence[Said], whole: Whole) -> frozenset[str]:
    return frozenset(whole(entity.name) for one in said for entity in one.here if entity.type == "LOCATION")


def full_names(entities: Sequence[Entity], aliases: Iterable[Key], peoples: Set[str] = frozenset()) -> Whole:
    """Return a function from a name to the longest name of its thing in the passage: Weber, Jonas Weber.

    The full name comes first, and short ones follow it: one that stands before is another thing (Alder, and later Alder
    City Council), and a company's branch in a country as well (Alder Norway). `peoples` and countries are never short
    for others: Norwegian, Norwegian Data Authority.
    """
    names = {entity.name: entity.type for entity in entities}
    order = {name: place for place, name in enumerate(names)}
    people = {canonical_name(e.name): e.name for e in entities if e.type == "PERSON"}
    others = {canonical_name(e.name): e.name for e in entities if e.type == "ORGANIZATION"}
    found: dict[str, str] = {source: target for target, source, kind in aliases if kind == ALIAS_OF}
    for name, kind in names.items():
        key = canonical_name(name)
        if name in peoples or key in TERRITORIES:
            continue
        full = {long for form, long in people.items() if is_short_for(key, form) and order[long] < order[name]}
        if not full and kind in ("ORGANIZATION", "CONCEPT") and len(key) > 1:
            begins = key if is_han(key) else f"{key} "
            full = {
                long
                for form, long in others.items()
                if form != key and form.startswith(begins) and order[long] < order[name]
                and form.removeprefix(begins) not in TERRITORIES
            }  # fmt: skip
        if len(full) == 1:
            found.setdefault(name, full.pop())
    spelt: dict[str, str] = {}
    for name in names:
        spelt.setdefault(canonical_name(name), name)

    def whole(name: str) -> str:
        name = found.get(name, name)
        return spelt.get(canonical_name(name), name)

    return whole


def _together(said: Sequence[Said], whole: Whole, topic: str | None) -> Iterator[tuple[Key, Said, float]]:
    """Yield what stands together: neighbours, and the hubs of a passage with all that is named beside them.

    Hubs are its topic, the subjects of a sentence and the place where it plays; a country or a people joins the names
    of the other sentences too (any other place did so rightly for 1 in 9 pairs: `_left_over`). The items of a long list
    have nothing to do with each other, but with the hubs.
    """
    scene = _scene(said, whole)
    country = canonical_name(scene or "") in TERRITORIES
    wide = country or scene in {whole(entity.name) for one in said for entity in one.peoples}
    for one in said:
        hubs = {whole(entity.name) for entity in (*one.subjects, *one.meant)} | {topic, scene}
        neighbours, here = Neighbours(one.text), list(one.here)
        for place, first in enumerate(here):
            for steps, second in enumerate(here[place + 1 :], start=1):
                ends = whole(first.name), whole(second.name)
                near = steps <= (_NEAR_PLACE if "LOCATION" in (first.type, second.type) else _NEAR)
                if frozenset((first.name, second.name)) in one.listed and hubs.isdisjoint(ends):
                    continue
                if (near or not hubs.isdisjoint(ends)) and neighbours.related(first, second):
                    yield together(*ends), one, TOGETHER
        names = sorted({whole(entity.name) for entity in here if neighbours.related(entity, entity)})
        for entity in one.meant:
            yield from ((together(whole(entity.name), name), one, TOGETHER) for name in names)
        if scene is not None and wide and all(whole(entity.name) != scene for entity in here):
            placed = {whole(entity.name) for entity in here if country or entity.type in _PLACED}
            yield from ((together(scene, name), one, LOOSE) for name in names if name in placed)


def _left_over(said: Sequence[Said], whole: Whole, met: Set[str]) -> Iterator[tuple[Key, Said]]:
    """Yield the place where a passage plays with the places and organisations that nothing else is related to."""
    scene = _scene(said, whole)
    if scene is None:
        return
    for one in said:
        alone = [entity for entity in one.here if entity.type in _PLACED and whole(entity.name) not in met]
        if alone and all(whole(entity.name) != scene for entity in one.here):
            neighbours = Neighbours(one.text)
            names = {whole(entity.name) for entity in alone if neighbours.related(entity, entity)}
            yield from ((together(scene, name), one) for name in sorted(names))


def _scene(said: Sequence[Said], whole: Whole) -> str | None:
    """Return where a passage plays: the only country that it names, else the only people, else its commonest place."""
    places = Counter(whole(entity.name) for one in said for entity in one.here if entity.type == "LOCATION")
    countries = [name for name in places if canonical_name(name) in TERRITORIES]
    peoples = {whole(entity.name) for one in said for entity in one.peoples}
    for only in (countries, peoples if not countries else ()):
        if len(only) == 1:
            return next(iter(only))
    return max(places, key=lambda name: places[name]) if places else None
