"""The scoreboard as a picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    """Return recall, token F1 and support of every mode by question type, with intervals and their level.

    A mode has a line of its own, however many there are.
    """
    rows = {(row["metric"], row["mode"], row["type"]): row for row in board.to_pylist() if row["language"] == ALL}
    modes, kinds = sorted({key[1] for key in rows}), sorted({key[2] for key in rows} - {UNANSWERABLE, ALL})
    shown = ("recall_at_5", "token_f1", "supported")
    picture = new_figure(4 * len(shown), 1.6 + 0.5 * len(modes), layout="tight")
    axes = picture.subplots(1, len(shown), sharey=True)
    for axis, metric in zip(axes, shown, strict=True):
        for offset, kind in enumerate(kinds):
            own = [rows[metric, mode, kind] for mode in modes if (metric, mode, kind) in rows]
            places = [modes.index(row["mode"]) + 0.2 * offset for row in own]
            axis.errorbar([row["value"] for row in own], places, xerr=_reach(own), fmt="o", markersize=3, label=kind)
        axis.set(title=metric, xlim=(-0.02, 1.05), yticks=[place + 0.2 for place in range(len(modes))])
        axis.set_yticklabels(modes)
        axis.legend(fontsize=6)
    if rows:
        axes[0].set_xlabel(f"mean, {interval_label(next(iter(rows.values()))['level'])}")
    return picture


def _reach(rows: Sequence[Mapping[str, Any]], name: str = "value", prefix: str = "") -> list[list[float]]:
    """Return how far the intervals reach below and above the figures."""
    return [
        [max(0.0, row[name] - row[f"{prefix}low"]) for row in rows],
        [max(0.0, row[f"{prefix}high"] - row[name]) for row in rows],
    ]


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
            reach = _reach(own, "difference", "difference_")
            places = [modes.index(row["mode"]) + 0.15 * offset for row in own]
            axis.errorbar([row["difference"] for row in own], places, xerr=reach, fmt="o", markersize=3, label=kind)
        axis.axvline(0.0, color="grey", linewidth=0.8)
        axis.set(title=metric, yticks=range(len(modes)), yticklabels=modes)
        axis.legend(fontsize=6)
    if rows:
        axes[0].set_xlabel(f"difference to {BASELINE}, {interval_label(rows[0]['level'])}")
    return picture
