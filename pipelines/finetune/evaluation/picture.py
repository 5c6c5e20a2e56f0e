"""The evaluation as a picture: means with their intervals."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from pipelines.measuring.intervals import interval_label
from pipelines.measuring.metrics import default_metrics
from pipelines.measuring.pictures import new_figure, save_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_evaluation(evaluation: pa.Table, path: Path) -> Path:
    """Draw the evaluation's figure; return the PNG."""
    return save_figure(evaluation_figure(evaluation), path)


def evaluation_figure(evaluation: pa.Table) -> "Figure":
    """Return base against adapter, a panel a metric and a pair of bars a slice, with intervals and their level.

    Slices are all rows and the languages; panels share their scale where all metrics are in 0..1.
    """
    rows = [row for row in evaluation.to_pylist() if "=" not in row["slice"]]
    names = list(dict.fromkeys(row["metric"] for row in rows)) or list(default_metrics())
    figure = new_figure(3.2 * len(names), 3.4)
    alike = all(row[f"{who}_high"] <= 1 for row in rows for who in ("base", "adapter"))
    for metric, axes in zip(names, np.atleast_1d(figure.subplots(1, len(names), sharey=alike)), strict=True):
        mine = [row for row in rows if row["metric"] == metric]
        for shift, who, colour in ((-0.2, "base", "#9aa5b1"), (0.2, "adapter", "#2f6f4f")):
            places, means = np.arange(len(mine)) + shift, [row[who] for row in mine]
            axes.bar(places, means, 0.38, yerr=_whiskers(mine, who), color=colour, capsize=3, label=who)
        axes.set_xticks(range(len(mine)), [f"{row['slice']} (n={row['rows']})" for row in mine])
        axes.set_title(metric)
    figure.axes[0].legend(frameon=False)
    if rows:
        figure.supylabel(f"mean, {interval_label(rows[0]['level'])}", fontsize="small")
    return figure


def _whiskers(rows: Sequence[dict[str, Any]], who: str) -> list[list[float]]:
    return [
        [max(0.0, row[who] - row[f"{who}_low"]) for row in rows],
        [max(0.0, row[f"{who}_high"] - row[who]) for row in rows],
    ]
