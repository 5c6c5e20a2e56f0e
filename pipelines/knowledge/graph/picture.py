"""A picture of the graph: the best connected entities of its largest community."""

from pathlib import Path

import numpy as np

from pipelines.core.graph_tables import GraphTables
from pipelines.measuring.pictures import new_figure, save_figure

_ENTITIES, _STEPS, _LABEL = 40, 150, 24
_COLOURS = ["#4c78a8", "#f58518", "#54a24b", "#e45756", "#72b7b2", "#b279a2", "#9d755d", "#bab0ac"]


def draw_graph(graph: GraphTables, path: Path) -> Path:
    """Write a PNG of at most 40 entities, coloured by type and sized by relations; return its path."""
    entities, edges = _largest(graph)
    places = _layout(len(entities), edges)
    kinds = sorted({entity["type"] for entity in entities})
    degrees = np.bincount(np.asarray(edges, dtype=int).ravel(), minlength=len(entities))
    figure = new_figure(9, 7)
    axes = figure.add_subplot()
    for one, other in edges:
        axes.plot(*zip(places[one], places[other], strict=True), color="#cccccc", linewidth=0.7, zorder=1)
    for order, kind in enumerate(kinds):
        chosen = [place for place, entity in enumerate(entities) if entity["type"] == kind]
        sizes = [30 + 12 * int(degrees[place]) for place in chosen]
        colour = _COLOURS[order % len(_COLOURS)]
        axes.scatter(places[chosen, 0], places[chosen, 1], s=sizes, color=colour, label=kind, zorder=2)
    for place, entity in zip(places, entities, strict=True):
        axes.annotate(entity["name"][:_LABEL], place, fontsize=7, xytext=(4, 3), textcoords="offset points")
    if kinds:
        axes.legend(fontsize=7, loc="lower left")
    axes.set_axis_off()
    return save_figure(figure, path, dpi=90)


def _largest(graph: GraphTables) -> tuple[list[dict[str, str]], list[tuple[int, int]]]:
    """Return the best connected entities of the largest community (or of all) and the pairs that are related."""
    names = graph.entities.select(["entity_id", "name", "type"]).to_pylist()
    groups = sorted(graph.communities["entity_ids"].to_pylist(), key=lambda ids: (-len(ids), ids))
    members = set(groups[0]) if groups else {row["entity_id"] for row in names}
    ends = zip(graph.relations["source_id"].to_pylist(), graph.relations["target_id"].to_pylist(), strict=True)
    pairs = sorted({(a, b) for a, b in ends if a != b and a in members and b in members})
    degree = {key: 0 for key in members}
    for pair in pairs:
        for key in pair:
            degree[key] += 1
    named = [row for row in names if row["entity_id"] in members]
    chosen = sorted(named, key=lambda row: (-degree[row["entity_id"]], row["name"], row["entity_id"]))[:_ENTITIES]
    place = {row["entity_id"]: number for number, row in enumerate(chosen)}
    return chosen, [(place[a], place[b]) for a, b in pairs if a in place and b in place]


def _layout(count: int, edges: list[tuple[int, int]]) -> np.ndarray:
    """Return places of shape (count, 2) by Fruchterman and Reingold's force-directed method (1991), from a circle."""
    angles = np.linspace(0, 2 * np.pi, count, endpoint=False)
    places = np.stack([np.cos(angles), np.sin(angles)], axis=1) if count else np.zeros((0, 2))
    ideal = 2 / np.sqrt(max(count, 1))
    first, second = np.asarray(edges, dtype=int).reshape(-1, 2).T
    for step in range(_STEPS):
        gaps = places[:, None] - places[None]
        lengths = np.maximum(np.linalg.norm(gaps, axis=2, keepdims=True), 1e-3)
        moves = (gaps * ideal**2 / lengths**2).sum(axis=1)
        pull = gaps[first, second] * lengths[first, second] / ideal
        np.add.at(moves, first, -pull)
        np.add.at(moves, second, pull)
        size = np.maximum(np.linalg.norm(moves, axis=1, keepdims=True), 1e-9)
        places = places + moves / size * np.minimum(size, 0.1 * (1 - step / _STEPS))
    return places
