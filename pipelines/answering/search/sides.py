"""The sides of a question that sets things side by side: which of the entities that it names are one thing each."""

from collections.abc import Sequence

from pipelines.answering.search.entities import entity_names
from pipelines.answering.search.search import Row


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
