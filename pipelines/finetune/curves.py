"""The picture of a training: its loss by update."""

from collections.abc import Sequence
from pathlib import Path


def loss_curve(log: Sequence[dict[str, float]], title: str, path: Path) -> Path:
    """Draw loss (left) and learning rate (right) by update into a PNG; return its path."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    steps = [row["step"] for row in log]
    axes.plot(steps, [row["loss"] for row in log], marker="o", markersize=3, color="tab:blue")
    axes.set(title=title, xlabel="update", ylabel="training loss (answers only)")
    axes.grid(alpha=0.3)
    rates = axes.twinx()
    rates.plot(steps, [row["learning_rate"] for row in log], color="tab:gray", linestyle="--", linewidth=1)
    rates.set_ylabel("learning rate (dashed)")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110, metadata={"Software": None})
    return path
