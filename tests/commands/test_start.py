from pathlib import Path

import pytest

from pipelines.commands import cli
from pipelines.commands.start import page
from resources.tables.tables import TableStore


@pytest.mark.parametrize("written", [[], ["documents"], ["documents", "knowledge_graph"]])
def test_the_first_page_says_what_is_there_and_what_to_do_next(tmp_path: Path, written: list[str]):
    for name in written:
        TableStore(tmp_path / "tables").write_record(name, {}, "x")
    state, following = page(tmp_path).splitlines()[2:4]
    expected = ["nothing is materialised yet", "materialised in part, last on 2", "materialised, last on 2"][
        len(written)
    ]
    assert state.startswith(f"Home  {tmp_path}: {expected}")
    assert following.startswith("Next  graftline ask" if "knowledge_graph" in written else "Next  graftline run")


def test_without_a_command_it_is_printed_with_status_0(home: Path, capsys: pytest.CaptureFixture[str]):
    assert cli.main([]) == 0
    printed = capsys.readouterr().out
    assert str(home) in printed and not home.exists()
    assert all(f"graftline {name}" in printed for name in ("run", "ask", "train", "ui", "doctor"))


def test_a_wrong_setting_is_an_error_there_too(monkeypatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setenv("GRAFTLINE_CHUNKER", "magic")
    assert cli.main([]) == 1
    assert capsys.readouterr().err.startswith("graftline: GRAFTLINE_CHUNKER: found 'magic'")
