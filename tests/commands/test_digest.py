"""`graftline digest` over nights that ended, that are under way, and none."""

import json
from pathlib import Path

import dagster as dg
import pytest

from pipelines.commands import cli, run
from resources.tables.tables import TableStore
from tests.orchestration.digest.night_world import STEPS, definitions, keeping


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("pipelines.definitions.keeping", keeping(tmp_path))
    monkeypatch.setattr(run, "open_instance", lambda: dg.DagsterInstance.ephemeral())
    return tmp_path


def night(folder: Path, name: str = "n1") -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        keeping(folder).night(definitions(TableStore(folder / "tables"), folder), instance, STEPS[:1], name)


def test_the_last_night_or_a_named_one_is_printed_as_markdown_or_json(folder: Path, capsys):
    night(folder, "n1")
    night(folder, "n2")
    assert cli.main(["digest"]) == 0 and capsys.readouterr().out.startswith("# Night n2: done\n")
    assert cli.main(["digest", "--night", "n1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["night"] == "n1"
    assert cli.main(["digest", "--list"]) == 0
    assert [line.split()[1] for line in capsys.readouterr().out.splitlines()] == ["n2", "n1"]


def test_the_page_is_written_to_a_file(folder: Path, capsys):
    night(folder)
    assert cli.main(["digest", "--html", str(folder / "out" / "night.html")]) == 0
    assert capsys.readouterr().out == f"{folder / 'out' / 'night.html'}\n"
    assert (folder / "out" / "night.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_without_a_night_it_says_what_to_type(folder: Path, capsys):
    assert cli.main(["digest"]) == 1
    assert capsys.readouterr().err.rstrip().endswith("Next: graftline night")


def test_a_night_under_way_says_how_far_it_is_and_a_killed_one_that_it_broke_off(folder: Path, capsys):
    nights = keeping(folder).nights
    with nights.alone():
        nights.begin("n1", ["knowledge", "promotion"]).began("knowledge")
        assert cli.main(["digest", "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["state"] == "under way"
        assert [step["state"] for step in found["steps"]] == ["under way", "not reached"]
        assert not nights.records()
    assert cli.main(["digest", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["reason"] == "broke off at step knowledge: its process was killed"
    assert nights.records() and not nights.unfinished()
