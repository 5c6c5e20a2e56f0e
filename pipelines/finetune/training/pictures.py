"""The pictures of trainings: loss and learning rate by update, and held-out loss by setting."""

from collections.abc import Sequence
from pathlib import Path

from pipelines.measuring.pictures import new_figure, save_figure


def loss_curve(
    log: Sequence[dict[str, float]], title: str, path: Path, held_out: tuple[float, float] | None = None
) -> Path:
    """Draw losses (left) and learning rate (right) by update into a PNG; return its path.

    The held-out loss is drawn where the log has it (`held_out_loss`), and before and after as `held_out` gives it.
    """
    figure = new_figure(7, 4)
    axes = figure.add_subplot()
    steps = [row["step"] for row in log]
    axes.plot(steps, [row["loss"] for row in log], marker="o", markersize=3, color="tab:blue")
    points = [(row["step"], row["held_out_loss"]) for row in log if "held_out_loss" in row]
    if held_out:
        last = [] if steps[-1] in dict(points) else [(steps[-1], held_out[1])]
        points = [(0, held_out[0]), *points, *last]
    if points:
        axes.plot(*zip(*points, strict=True), marker="s", markersize=4, color="tab:red", label="held out")
        axes.legend(loc="upper right")
    axes.set(title=title, xlabel="update", ylabel="loss (answers only)")
    axes.grid(alpha=0.3)
    rates = axes.twinx()
    rates.plot(steps, [row["learning_rate"] for row in log], color="tab:gray", linestyle="--", linewidth=1)
    rates.set_ylabel("learning rate (dashed)")
    return save_figure(figure, path, dpi=110)


def setting_plot(settings: Sequence[str], losses: Sequence[float | None], title: str, path: Path) -> Path:
    """Draw the held-out loss of each setting into a PNG, failed ones (None) as a cross; return its path."""
    figure = new_figure(7, max(2.5, 0.4 * len(settings) + 1.2))
    axes = figure.add_subplot()
    found = [loss for loss in losses if loss is not None]
    low = min(found, default=0.0)
    for place, loss in enumerate(losses):
        color = "tab:red" if loss is not None and loss == low else "tab:blue"
        x, mark = (low, "x") if loss is None else (loss, "o")
        axes.plot([x], [place], marker=mark, color="tab:gray" if loss is None else color)
        axes.annotate(" failed" if loss is None else f" {loss:.4f}", (x, place), fontsize=8)
    axes.set_yticks(range(len(settings)), settings)
    axes.invert_yaxis()
    axes.margins(x=0.2, y=0.15)
    axes.set(title=title, xlabel="held-out loss after training (lower is better)")
    axes.grid(alpha=0.3)
    return save_figure(figure, path, dpi=110)
