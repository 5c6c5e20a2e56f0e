"""`graftline export neo4j` into a server that was stopped: the same graph, known to the next run as its own."""

import shlex
from pathlib import Path

import pytest

from pipelines.commands import cli
from pipelines.core.errors import InputError
from resources.graph.embedded import EmbeddedGraphStore
from resources.graph.neo4j_loads.import_files import write_import_files
from resources.graph.stores import MirroredGraphStore
from tests.contract.graphs import changed, graph
from tests.contract.test_failed_apply import LINKS, links
from tests.contract.test_graph_store import assert_holds
from tests.contract.test_hostile_names import HOSTILE, hostile_graph
from tests.integration.knowledge.neo4j_server import Server, needs_server


def test_the_command_names_every_file_and_says_what_comes_after(tmp_path, home, capsys):
    EmbeddedGraphStore(home / "graph").apply(graph())
    assert cli.main(["export", "neo4j", str(tmp_path / "import")]) == 0
    told = capsys.readouterr().out
    files = {path.name for path in (tmp_path / "import").iterdir()} - {"import.sh"}
    assert files == {file for word in shlex.split(told) if "=" in word and ".csv" in word for file in _files(word)}
    assert "graftline run --select knowledge_graph" in told
    assert cli.main(["export", "neo4j", str(tmp_path / "import")]) == 1
    with pytest.raises(InputError, match="not empty"):
        write_import_files(graph(), "v", tmp_path / "import")


def test_there_is_nothing_to_export_before_a_run(tmp_path, home, capsys):
    assert cli.main(["export", "neo4j", str(tmp_path / "import")]) == 1
    assert "graftline run" in capsys.readouterr().err
    assert cli.main(["export", "neo4j"]) == 2


def _files(option: str) -> list[str]:
    return option.split("=", 1)[1].split(",")


@needs_server
@pytest.mark.slow
def test_an_imported_graph_is_the_one_that_a_run_would_have_written(tmp_path: Path) -> None:
    wanted = changed(hostile_graph(), "entities", "e1", aliases=["", "a", ";"], description=None)
    embedded = EmbeddedGraphStore(tmp_path / "graph")
    embedded.apply(wanted)
    command = write_import_files(wanted, str(embedded.version()), tmp_path / "files")
    server = Server(tmp_path / "server")
    server.start()
    server.stop()
    words = shlex.split(command)
    assert words[0] == "neo4j-admin"
    server.admin(*words[1:], folder=tmp_path / "files")
    server.start()
    try:
        both = MirroredGraphStore(server.store(), embedded)
        both.agree()
        assert_holds(both.first, wanted)
        assert both.first.version() == embedded.version()
        assert both.apply(wanted).written == dict.fromkeys(both.counts(), 0)
        assert {kind: count for kind, count in links(both.first).items() if kind in LINKS} == LINKS | {"CO_OCCURS": 1}
        assert [key for key, _ in both.search_text("chunks", "腾讯", 3)] == ["c3"]
        assert [key for key, _ in both.search_vector("chunks", [0, 1, 0, 0], 1)] == ["c3"]
        assert both.rows("entities", ["e2"])[0]["name"] == HOSTILE[0]
        both.apply(graph())
        assert_holds(both.first, graph())
        both.close()
    finally:
        server.kill()
