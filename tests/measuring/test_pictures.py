import logging
import warnings
from pathlib import Path

import pytest

from pipelines.measuring import pictures
from pipelines.measuring.pictures import new_figure, save_figure
from resources.settings import CHECKOUT

CHINESE = "退货政策"


def bars(labels: list[str], title: str):
    figure = new_figure(4, 3)
    axes = figure.add_subplot()
    axes.bar(range(len(labels)), [1.0] * len(labels), label=labels[0])
    axes.set_xticks(range(len(labels)), labels)
    axes.annotate(labels[-1], (0, 0))
    axes.set_title(title)
    axes.legend()
    return figure


def shown(figure) -> list[str]:
    from matplotlib.text import Text

    return [text.get_text() for text in figure.findobj(Text)]


def test_chinese_labels_make_no_box(tmp_path: Path):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib warns of every glyph that a font lacks
        save_figure(bars([CHINESE, "returns", "กขค 𝒳"], f"{CHINESE} and returns"), tmp_path / "a.png")


def test_without_a_font_the_letters_are_numbers_that_are_told(tmp_path: Path, monkeypatch, caplog):
    from PIL import Image

    monkeypatch.setattr(pictures, "_installed", list)
    figure = bars([CHINESE, "returns", "发货"], f"{CHINESE} and returns")
    with warnings.catch_warnings(), caplog.at_level(logging.WARNING, logger="graftline"):
        warnings.simplefilter("error")
        path = save_figure(figure, tmp_path / "a.png")
    texts = shown(figure)
    assert not any("一" <= letter <= "鿿" for text in texts for letter in text)
    assert {"#1", "#2", "#1 and returns", "returns"} <= set(texts)
    assert f"#1 is {CHINESE}; #2 is 发货" in caplog.text
    assert Image.open(path).info["Description"] == f"#1 is {CHINESE}; #2 is 发货"


def test_dollars_in_a_label_are_no_formula(tmp_path: Path):
    figure = bars(["$5 or $6", r"$\frac{$"], "costs $x$")
    save_figure(figure, tmp_path / "a.png")  # \frac{ without its end stops matplotlib as a formula
    assert "$5 or $6" in shown(figure)


def test_a_font_is_looked_for_only_where_one_is_needed(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(pictures, "_installed", lambda: pytest.fail("asked for the machine's fonts"))
    save_figure(bars(["a", "é", "ω"], "plain"), tmp_path / "a.png")


def test_every_plot_goes_through_this_one_home():
    others = [
        path.relative_to(CHECKOUT).as_posix()
        for room in ("pipelines", "assets", "resources")
        for path in (CHECKOUT / room).rglob("*.py")
        if "savefig(" in path.read_text(encoding="utf-8") or "FigureCanvas" in path.read_text(encoding="utf-8")
    ]
    assert others == ["pipelines/measuring/pictures.py"]


def test_a_logarithmic_axis_has_numbers_not_formulas(tmp_path: Path):
    figure = new_figure(4, 3)
    axes = figure.add_subplot()
    axes.plot([1, 1000], [0.01, 1])
    axes.set(xscale="log", yscale="log")
    save_figure(figure, tmp_path / "a.png")
    labels = [label for label in shown(figure) if label]
    assert {"1", "10", "1,000", "0.01"} <= set(labels) and not [label for label in labels if "$" in label]
