"""The evaluation as a picture: means with their intervals."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from pipelines.measuring.intervals import interval_label
from pipelines.measuring.metrics import metrics
from pipelines.measuring.pictures import new_figure, save_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def plot_evaluation(evaluation: pa.Table, path: Path) -> Path:
    """Draw the evaluation's figure; return the PNG."""
    return save_figure(evaluation_figure(evaluation), path)


def evaluation_figure(evaluation: pa.Table) -> "Figure":
    """Return base against adapter, a panel a metric and a pair of bars a slice, with intervals and their level."""
    rows = evaluation.to_pylist()
    figure = new_figure(3.2 * len(metrics()), 3.4)
    for metric, axes in zip(metrics(), np.atleast_1d(figure.subplots(1, len(metrics()), sharey=True)), strict=True):
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
