"""Pictures of the graph: a map of its communities, and how degrees, communities and chunks are made up."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from pipelines.knowledge.graph.figures import entities_by_chunk
from pipelines.knowledge.graph.view_data import CO_OCCURS, WHOLE, degrees, shown_of_all
from pipelines.measuring.pictures import new_figure, save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = ("#4c78a8", "#f58518", "#54a24b", "#e45756", "#72b7b2", "#b279a2", "#9d755d", "#d4a72c")
_ALONE = "#bab0ac"
_NAMES, _TITLES, _LINES = 120, 16, 1500
_LABEL, _TITLE = 22, 34
_MOST_ENTITIES = 10


def draw_map(data: Mapping[str, Any], path: Path) -> Path:
    """Write a PNG of a page's data (`view_data`): communities as discs, the best connected entities by name."""
    figure = new_figure(11, 9)
    axes = figure.add_subplot()
    entities, communities = data["entities"], data["communities"]
    homes = _homes(communities, data["apart"])
    tops = [community for community in communities if community["parent"] < 0]
    _draw_lines(axes, data)
    for order, community in enumerate(communities):
        x, y, radius = community["at"]
        colour = _COLOURS[homes[order] % len(_COLOURS)]
        axes.add_patch(_disc(x, y, radius, colour, 0.12 if community["parent"] < 0 else 0.06))
    if entities:
        x, y, radii = np.array([one["at"] for one in entities]).T
        colours = [_ALONE if one["home"] < 0 else _COLOURS[homes[one["home"]] % len(_COLOURS)] for one in entities]
        axes.scatter(x, y, s=np.clip(radii, 4, None) ** 1.6, c=colours, zorder=3, linewidths=0)
    axes.set_title(shown_of_all(data), fontsize=9)
    axes.set_aspect("equal", adjustable="datalim")
    axes.autoscale_view()
    axes.invert_yaxis()  # as on the page
    axes.set_axis_off()
    figure.draw_without_rendering()  # from here on places in pixels are known
    _write_names(axes, tops, entities)
    return save_figure(figure, path, dpi=90)


def draw_distributions(tables: Mapping[str, pa.Table], path: Path) -> Path:
    """Write a PNG of three plots: entities by degree, communities by size, chunks by the entities in them."""
    figure = new_figure(12, 3.6)
    by_degree, by_size, by_chunk = figure.subplots(1, 3)
    found = degrees(tables["relations"])
    alone = tables["entities"].num_rows - len(found)
    _draw_degrees(by_degree, np.array(sorted(found.values()), dtype=int), alone)
    _draw_sizes(by_size, tables["communities"])
    counts = Counter(min(count, _MOST_ENTITIES) for count in entities_by_chunk(tables).values())
    bars = range(_MOST_ENTITIES + 1)
    colours = [_COLOURS[3], *([_COLOURS[0]] * _MOST_ENTITIES)]
    by_chunk.bar(bars, [counts.get(count, 0) for count in bars], color=colours)
    by_chunk.set_xticks(bars, [*map(str, bars[:-1]), f"{_MOST_ENTITIES}+"], fontsize=8)
    covered = sum(counts.values()) - counts.get(0, 0)
    by_chunk.set(xlabel="entities in a chunk", ylabel="chunks")
    by_chunk.set_title(f"{covered:,} of {sum(counts.values()):,} chunks hold an entity", fontsize=9)
    return save_figure(figure, path)


def _draw_degrees(axes: "Axes", degree: np.ndarray, alone: int) -> None:
    values, counts = np.unique(degree, return_counts=True)
    axes.scatter(values, counts, s=14, color=_COLOURS[0])
    if len(values):
        axes.set(xscale="log", yscale="log")
    axes.set(xlabel="relations of an entity", ylabel="entities")
    axes.set_title(f"{alone:,} of {alone + len(degree):,} entities have none", fontsize=9)


def _draw_sizes(axes: "Axes", communities: pa.Table) -> None:
    rows = communities.select(["level", "entity_ids"]).to_pylist()
    levels = sorted({row["level"] for row in rows if row["level"] != WHOLE})
    for order, level in enumerate(levels):
        sizes = sorted((len(row["entity_ids"]) for row in rows if row["level"] == level), reverse=True)
        colour = _COLOURS[order % len(_COLOURS)]
        label = f"level {level}: {len(sizes):,}"
        axes.plot(range(1, len(sizes) + 1), sizes, marker="o", markersize=3, color=colour, label=label)
    if levels:
        axes.set(xscale="log", yscale="log")
        axes.legend(fontsize=8)
    axes.set(xlabel="community, the largest first", ylabel="entities")
    axes.set_title(f"{sum(row['level'] != WHOLE for row in rows):,} communities", fontsize=9)


def _write_names(axes: "Axes", tops: list[dict[str, Any]], entities: list[dict[str, Any]]) -> None:
    """Write the titles of the largest communities, then the names of entities, each where it covers none before."""
    taken: list[tuple[float, float, float, float]] = []
    wanted = [
        (_short(one["title"], _TITLE), one["at"][0], one["at"][1] - one["at"][2], 9.0, "bold")
        for one in sorted(tops, key=lambda one: -one["at"][2])[:_TITLES]
    ]
    wanted += [
        (_short(one["name"], _LABEL), one["at"][0], one["at"][1] - one["at"][2] / 2, 7.0, "normal")
        for one in entities[:_NAMES]
    ]
    scale = axes.get_figure(root=True).dpi / 72  # type: ignore[union-attr]
    for text, x, y, size, weight in wanted:
        across, up = axes.transData.transform((x, y))
        half = sum(1.05 if letter > "\u2e7f" else 0.62 for letter in text) * size * scale / 2
        box = (across - half, up, across + half, up + 1.5 * size * scale)
        if any(box[0] < old[2] and old[0] < box[2] and box[1] < old[3] and old[1] < box[3] for old in taken):
            continue
        taken.append(box)
        axes.annotate(
            text, (x, y), (0, 2), textcoords="offset points", ha="center", fontsize=size, weight=weight, zorder=5
        )


def _draw_lines(axes: "Axes", data: Mapping[str, Any]) -> None:
    from matplotlib.collections import LineCollection

    for together, colour, width in ((True, "#cccccc", 0.4), (False, "#777777", 0.8)):
        lines = [
            [data["entities"][one[end]]["at"][:2] for end in ("source", "target")]
            for one in data["relations"]
            if (one["type"] == CO_OCCURS) == together
        ]
        alpha = min(1.0, (300 / max(1, len(lines))) ** 0.5)
        axes.add_collection(LineCollection(lines[:_LINES], colors=colour, linewidths=width, alpha=alpha, zorder=2))


def _disc(x: float, y: float, radius: float, colour: str, alpha: float) -> Any:
    from matplotlib.colors import to_rgba
    from matplotlib.patches import Circle

    return Circle((x, y), radius, facecolor=to_rgba(colour, alpha), edgecolor=to_rgba(colour, 0.5), zorder=1)


def _homes(communities: list[dict[str, Any]], level: int) -> list[int]:
    """Return for each community the one around it whose colour it has: that of the level, itself above it."""
    homes: list[int] = []
    for place, community in enumerate(communities):  # parents stand first
        inner = community["level"] > level and community["parent"] >= 0
        homes.append(homes[community["parent"]] if inner else place)
    return homes


def _short(text: str, length: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[: length - 1]}…"
