"""Every plot is opened and written here: labels of any language are readable, and no box stands for a letter."""

import logging
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

log = logging.getLogger("graftline")

_PREFERRED = (
    "Noto Sans CJK SC", "Source Han Sans SC", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "PingFang SC",
    "Hiragino Sans GB", "Microsoft YaHei", "SimHei",
)  # fmt: skip
"""Asked before all other fonts of the machine, since they have Latin and Chinese letters of one kind."""


def new_figure(width: float, height: float, layout: str = "constrained") -> "Figure":
    """Return an empty figure of so many inches; nothing is shown and no window system is asked for."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout=layout)  # type: ignore[arg-type]
    FigureCanvasAgg(figure)
    return figure


def save_figure(figure: "Figure", path: Path, dpi: int = 100) -> Path:
    """Write a figure as PNG and return its path.

    What matplotlib's own font has no glyph for is written in a font of this machine that has one. Letters that none
    has are replaced by #1, #2 …; a log line and the PNG's Description say what each stands for.
    """
    import matplotlib
    from matplotlib.text import Text

    own = list(matplotlib.rcParams["font.family"])
    axes = [axis for one in figure.axes for axis in (one.xaxis, one.yaxis)]
    for axis in axes:
        _write_powers_plainly(axis)
    texts = figure.findobj(Text)
    fonts, missing = _fonts_for([*(text.get_text() for text in texts), *_tick_labels(axes)], own)
    numbers: dict[str, int] = {}
    with matplotlib.rc_context({"font.family": [*own, *fonts]}):
        for axis in axes:
            _make_readable_ticks(axis, missing, numbers)
        for text in figure.findobj(Text):
            text.set_fontfamily([*own, *fonts])
            text.set_parse_math(False)  # a label is somebody's text: "$5 or $6" is no formula
            text.set_text(_readable(text.get_text(), missing, numbers))
        legend = "; ".join(f"#{number} is {label}" for label, number in numbers.items())
        if legend:
            log.warning("%s: no font of this machine has the letters of some labels: %s", path.name, legend)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=dpi, metadata={"Software": None, **({"Description": legend} if legend else {})})
    return path


def _write_powers_plainly(axis: "Axis") -> None:
    """Write 1,000 at a logarithmic axis, where matplotlib would write a formula: see `set_parse_math` above."""
    from matplotlib.ticker import FuncFormatter, LogFormatter, NullFormatter

    if axis.get_scale() == "log" and isinstance(axis.get_major_formatter(), LogFormatter):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
        axis.set_minor_formatter(NullFormatter())


def _tick_labels(axes: Iterable["Axis"]) -> list[str]:
    return [label.get_text() for axis in axes for label in axis.get_majorticklabels()]


def _make_readable_ticks(axis: "Axis", missing: str, numbers: dict[str, int]) -> None:
    labels = _tick_labels([axis])
    if any(letter in missing for label in labels for letter in label):
        axis.set_ticks(axis.get_majorticklocs(), [_readable(label, missing, numbers) for label in labels])


def _readable(text: str, missing: str, numbers: dict[str, int]) -> str:
    """Return a text with a number in place of each run of letters that no font has."""
    if not missing:
        return text
    run = f"[{re.escape(missing)}]+"
    return re.sub(run, lambda found: f"#{numbers.setdefault(found[0], len(numbers) + 1)}", text)


def _fonts_for(texts: Iterable[str], own: Sequence[str]) -> tuple[list[str], str]:
    """Return the further fonts that show all letters of the texts, as far as there are any, and the letters left."""
    left = {letter for text in texts for letter in text if letter not in "\n\t"}
    left = _without_glyph(left, [path for name in own if (path := _path_of(name))])
    chosen: list[str] = []
    for name in _installed() if left else ():
        path = _path_of(name)
        if path and len(still := _without_glyph(left, [path])) < len(left):
            chosen.append(name)
            left = still
        if not left:
            break
    return chosen, "".join(sorted(left))


def _installed() -> list[str]:
    from matplotlib import font_manager

    names = {font.name for font in font_manager.fontManager.ttflist}
    return [*(name for name in _PREFERRED if name in names), *sorted(names - {*_PREFERRED})]


def _path_of(name: str) -> str | None:
    from matplotlib import font_manager

    try:
        family = font_manager.FontProperties(family=[name])
        return str(font_manager.findfont(family, fallback_to_default=False))
    except ValueError:  # a font whose file went away since the machine's fonts were listed
        return None


def _without_glyph(letters: set[str], paths: Iterable[str]) -> set[str]:
    from matplotlib.font_manager import get_font

    for path in paths:
        try:
            font = get_font(path)
        except (OSError, RuntimeError):  # not a font that FreeType reads
            continue
        letters = {letter for letter in letters if not font.get_char_index(ord(letter))}
    return letters
