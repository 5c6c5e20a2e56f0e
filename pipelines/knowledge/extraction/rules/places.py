"""What follows from places: a town beside its country, and what is in a place that is in another."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from pipelines.knowledge.extraction.rules.pairs import Key
from pipelines.knowledge.mentions import Entity
from pipelines.knowledge.names import canonical_name
from pipelines.text.names.places import may_lie_in

LOCATED_IN = "LOCATED_IN"
_ENDS = re.compile(r"^\s*(?:[,.;:)\n]|$|(?:and|but|where|when|who|which|on|in|to|as|by|with|from|at)\b)")
_ITEMS = re.compile(r"^\s*,? (?:(?:and|or) (?:\w+ )?[A-Z]|[a-z]+ [A-Z]\w+,? (?:and|or) )")
_AT = re.compile(r"_(?:IN|AT|FROM)$")
_HOLDS = re.compile(r"^(?:PART|CAPITAL|CITY|TOWN|VILLAGE|DISTRICT|PROVINCE|STATE|REGION)_OF$|_IN$")
_DEEPEST = 4
"""A building, its town, its region and its country; more places in a row are a list."""


def side_by_side(sentence: str, entities: Sequence[Entity]) -> Iterable[Key]:
    """Yield a place in the one that a comma sets behind it ("Turin, Italy"); not the items of a list of places."""
    for chain in _chains(sentence, entities):
        before, after = sentence[: chain[0].start].rstrip(), sentence[chain[-1].end :]
        listed = _ITEMS.match(after) or before.endswith((",", " and", " or")) or len(chain) > _DEEPEST
        if not listed and _ENDS.match(after):
            yield from (
                (one.name, other.name, LOCATED_IN)
                for one, other in pairwise(chain)
                if may_lie_in(canonical_name(one.name), canonical_name(other.name))
            )


def _chains(sentence: str, entities: Sequence[Entity]) -> Iterator[list[Entity]]:
    """Yield the runs of places that commas join; an organisation may stand at the head of one."""
    chain: list[Entity] = []
    for entity in entities:
        if chain and entity.type == "LOCATION" and sentence[chain[-1].end : entity.start] == ", ":
            chain.append(entity)
            continue
        if len(chain) > 1:
            yield chain
        chain = [entity] if entity.type in ("LOCATION", "ORGANIZATION") else []
    if len(chain) > 1:
        yield chain


def within(found: Iterable[Key], places: frozenset[str] = frozenset()) -> list[Key]:
    """Return what follows: who was born in a town was born in its country, and a town's quarter is in it as well.

    `places` are the names of places: what one of them is called in another ("a town in Norway") says where it is.
    """
    found = list(found)
    wider: dict[str, set[str]] = {}
    for source, target, kind in found:
        if kind == LOCATED_IN or (source in places and target in places and _HOLDS.search(kind)):
            wider.setdefault(source, set()).add(target)
    made: dict[Key, None] = {}
    for source, target, kind in found:
        if kind == LOCATED_IN or _AT.search(kind):
            left, seen = [target], {source, target}
            while left:
                for place in sorted(wider.get(left.pop(), ())):
                    if place not in seen:
                        seen.add(place)
                        left.append(place)
                        made[source, place, kind] = None
    return [key for key in made if key not in set(found)]
