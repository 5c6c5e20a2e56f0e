"""Parallel coordinates: a line a candidate over what it was made with and what it came to."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.measuring.pictures import new_figure, save_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LINES = ("-", "--", ":")
_MOST_AXES = 16
_LONGEST = 18
_BEHIND = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.85}


def plot_parallel(candidates: Mapping[str, Mapping[str, Any]], path: Path, marked: str = "", dpi: int = 110) -> Path:
    """Draw the figure; return the PNG."""
    return save_figure(parallel_figure(candidates, marked), path, dpi)


def parallel_figure(candidates: Mapping[str, Mapping[str, Any]], marked: str = "") -> "Figure":
    """Return a line a candidate over an axis a name; `candidates` have the same names, values None where there is none.

    Numbers stand at their place between the smallest and the largest, other values at one of equal steps. The one
    `marked` is drawn thick. Of more than 16 axes the first ones that differ are drawn, and the rest is counted.
    """
    names = list(dict.fromkeys(name for values in candidates.values() for name in values))
    differing = [name for name in names if len({_text(values.get(name)) for values in candidates.values()}) > 1]
    wanted = _that_fit(list(dict.fromkeys([*differing, *names])))
    chosen = [name for name in names if name in wanted]
    figure = new_figure(max(5.0, 1.05 * len(chosen) + 2.4), max(3.6, 0.24 * len(candidates) + 2.2))
    axes = figure.add_subplot()
    scales = {name: _Scale([values.get(name) for values in candidates.values()]) for name in chosen}
    for number, (label, values) in enumerate(candidates.items()):
        points = [(place, scales[name].place(values.get(name))) for place, name in enumerate(chosen)]
        known = [(x, y) for x, y in points if y is not None]
        if known:
            axes.plot(*zip(*known, strict=True), _LINES[number // 10 % 3], marker="o", markersize=4,
                      color=f"C{number % 10}", linewidth=3.2 if label == marked else 1.5,
                      label=f"{label} (champion)" if label == marked else label)  # fmt: skip
    for place, name in enumerate(chosen):
        axes.axvline(place, color="#bbbbbb", linewidth=0.8, zorder=0)
        for y, text in scales[name].ticks():
            axes.annotate(text, (place, y), xytext=(0, 8 if y else -8), textcoords="offset points", fontsize=7,
                          ha="center", va="center", zorder=5, bbox=_BEHIND)  # fmt: skip
    axes.set_xticks(range(len(chosen)), [_wrapped(name) for name in chosen], fontsize=8, rotation=25, ha="right")
    axes.set_yticks([])
    axes.set_ylim(-0.12, 1.12)
    axes.set_xlim(-0.4, max(0.5, len(chosen) - 0.6))
    if candidates:
        axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False, fontsize=8)
    left = len(names) - len(chosen)
    if left:
        axes.set_title(f"{left} more figures are in the table", fontsize=8, loc="right")
    return figure


def _that_fit(names: Sequence[str]) -> set[str]:
    """Return the first names, 16 at most; of "f1 en" and "f1 zh" both or none: no language stands for another."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(f"{name.rpartition(' ')[0]} " if " " in name else name, []).append(name)
    fitting: set[str] = set()
    for group in groups.values():
        if len(fitting) + len(group) <= _MOST_AXES:
            fitting |= set(group)
    return fitting


class _Scale:
    """Where an axis has its values, between 0 and 1."""

    def __init__(self, values: Sequence[Any]) -> None:
        known = [value for value in values if value is not None]
        self.numeric = bool(known) and all(isinstance(v, int | float) and not isinstance(v, bool) for v in known)
        self.steps: list[Any] = sorted(set(known)) if self.numeric else sorted({_text(value) for value in known})

    def place(self, value: Any) -> float | None:
        """Return the value's place; the middle where all are alike, None where there is none."""
        if value is None:
            return None
        if len(self.steps) == 1:
            return 0.5
        if not self.numeric:
            return self.steps.index(_text(value)) / (len(self.steps) - 1)
        return float((value - self.steps[0]) / (self.steps[-1] - self.steps[0]))

    def ticks(self) -> list[tuple[float, str]]:
        """Return what is written at the axis: both ends of numbers, every other value, the only one."""
        if not self.numeric:
            return [(self.place(step) or 0.0, _short(step)) for step in self.steps]
        return [(self.place(step) or 0.0, _text(step)) for step in dict.fromkeys((self.steps[0], self.steps[-1]))]


def _text(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _wrapped(name: str) -> str:
    return name if len(name) <= _LONGEST else name.replace("_", "_\n", 1) if name.find("_") < _LONGEST else name
