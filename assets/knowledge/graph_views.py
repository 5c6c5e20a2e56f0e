"""What is to be seen of a version of the graph: its page, its pictures, its differences from the one before."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg

from assets.results import markdown_table, plot
from pipelines.core.errors import ServiceError
from pipelines.core.graph_tables import GRAPH_TABLES, GraphTables
from pipelines.core.identity import content_id
from pipelines.knowledge.graph.changes import CHANGED, COMPARED, GONE, NEW, graph_changes
from pipelines.knowledge.graph.figures import chunk_coverage, orphan_share
from pipelines.knowledge.graph.html_view import LIMITS, view_version, write_view
from pipelines.knowledge.graph.picture import draw_distributions, draw_map
from pipelines.knowledge.graph.view_data import shown_of_all, view_data
from resources.graph.stored_graph import stored_graph
from resources.settings import Settings
from resources.tables.tables import TableStore
from resources.tracking.graph_tracker import LoggedGraph, log_graph
from resources.tracking.tracker import Tracker

_EXAMPLES = 20
_RECORD = "knowledge_graph_view"
_NO_CHANGES = {f"{name}_{kind}": 0 for name in COMPARED for kind in (NEW, GONE, CHANGED)}
_FIRST, _SAME = "*the first version*", "*nothing differs from the last run*"


@dataclass(frozen=True)
class Drawn:
    """The page and the pictures of a version, and how much of it the page shows."""

    view: Path
    pictures: tuple[Path, Path]
    shown: str

    def metadata(self) -> dict[str, Any]:
        """Return what the materialisation shows of it."""
        shown_map, distributions = self.pictures
        return {
            "view": dg.MetadataValue.path(str(self.view)),
            "view_shows": self.shown,
            "picture": plot(shown_map),
            "distributions": plot(distributions),
        }


@dataclass(frozen=True)
class Differences:
    """How many entities and relations are new, gone and changed since the last run, and examples of each."""

    counts: Mapping[str, int]
    examples: list[dict[str, str]]
    instead: str = _SAME

    def metadata(self) -> dict[str, Any]:
        """Return what the materialisation shows of it."""
        return {
            **self.counts,
            "changes": dg.MetadataValue.md(markdown_table(self.examples) if self.examples else self.instead),
        }


def tables_of(graph: GraphTables) -> dict[str, Any]:
    """Return the tables by name."""
    return {name: getattr(graph, name) for name in GRAPH_TABLES}


def drawn(graph: GraphTables, digest: str, settings: Settings, tables: TableStore) -> Drawn:
    """Make page and pictures of a version of the graph, unless those that are there are of it, made in the same way."""
    view, plots = settings.graph_view, settings.home / "plots"
    pictures = (plots / "knowledge graph.png", plots / "knowledge graph distributions.png")
    key = content_id(digest, view_version())
    if tables.digest(_RECORD) != key or not all(path.exists() for path in (view, *pictures)):
        data = view_data(tables_of(graph), LIMITS)
        write_view(data, view)
        draw_map(data, pictures[0])
        draw_distributions(tables_of(graph), pictures[1])
        tables.write_record(_RECORD, {"shown": shown_of_all(data), "digest": key}, key)
    return Drawn(view, pictures, tables.read_record(_RECORD)["shown"])


def differences(graph: GraphTables, home: Path, changed: bool) -> Differences:
    """Compare the graph, when this run `changed` the store, with the version that was current before."""
    before = stored_graph(home, "previous") if changed else None
    if before is None:
        return Differences(_NO_CHANGES, [], _FIRST if changed else _SAME)
    found = graph_changes(before, tables_of(graph))
    return Differences(found.counts, found.examples(_EXAMPLES))


def logged(
    tracker: Tracker, tables: TableStore, record: Mapping[str, Any], graph: GraphTables, seen: Drawn, since: Differences
) -> str:
    """Log a version of the graph to MLflow; return its run's id, or why there is none: the graph goes on."""
    figures = {
        **record["counts"],
        **since.counts,
        "orphan_share": orphan_share(graph.entities, graph.relations),
        "chunk_coverage": chunk_coverage(tables_of(graph)),
    }
    parameters = {"store": record["store"], "embedder": record["embedder"]}
    try:
        return log_graph(
            tracker,
            tables,
            LoggedGraph(record["digest"], parameters, figures, seen.view, seen.pictures, since.examples),
        )
    except ServiceError as error:
        return f"not logged: {error}"
