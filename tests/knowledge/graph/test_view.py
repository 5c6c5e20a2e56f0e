"""What the page of the graph holds, what it leaves out and tells, and that names are data whatever they hold."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.core.graph_tables import GRAPH_TABLES, GraphTables
from pipelines.knowledge.graph.html_view import html_page, view_version, write_view
from pipelines.knowledge.graph.view_data import ViewLimits, shown_of_all, view_data
from tests.contract.graphs import changed, graph

HOSTILE = (
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "\"quoted\" 'names' `ticks` {braces}",
    "$script $data ${style} $$",
    "👩‍🚀 emoji \u2028 \u2029 \x00 \x1b]",
    "a & b &lt; c",
    "长" * 10_000,
)


def tables(of: GraphTables) -> dict[str, pa.Table]:
    return {name: getattr(of, name) for name in GRAPH_TABLES}


def shown(**limits: int) -> dict:
    return view_data(tables(graph()), ViewLimits(**limits))


class Page(HTMLParser):
    """The elements of a page, and the text of those that hold one."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.elements:
            tag, attributes = self.elements[-1]
            name = attributes.get("id") or tag
            self.texts[name] = self.texts.get(name, "") + data


def test_entities_stand_with_their_sentences_relations_and_communities():
    data = shown()
    marek = next(one for one in data["entities"] if one["name"] == "Marek Dvorsky")
    [(sentence, start, end)] = marek["seen"]
    document, page, place, text = data["sentences"][sentence]
    assert (text[start:end], data["documents"][document], page, place) == ("Marek Dvorsky", "a.md", 0, 100)
    assert marek["aliases"] == ["M. Dvorsky"] and marek["degree"] == 1
    assert data["communities"][marek["home"]]["title"] == "Company 公司"
    tencent = next(one for one in data["entities"] if one["name"] == "腾讯")
    assert data["communities"][tencent["home"]] | {"at": 0} == {
        "title": "宁波", "summary": "腾讯与宁波仓。", "findings": [], "rating": 0.5, "model": "", "documents": [],
        "id": "m2", "level": 1, "parent": 0, "size": 2, "members": [1, 3], "at": 0,
    }  # fmt: skip
    assert data["relations"][0]["type"] == "LEADS"
    assert data["totals"] == {"documents": 2, "chunks": 4, "entities": 4, "relations": 3, "communities": 2}


def test_the_best_connected_entities_are_shown_and_the_rest_is_counted():
    data = shown(entities=2, relations=1)
    assert [one["name"] for one in data["entities"]] == ["Halden warehouse", "腾讯"]
    assert (len(data["relations"]), data["between"], data["totals"]["entities"]) == (1, 1, 4)
    assert [one["members"] for one in data["communities"]] == [[0, 1], [1]]


def test_named_relations_are_shown_before_heavier_co_occurrences():
    assert [one["type"] for one in shown(relations=1)["relations"]] == ["LEADS"]


def test_the_report_on_the_whole_corpus_is_no_community():
    rows = graph().communities.to_pylist()
    rows[0]["parent_id"] = "all"
    whole = rows[0] | {"community_id": "all", "level": -1, "parent_id": "", "entity_ids": [], "title": "All"}
    schema = graph().communities.schema
    said = ["findings", "finding_chunk_ids", "finding_entity_ids", "rating"]
    table = (
        pa.Table.from_pylist([*rows, whole], schema)
        .drop_columns(said)
        .append_column("findings", pa.array([["One.", "Two."], [], ["Three."]], pa.list_(pa.string())))
    )
    cited = pa.array([["c3 c1 gone", ""], [], [""]], pa.list_(pa.string()))
    table = table.append_column("finding_chunk_ids", cited)
    table = table.append_column("finding_entity_ids", pa.array([["e3", "e9"], [], [""]], pa.list_(pa.string())))
    table = table.append_column("rating", pa.array([7.5, float("nan"), 9.0]))
    data = view_data(tables(graph()) | {"communities": table}, ViewLimits())
    assert [one["title"] for one in data["whole"]] == ["All"] and data["totals"]["communities"] == 2
    assert [(one["parent"], one["rating"]) for one in data["communities"]] == [(-1, 7.5), (0, None)]
    first, second = data["communities"][0]["findings"]
    assert (first["text"], [data["documents"][place] for place in first["documents"]]) == ("One.", ["zh/b.md", "a.md"])
    assert [data["entities"][place]["name"] for place in first["entities"]] == ["腾讯"]
    assert second == {"text": "Two.", "documents": [], "entities": []}
    assert [data["documents"][place] for place in data["communities"][0]["documents"]] == ["zh/b.md", "a.md"]
    assert "NaN" not in Page(html_page(data)).texts["data"]


