"""Entities by their names: what a row is called, which entities a text names, and which of these are sides of it."""

from collections.abc import Sequence

from pipelines.answering.search.search import Row
from pipelines.core.protocols import GraphStore
from pipelines.text.terms import stands_in


def entity_names(row: Row) -> list[str]:
    """Return the name of an entity's row, then its aliases."""
    return [row["name"], *(row["aliases"] or [])]


def is_named(row: Row, text: str) -> bool:
    """Say whether a name of the entity stands in the text."""
    return any(stands_in(name, text) for name in entity_names(row))


def near_entities(store: GraphStore, text: str, n: int) -> list[Row]:
    """Return the n entities whose names have most in common with a text, best first."""
    return store.rows("entities", [key for key, _ in store.search_text("entities", text, n)])


def named_sides(rows: Sequence[Row], question: str) -> list[list[str]]:
    """Return the ids of the entities of each place in the question, the longest names first.

    Entities of one name stand together; a name inside another one ("York" in "New York") is no side of its own.
    """
    asked = question.lower()
    found = [(place, place + length, row["entity_id"]) for row in rows for place, length in _longest(row, asked)]
    sides: dict[tuple[int, int], list[str]] = {}
    for start, end, key in sorted(found, key=lambda one: (one[0] - one[1], one[0], one[2])):
        inside = any(start < other and first < end for first, other in sides if (first, other) != (start, end))
        if not inside:
            sides.setdefault((start, end), []).append(key)
    return list(sides.values())


def _longest(row: Row, asked: str) -> list[tuple[int, int]]:
    """Return the place and length of the entity's longest name in the question, in a list that may be empty."""
    held = [name.lower() for name in entity_names(row) if name and name.lower() in asked]
    longest = max(held, key=len, default="")
    return [(asked.find(longest), len(longest))] if longest else []
