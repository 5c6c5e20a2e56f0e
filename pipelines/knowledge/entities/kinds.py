"""The type of a thing from the types of its mentions."""

from collections.abc import Mapping

from pipelines.knowledge.mentions import ENTITY_TYPES

_PERSON_WEIGHT = 0.6
_LEAST_SHARE = 0.1
"""Of a name's mentions: a type that fewer of them have is a slip of the tagger, where the others have none."""


def majority_type(votes: Mapping[str, int]) -> str:
    """Return the type with most votes; CONCEPT only where no other has a tenth of them; ties in ENTITY_TYPES' order.

    PERSON counts less: it is what a recogniser calls two capitalised words that it does not know.
    """
    least = _LEAST_SHARE * sum(votes.values())
    known = {kind: count for kind, count in votes.items() if kind != "CONCEPT" and count >= least}
    order = {kind: place for place, kind in enumerate(ENTITY_TYPES)}
    weights = {kind: count * (_PERSON_WEIGHT if kind == "PERSON" else 1.0) for kind, count in (known or votes).items()}
    ranked = sorted(weights, key=lambda kind: (-weights[kind], order.get(kind, len(order)), kind))
    return ranked[0] if ranked else "CONCEPT"
