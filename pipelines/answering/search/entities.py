"""Entities by their names: what a row is called, and which entities a text names."""

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
