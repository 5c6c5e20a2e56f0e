"""The sizes of communities as a picture."""

from pathlib import Path

import pyarrow as pa

from pipelines.measuring.pictures import new_figure, save_figure


def community_sizes(communities: pa.Table, path: Path) -> Path:
    """Draw the communities' sizes as bars by level, as a PNG."""
    figure = new_figure(6, 3)
    axes = figure.subplots()
    place = 0
    for level in sorted(set(communities["level"].to_pylist()) - {-1}):
        rows = [len(row["entity_ids"]) for row in communities.to_pylist() if row["level"] == level]
        axes.bar(range(place, place + len(rows)), sorted(rows, reverse=True), label=f"level {level}")
        place += len(rows) + 1
    axes.set(xlabel="community", ylabel="entities", xticks=[])
    if place:
        axes.legend()
    return save_figure(figure, path)