def test_a_graph_without_anything_has_a_page(tmp_path: Path):
    nothing = {name: getattr(graph(), name).slice(0, 0) for name in GRAPH_TABLES}
    data = view_data(nothing, ViewLimits())
    assert write_view(data, tmp_path / "view.html").exists()
    assert shown_of_all(data) == "0 of 0 entities, 0 of 0 relations, 0 of 0 communities"


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_whatever_a_name_holds_is_data_of_the_page(name: str):
    said = changed(graph(), "entities", "e1", name=name, aliases=[name], description=name, type=name[:40])
    said = changed(said, "communities", "m1", title=name, summary=name)
    page = Page(html_page(view_data(tables(said), ViewLimits())))
    assert [tag for tag, _ in page.elements].count("script") == 2
    data = json.loads(page.texts["data"])
    assert name in [one["name"] for one in data["entities"]]
    assert data["communities"][0]["title"] == name


def test_the_page_asks_nobody_for_anything_and_runs_only_its_own_script(tmp_path: Path):
    path = tmp_path / "view.html"
    write_view(shown(), path)
    text = path.read_text(encoding="utf-8")
    page = Page(text)
    policy = next(one["content"] for tag, one in page.elements if tag == "meta" and "content" in one)
    assert policy is not None and policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    assert not [one for _, one in page.elements if {"src", "href", "onclick"} & set(one)]
    script = page.texts["script"]
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|fetch\(|https?:", script)
    assert path.stat().st_mode & 0o077 == 0


def test_the_same_graph_gives_the_same_bytes(tmp_path: Path):
    turned = GraphTables(**{name: getattr(graph(), name)[::-1] for name in GRAPH_TABLES})
    for number, one in enumerate((graph(), graph(), turned)):
        write_view(view_data(tables(one), ViewLimits()), tmp_path / f"{number}.html")
    first, second, third = ((tmp_path / f"{number}.html").read_bytes() for number in range(3))
    assert first == second == third


def test_the_version_is_that_of_all_that_makes_a_page():
    assert view_version() == view_version() and re.fullmatch("[0-9a-f]{24}", view_version())


def test_vectors_are_not_looked_at():
    bare = replace(graph(), entities=graph().entities.drop_columns(["vector"]))
    assert view_data(tables(bare), ViewLimits()) == shown()


def test_the_level_that_opens_is_the_coarsest_that_tells_entities_apart():
    rows = graph().communities.slice(0, 1).to_pylist()
    keys = graph().entities["entity_id"].to_pylist()
    whole = rows[0] | {"community_id": "k0", "level": 0, "parent_id": "", "entity_ids": keys}
    part = rows[0] | {"community_id": "k1", "level": 1, "parent_id": "k0", "entity_ids": keys[: len(keys) // 2]}
    schema = graph().communities.schema
    for communities, level in (([whole], 0), ([whole, part], 1), ([], -1)):
        table = pa.Table.from_pylist(communities, schema)
        assert view_data(tables(graph()) | {"communities": table}, ViewLimits())["apart"] == level
