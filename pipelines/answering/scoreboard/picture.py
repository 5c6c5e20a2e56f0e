"""The scoreboard as a picture."""

from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from pipelines.answering.scoreboard.board import ALL
from pipelines.answering.scoreboard.pairs import BASELINE
from pipelines.answering.scoreboard.scoring import QUALITY, UNANSWERABLE
from pipelines.measuring.intervals import interval_label
from pipelines.measuring.pictures import new_figure, save_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_scoreboard(board: pa.Table, path: Path) -> Path:
    """Draw the scoreboard's figure; return the PNG."""
    return save_figure(scoreboard_figure(board), path, dpi=90)


def draw_against_native(board: pa.Table, path: Path) -> Path:
    """Draw the paired differences to `native`; return the PNG."""
    return save_figure(differences_figure(board), path, dpi=90)


def scoreboard_figure(board: pa.Table) -> "Figure":
    """Return recall, token F1 and support of every mode by question type, with intervals and their level."""
    rows = {(row["metric"], row["mode"], row["type"]): row for row in board.to_pylist() if row["language"] == ALL}
    modes, kinds = sorted({key[1] for key in rows}), sorted({key[2] for key in rows} - {UNANSWERABLE, ALL})
    shown = ("recall_at_5", "token_f1", "supported")
    picture = new_figure(4 * len(shown), 3.2, layout="tight")
    axes = picture.subplots(1, len(shown))
    for axis, metric in zip(axes, shown, strict=True):
        for offset, mode in enumerate(modes):
            found = [rows.get((metric, mode, kind), {"value": 0.0, "low": 0.0, "high": 0.0}) for kind in kinds]
            places = [place + 0.26 * offset for place in range(len(kinds))]
            reach = [
                [max(0.0, row["value"] - row["low"]) for row in found],
                [max(0.0, row["high"] - row["value"]) for row in found],
            ]
            axis.bar(places, [row["value"] for row in found], 0.24, yerr=reach, label=mode)
        axis.set_xticks([place + 0.26 for place in range(len(kinds))], kinds)
        axis.set(title=metric, ylim=(0, 1.05))
    axes[0].legend()
    if rows:
        axes[0].set_ylabel(f"mean, {interval_label(next(iter(rows.values()))['level'])}")
    return picture


def differences_figure(board: pa.Table) -> "Figure":
    """Return each mode's paired difference to `native` by question type, with intervals and their level."""
    rows = [row for row in board.to_pylist() if row["difference"] is not None]
    shown = [metric for metric in QUALITY if any(row["metric"] == metric for row in rows)]
    modes = sorted({row["mode"] for row in rows})
    picture = new_figure(3 * max(1, len(shown)), 1.6 + 0.5 * len(modes), "tight")
    axes = picture.subplots(1, max(1, len(shown)), sharey=True, squeeze=False)[0]
    for axis, metric in zip(axes, shown, strict=False):
        kinds = sorted({row["type"] for row in rows if row["metric"] == metric})
        for offset, kind in enumerate(kinds):
            own = [row for row in rows if row["metric"] == metric and row["type"] == kind]
            reach = [
                [max(0.0, row["difference"] - row["difference_low"]) for row in own],
                [max(0.0, row["difference_high"] - row["difference"]) for row in own],
            ]
            places = [modes.index(row["mode"]) + 0.15 * offset for row in own]
            axis.errorbar([row["difference"] for row in own], places, xerr=reach, fmt="o", markersize=3, label=kind)
        axis.axvline(0.0, color="grey", linewidth=0.8)
        axis.set(title=metric, yticks=range(len(modes)), yticklabels=modes)
        axis.legend(fontsize=6)
    if rows:
        axes[0].set_xlabel(f"difference to {BASELINE}, {interval_label(rows[0]['level'])}")
    return picture
