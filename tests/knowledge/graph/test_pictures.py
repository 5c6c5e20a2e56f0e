"""The map and the plots of a graph: drawn of any graph, in any script, and with numbers that can be read."""

from pathlib import Path

import pytest

from pipelines.core.graph_tables import GRAPH_TABLES
from pipelines.knowledge.graph.picture import draw_distributions, draw_map
from pipelines.knowledge.graph.view_data import ViewLimits, view_data
from tests.contract.graphs import changed, graph
from tests.knowledge.graph.test_view import HOSTILE, tables

NOTHING = {name: getattr(graph(), name).slice(0, 0) for name in GRAPH_TABLES}


@pytest.mark.parametrize("of", [tables(graph()), NOTHING], ids=["graph", "nothing"])
def test_both_are_drawn_of_any_graph_and_the_same_each_time(of: dict, tmp_path: Path):
    for number in range(2):
        draw_map(view_data(of, ViewLimits()), tmp_path / f"map{number}.png")
        draw_distributions(of, tmp_path / f"distributions{number}.png")
    for name in ("map", "distributions"):
        first, second = ((tmp_path / f"{name}{number}.png").read_bytes() for number in range(2))
        assert first.startswith(b"\x89PNG") and first == second


def test_names_are_text_to_the_map_whatever_they_hold(tmp_path: Path):
    said = graph()
    for number, name in enumerate([*HOSTILE, "$\\frac{", "a\nb"]):
        said = changed(said, "entities", f"h{number}", name=name, type="X")
    said = changed(said, "communities", "m1", title="$\\alpha^{")
    assert draw_map(view_data(tables(said), ViewLimits()), tmp_path / "map.png").exists()


def test_the_three_plots_say_what_is_left_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    kept = []
    monkeypatch.setattr("pipelines.knowledge.graph.picture.save_figure", lambda figure, path: kept.append(figure))
    lone = changed(graph(), "entities", "e9", name="Alone", type="X", chunk_ids=["c1"])
    draw_distributions(tables(lone), tmp_path / "x.png")
    assert [axes.get_title() for axes in kept[0].axes] == [
        "1 of 5 entities have none",
        "2 communities",
        "3 of 4 chunks hold an entity",
    ]
