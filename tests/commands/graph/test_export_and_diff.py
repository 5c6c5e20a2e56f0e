"""`graftline export graph` and `graftline diff` over a stored graph."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from pipelines.commands import cli
from resources.graph.embedded import EmbeddedGraphStore
from tests.contract.graphs import changed, graph


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GRAFTLINE_HOME", str(tmp_path))
    EmbeddedGraphStore(tmp_path / "graph").apply(graph())
    return tmp_path


def test_all_formats_are_written_and_told(home: Path, capsys: pytest.CaptureFixture[str]):
    assert cli.main(["export", "graph"]) == 0
    folder = home / "exports" / "graph"
    assert capsys.readouterr().out.splitlines() == [
        f"{folder / 'knowledge_graph.html'}: 4 of 4 entities, 3 of 3 relations, 2 of 2 communities",
        f"{folder / 'knowledge_graph.graphml'}: 4 nodes, 3 edges",
        f"{folder / 'parquet'}: 2 documents, 4 chunks, 4 entities, 3 relations, 2 communities",
    ]
    assert pq.read_table(folder / "parquet" / "chunks.parquet").equals(graph().chunks)


def test_one_format_goes_where_it_is_told_to(home: Path, tmp_path: Path):
    assert cli.main(["export", "graph", str(tmp_path / "x"), "--format", "graphml"]) == 0
    assert [path.name for path in (tmp_path / "x").iterdir()] == ["knowledge_graph.graphml"]


def test_a_word_that_is_no_export_is_a_model(home: Path, capsys: pytest.CaptureFixture[str]):
    for words in (["export", "nope"], ["export", "model", "nope"], ["export", "--format", "gguf", "nope"]):
        assert cli.main(words) == 1
        assert "the merged model of 'nope'" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["export", "graph"], ["diff"]])
def test_without_a_graph_the_next_command_is_named(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("GRAFTLINE_HOME", str(tmp_path / "empty"))
    assert cli.main(words) == 1
    assert "graftline run --select knowledge_graph" in capsys.readouterr().err


def test_a_first_graph_has_nothing_to_differ_from(home: Path, capsys: pytest.CaptureFixture[str]):
    assert cli.main(["diff"]) == 1
    assert "no previous version" in capsys.readouterr().err


def test_the_difference_is_that_to_the_version_before_and_turns_round_with_a_rollback(
    home: Path, capsys: pytest.CaptureFixture[str]
):
    store = EmbeddedGraphStore(home / "graph")
    store.apply(changed(graph(), "entities", "e5", name="宁波", type="LOCATION"))
    assert cli.main(["diff"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed == [
        "entities: 1 new, 0 gone, 0 changed", "relations: 0 new, 0 gone, 0 changed", "  new entity: 宁波 (LOCATION)"
    ]  # fmt: skip
    store.rollback()
    assert cli.main(["diff", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["counts"]["entities_gone"] == 1 and found["counts"]["entities_new"] == 0
    assert found["examples"] == [{"what": "gone entity", "which": "宁波 (LOCATION)", "how": ""}]


def test_a_name_cannot_speak_to_the_terminal(home: Path, capsys: pytest.CaptureFixture[str]):
    later = changed(graph(), "entities", "e5", name="\x1b]0;owned\x07\nnext line", type="X")
    EmbeddedGraphStore(home / "graph").apply(changed(later, "entities", "e6", name="长" * 10_000, type="X"))
    assert cli.main(["diff"]) == 0
    printed = capsys.readouterr().out
    assert "\x1b" not in printed and "  new entity: \ufffd]0;owned\ufffd next line (X)\n" in printed
    assert max(map(len, printed.splitlines())) < 250
