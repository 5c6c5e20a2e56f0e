import warnings
from pathlib import Path

import pytest
from matplotlib.text import Text

from pipelines.measuring.parallel import parallel_figure, plot_parallel


def recipes(count: int) -> dict[str, dict[str, object]]:
    return {
        f"配方 {n}": {"rank": 4 * (n + 1), "target": ("all", "q_proj")[n % 2], "bits": "unset", "f1": n / 10}
        for n in range(count)
    }


def lines(figure) -> list:
    return [line for line in figure.axes[0].lines if not str(line.get_label()).startswith("_")]


@pytest.mark.parametrize("count", [1, 3, 12])
def test_a_line_a_recipe_and_an_axis_a_name(count: int, tmp_path: Path):
    figure = parallel_figure(recipes(count), "配方 0")
    drawn = lines(figure)
    assert [line.get_label() for line in drawn][:1] == ["配方 0 (champion)"] and len(drawn) == count
    styles = {(line.get_color(), line.get_linestyle()) for line in drawn}
    assert len(styles) == count
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["rank", "target", "bits", "f1"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # of a glyph that is missing
        assert plot_parallel(recipes(count), tmp_path / "p.png").stat().st_size > 5000


def test_numbers_stand_between_their_ends_and_words_at_equal_steps():
    (first, second, third) = lines(parallel_figure(recipes(3)))
    assert list(second.get_ydata()) == [0.5, 1.0, 0.5, 0.5]
    assert next(iter(first.get_ydata())) == 0.0 and list(third.get_ydata())[3] == 1.0


def test_what_is_unknown_is_left_out_of_a_line_and_many_names_are_counted():
    known = {"a": {"x": 1.0, "y": None, "z": 2.0}, "b": {"x": 2.0, "y": 3.0, "z": 2.0}}
    assert list(lines(parallel_figure(known))[0].get_xdata()) == [0, 2]
    many = {"a": {f"n{n}": n for n in range(20)}, "b": {f"n{n}": n + n % 2 for n in range(20)}}
    figure = parallel_figure(many)
    named = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert len(named) == 16 and {f"n{n}" for n in range(1, 20, 2)} <= set(named)
    assert "4 more figures are in the table" in [text.get_text() for text in figure.findobj(Text)]


def test_of_two_languages_both_are_drawn_or_none():
    names = [*(f"n{n}" for n in range(15)), "f1 en", "f1 zh", "last"]
    drawn = parallel_figure({"a": dict.fromkeys(names, 1.0)}).axes[0].get_xticklabels()
    assert [label.get_text() for label in drawn][14:] == ["n14", "last"]
    drawn = parallel_figure({"a": dict.fromkeys(names[1:], 1.0)}).axes[0].get_xticklabels()
    assert [label.get_text() for label in drawn][14:] == ["f1 en", "f1 zh"]


def test_without_a_recipe_there_is_an_empty_picture(tmp_path: Path):
    assert plot_parallel({}, tmp_path / "p.png").exists()
