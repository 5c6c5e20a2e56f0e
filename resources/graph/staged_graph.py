"""A graph that is written and not yet current, and the way back from a switch that another store takes part in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.core.graph_tables import GRAPH_TABLES, StoreChanges
from pipelines.core.identity import content_id

UNDECIDED = "undecided"
"""In a pointer: the one to go back (or on) to where the store that is switched together with it says so."""


@dataclass(frozen=True)
class StagedGraph:
    """The pointer to switch to, the one that staging began from, and the rows that differ."""

    pointer: dict[str, Any]
    former: dict[str, Any]
    changes: StoreChanges

    @property
    def version(self) -> str:
        """The graph's identity: the digest of its rows and of the model of its vectors."""
        return str(self.pointer["graph"])

    @property
    def with_way_back(self) -> dict[str, Any]:
        """The pointer, with the one before it in full: what a run that ends between two switches needs."""
        return {**self.pointer, UNDECIDED: decided(self.former)}


def decided(pointer: dict[str, Any]) -> dict[str, Any]:
    """Return a pointer without the way back or on."""
    return {key: value for key, value in pointer.items() if key != UNDECIDED}


def identity(digests: Mapping[str, list[str]], model: str) -> str:
    """Return the digest of a graph's rows (by table, sorted) and of the model of its vectors."""
    return content_id("graph", model, *(part for name in GRAPH_TABLES for part in (name, *digests[name])))
