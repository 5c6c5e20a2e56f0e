"""The scoreboard as a picture."""

from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from pipelines.answering.scoreboard.board import ALL
from pipelines.answering.scoreboard.scoring import UNANSWERABLE
from pipelines.measuring.intervals import interval_label

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_scoreboard(board: pa.Table, path: Path) -> Path:
    """Draw the scoreboard's figure; return the PNG."""
    figure = scoreboard_figure(board)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=90, metadata={"Software": None})
    return path


def scoreboard_figure(board: pa.Table) -> "Figure":
    """Return recall, token F1 and support of every mode by question type, with intervals and their level."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = {(row["metric"], row["mode"], row["type"]): row for row in board.to_pylist() if row["language"] == ALL}
    modes, kinds = sorted({key[1] for key in rows}), sorted({key[2] for key in rows} - {UNANSWERABLE, ALL})
    shown = ("recall_at_5", "token_f1", "supported")
    picture = Figure(figsize=(4 * len(shown), 3.2), layout="tight")
    FigureCanvasAgg(picture)
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
