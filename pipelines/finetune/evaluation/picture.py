"""The evaluation as pictures: means with their intervals, and the gain in every slice with its own."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from pipelines.measuring.intervals import interval_label
from pipelines.measuring.metrics import default_metrics, metrics
from pipelines.measuring.pictures import new_figure, save_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GAIN, LOSS, UNSURE = "#2f6f4f", "#a33b2e", "#9aa5b1"
_ACROSS = 4
_MOST_SLICES = 24


def plot_evaluation(evaluation: pa.Table, path: Path) -> Path:
    """Draw the evaluation's figure; return the PNG."""
    return save_figure(evaluation_figure(evaluation), path)


def plot_gains(evaluation: pa.Table, path: Path) -> Path:
    """Draw the gain in each slice; return the PNG."""
    return save_figure(gains_figure(evaluation), path)


def evaluation_figure(evaluation: pa.Table) -> "Figure":
    """Return base against adapter, a panel a metric and a pair of bars a slice, with intervals and their level.

    Slices are all rows and the languages; panels share their scale where all metrics are in 0..1.
    """
    rows = [row for row in evaluation.to_pylist() if "=" not in row["slice"]]
    names = list(dict.fromkeys(row["metric"] for row in rows)) or list(default_metrics())
    alike = all(row[f"{who}_high"] <= 1 for row in rows for who in ("base", "adapter"))
    figure, panels = _panels(len(names), 3.4, alike)
    for metric, axes in zip(names, panels, strict=True):
        mine = [row for row in rows if row["metric"] == metric]
        for shift, who, colour in ((-0.2, "base", UNSURE), (0.2, "adapter", GAIN)):
            places, means = [place + shift for place in range(len(mine))], [row[who] for row in mine]
            axes.bar(places, means, 0.38, yerr=_whiskers(mine, who), color=colour, capsize=3, label=who)
        axes.set_xticks(range(len(mine)), [f"{row['slice']} (n={row['rows']})" for row in mine])
        axes.set_title(metric)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=2, frameon=False)
    if rows:
        figure.supylabel(f"mean, {interval_label(rows[0]['level'])}", fontsize="small")
    return figure


def gains_figure(evaluation: pa.Table) -> "Figure":
    """Return adapter minus base, a panel a metric and a line a slice, with the paired intervals and their level.

    All rows come first, then languages, then the other slices, the largest first; of more than 24 the smaller ones are
    left out, and counted.
    """
    rows = evaluation.to_pylist()
    names = list(dict.fromkeys(row["metric"] for row in rows)) or list(default_metrics())
    sizes: dict[str, int] = {}
    for row in rows:
        sizes[row["slice"]] = max(row["rows"], sizes.get(row["slice"], 0))
    order = sorted(sizes, key=lambda part: (part != "all", "=" in part, -sizes[part], part))
    shown, places = order[:_MOST_SLICES], {part: place for place, part in enumerate(order[:_MOST_SLICES])}
    figure, panels = _panels(len(names), max(2.2, 0.28 * len(shown) + 1.1), False, share_y=True)
    for metric, axes in zip(names, panels, strict=True):
        lower = metric in metrics() and not metrics()[metric].higher_is_better
        for row in (one for one in rows if one["metric"] == metric and one["slice"] in places):
            colour, place = _colour(row["low"], row["high"], lower), places[row["slice"]]
            axes.plot([row["low"], row["high"]], [place, place], color=colour, linewidth=2)
            axes.plot([row["difference"]], [place], "o", color=colour, markersize=5)
        axes.axvline(0, color="black", linewidth=0.8)
        axes.set_yticks(range(len(shown)), [f"{part} (n={sizes[part]})" for part in shown])
        axes.set_ylim(len(shown) - 0.5, -0.5)
        axes.set_title(f"{metric} (lower is better)" if lower else metric)
        axes.grid(axis="x", alpha=0.3)
    if rows:
        rest = len(order) - len(shown)
        more = f"; {rest} smaller slices are in the table" if rest else ""
        figure.supxlabel(f"adapter minus base, paired {interval_label(rows[0]['level'])}{more}", fontsize="small")
    return figure


def _panels(count: int, height: float, alike: bool, share_y: bool = False) -> tuple["Figure", list[Any]]:
    """Return a figure and so many axes, four in a row."""
    across, down = min(_ACROSS, count), math.ceil(count / _ACROSS)
    figure = new_figure(max(4.2, 3.2 * across), height * down)
    grid = figure.subplots(down, across, squeeze=False, sharey=True if share_y or alike else "none").ravel()
    for axes in grid[count:]:
        axes.set_axis_off()
    return figure, list(grid[:count])


def _colour(low: float, high: float, lower_is_better: bool) -> str:
    """Return the colour of a gain, of a loss, or of an interval that holds 0."""
    low, high = (-high, -low) if lower_is_better else (low, high)
    return GAIN if low > 0 else LOSS if high < 0 else UNSURE


def _whiskers(rows: Sequence[dict[str, Any]], who: str) -> list[list[float]]:
    return [
        [max(0.0, row[who] - row[f"{who}_low"]) for row in rows],
        [max(0.0, row[f"{who}_high"] - row[who]) for row in rows],
    ]
