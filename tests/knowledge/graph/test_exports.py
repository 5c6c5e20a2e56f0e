"""The graph as GraphML and Parquet: what other tools read in them."""

import importlib
from pathlib import Path
from xml.etree import ElementTree

import pyarrow.parquet as pq
import pytest

from pipelines.commands.graph.export import FORMATS
from pipelines.core.graph_tables import GRAPH_TABLES
from pipelines.knowledge.graph import exports
from tests.contract.graphs import changed, graph
from tests.knowledge.graph.test_view import HOSTILE, tables


def read(path: Path):
    networkx = pytest.importorskip("networkx")
    return networkx.read_graphml(path, force_multigraph=True)


def test_graphml_has_entities_as_nodes_and_relations_as_edges(tmp_path: Path):
    written = exports.write_graphml(tables(graph()), tmp_path)
    found = read(written.path)
    assert written.told == "4 nodes, 3 edges"
    assert found.nodes["e3"] == {
        "label": "腾讯", "type": "ORGANISATION", "aliases": "Tencent", "mentions": 0, "degree": 2,
        "documents": "zh/b.md", "community_0": "Company 公司", "community_1": "宁波",
    }  # fmt: skip
    assert found.is_directed() and found.edges["e4", "e3", "r2"] == {"label": "CO_OCCURS", "weight": 2.5, "chunks": 0}


def test_names_go_through_graphml_unharmed_and_what_xml_cannot_hold_is_counted(tmp_path: Path):
    said = graph()
    for number, name in enumerate(HOSTILE):
        said = changed(said, "entities", f"h{number}", name=name, type="X", chunk_ids=[])
    written = exports.write_graphml(tables(said), tmp_path)
    names = {found["label"] for _, found in read(written.path).nodes(data=True)}
    expected = {name.replace("\x00", "\ufffd").replace("\x1b", "\ufffd") for name in HOSTILE}
    assert expected <= names and written.told.endswith("2 characters that XML cannot hold replaced")


def test_graphml_is_declared_as_its_schema_asks(tmp_path: Path):
    root = ElementTree.parse(exports.write_graphml(tables(graph()), tmp_path).path).getroot()
    space = "{http://graphml.graphdrawing.org/xmlns}"
    declared = {key.attrib["id"] for key in root.findall(f"{space}key")}
    used = {data.attrib["key"] for data in root.iter(f"{space}data")}
    assert root.tag == f"{space}graphml" and used <= declared


def test_parquet_holds_the_five_tables_with_their_vectors(tmp_path: Path):
    written = exports.write_parquet(tables(graph()), tmp_path)
    for name in GRAPH_TABLES:
        assert pq.read_table(written.path / f"{name}.parquet").equals(getattr(graph(), name))
    assert written.told == "2 documents, 4 chunks, 4 entities, 3 relations, 2 communities"


def test_an_export_takes_the_place_of_the_one_before(tmp_path: Path):
    for said in (graph(), changed(graph(), "entities", "e1", name="Ann")):
        paths = [write(tables(said), tmp_path).path for write in exports.FORMATS.values()]
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(path.name for path in paths)
    assert "Ann" in (tmp_path / "knowledge_graph.html").read_text(encoding="utf-8")


def test_the_commands_formats_are_those_of_the_table():
    assert tuple(exports.FORMATS) == FORMATS
    assert set(exports.WITH_VECTORS) <= set(FORMATS)
    assert importlib.import_module("pipelines.commands.export").EXPORTS["graph"]
