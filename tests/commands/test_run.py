from pathlib import Path

import pytest

from pipelines.commands import cli, run
from tests.commands.process import graftline


def test_an_unknown_recipe_or_asset_is_named_with_the_known_ones(tmp_path: Path):
    recipe = graftline("run", "--recipe", "loraa", GRAFTLINE_HOME=str(tmp_path))
    assert recipe.returncode == 1 and "lora, qlora" in recipe.stderr and "--recipe lora" in recipe.stderr
    asset = graftline("run", "--select", "chunk", GRAFTLINE_HOME=str(tmp_path))
    assert asset.returncode == 1 and asset.stderr.rstrip().endswith("Next: --select chunks")


@pytest.mark.parametrize(
    ("arguments", "called"),
    [
        ([], ("night", (), {})),
        (["--reembed", "--recipe", "lora"], ("night", ("lora",), {"chunk_embeddings": {"config": {"reembed": True}}})),
        (["--select", "chunks,documents"], ("selected", ["chunks", "documents"], (), {})),
        (
            ["--rehash", "--select", "documents"],
            ("selected", ["documents"], (), {"documents": {"config": {"rehash": True}}}),
        ),
    ],
)
def test_options_say_what_is_run_and_with_which_config(arguments: list[str], called: tuple, monkeypatch):
    calls = []
    monkeypatch.setattr(run, "run_night", lambda *given: calls.append(("night", *given)) or 0)
    monkeypatch.setattr(run, "run_selected", lambda *given: calls.append(("selected", *given)) or 1)
    assert cli.main(["run", *arguments]) == (1 if called[0] == "selected" else 0)
    assert calls == [called]


def test_a_night_is_a_run_of_everything_and_returns_its_status(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(run, "run_night", lambda recipes: 1 if recipes is None else 0)
    assert cli.main(["night"]) == 1


def test_the_last_lines_count_the_engines_that_were_started(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("resources.engines.warm.WARM.starts", 2)
    assert run._report({}, 3.0) == 0
    assert "engine starts: 2\n" in capsys.readouterr().out


def test_the_last_lines_say_where_the_page_of_the_graph_is(tmp_path: Path, monkeypatch, capsys):
    monkeypatch.setenv("GRAFTLINE_HOME", str(tmp_path))
    for there in (False, True):
        if there:
            (tmp_path / "views").mkdir()
            (tmp_path / "views" / "knowledge_graph.html").touch()
        assert run._report({}, 1.0) == 0
        assert (str(tmp_path / "views" / "knowledge_graph.html") in capsys.readouterr().out) is there
