"""The table of commands, and what all of them have alike: statuses, streams, errors, help."""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import click
import jinja2
import pyarrow.parquet as pq
import pytest

from pipelines.commands import cli, doctor
from pipelines.commands.models import rollback
from pipelines.core.errors import ServiceError
from resources.settings import CHECKOUT
from tests.commands.process import graftline


def test_help_lists_the_commands(capsys: pytest.CaptureFixture[str]):
    assert cli.main(["--help"]) == 0
    printed = capsys.readouterr().out
    assert all(f"  {name} " in printed for name in cli.COMMANDS)


def test_every_line_of_the_table_is_the_first_line_of_its_commands_help():
    for name, line in cli.COMMANDS.items():
        command = importlib.import_module(cli.module_of(name)).command
        first = command.help.split("\n\n")[0].rstrip(".")
        assert first[0].lower() + first[1:] == line[0].lower() + line[1:]


def _modules_after(*arguments: str) -> set[str]:
    code = (
        f"import sys, os; from pipelines.commands.cli import main; main({list(arguments)!r});"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    return set(done.stderr.split())


def test_help_imports_no_command_and_nothing_heavy():
    before = os.times()
    loaded = _modules_after("--help")
    after = os.times()
    # Processor time of the child, which a busy machine does not change.
    assert after.children_user + after.children_system - before.children_user - before.children_system < 0.5
    assert not loaded & {"dagster", "torch", "pydantic", "pyarrow", "yaml"}
    assert not loaded & {cli.module_of(name) for name in cli.COMMANDS}


def test_a_commands_help_imports_its_own_file_alone():
    loaded = _modules_after("ask", "--help")
    assert loaded & {cli.module_of(name) for name in cli.COMMANDS} == {"pipelines.commands.answering.ask"}
    assert not loaded & {"dagster", "torch", "pyarrow"}


def test_an_error_is_one_line_on_stderr_with_what_to_type(monkeypatch, capsys: pytest.CaptureFixture[str]):
    def fail(_: object) -> None:
        raise ServiceError("NEO4J_URI", "no answer", "a Neo4j 5 server", "unset NEO4J_URI")

    monkeypatch.setattr(doctor, "doctor_report", fail)
    assert cli.main(["doctor"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == (
        "graftline doctor: NEO4J_URI: found no answer; expected a Neo4j 5 server. Next: unset NEO4J_URI\n"
    )


@pytest.mark.parametrize(
    ("fault", "line"),
    [
        (lambda: json.loads("{"), "json.decoder.JSONDecodeError: Expecting property name enclosed in double quotes"),
        (lambda: jinja2.Template("{{ a + 1 }}").render(a="x"), "TypeError: can only concatenate str"),
        (lambda: jinja2.Template("{% if %}"), "jinja2.exceptions.TemplateSyntaxError: Expected an expression"),
        (lambda: pq.read_table(__file__), "pyarrow.lib.ArrowInvalid: "),
    ],
)
def test_a_librarys_exception_is_one_line_and_its_traceback_stays_in_a_file(
    fault, line: str, monkeypatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("GRAFTLINE_HOME", str(tmp_path / "my home"))
    monkeypatch.setattr(doctor, "doctor_report", lambda _: fault())
    assert cli.main(["doctor"]) == 1
    captured = capsys.readouterr()
    assert captured.out == "" and len(captured.err.splitlines()) == 1
    assert captured.err.startswith(f"graftline doctor: a library: found {line}")
    log = tmp_path / "my home" / "logs" / "tracebacks.log"
    assert f"(the traceback is in {log}), and run it again" in captured.err
    assert "Traceback (most recent call last)" in log.read_text()


def test_a_librarys_exception_names_the_file_that_was_at_hand(monkeypatch, tmp_path: Path, capsys):
    home = tmp_path / "home"
    half = home / "tables" / "merged_model" / "lora.json"
    half.parent.mkdir(parents=True)
    half.write_text("{half", encoding="utf-8")
    monkeypatch.setenv("GRAFTLINE_HOME", str(home))
    assert cli.main(["export", "lora"]) == 1
    assert f"(while at work on {half}); expected" in capsys.readouterr().err


def test_an_interrupted_command_returns_130(monkeypatch, capsys: pytest.CaptureFixture[str]):
    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(doctor, "doctor_report", interrupt)
    assert cli.main(["doctor"]) == 130
    assert capsys.readouterr().err == "graftline doctor: stopped; run it again to go on from here\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["aks", "Boots?"], "graftline: No such command 'aks'. Did you mean 'ask'? See: graftline --help"),
        (["xyz"], "graftline: No such command 'xyz'. See: graftline --help"),
        (["--halp"], "Did you mean '--help'? See: graftline --help"),
        (["ask", "Boots?", "--mod", "local"], "Did you mean '--mode'? See: graftline ask --help"),
        (["ask", "Boots?", "--mode", "locl"], "Did you mean 'local'? See: graftline ask --help"),
        (["ask"], "graftline ask: Missing argument 'QUESTION'. See: graftline ask --help"),
        (["export", "lora", "--format", "guff"], "Did you mean 'gguf'? See: graftline export --help"),
    ],
)
def test_a_wrong_call_is_a_line_on_stderr_with_the_nearest_name_and_returns_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
):
    assert cli.main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and len(captured.err.splitlines()) == 1
    assert captured.err.startswith("graftline") and captured.err.rstrip().endswith(message)


def test_a_variable_that_nothing_reads_is_told_before_a_command_runs(tmp_path):
    result = graftline("export", "nope", GRAFTLINE_HOME=str(tmp_path), GRAFTLINE_DOCUMENT="./docs")
    assert result.returncode == 1
    assert "GRAFTLINE_DOCUMENT: found a name that nothing reads [environment]" in result.stderr
    assert "Next: set GRAFTLINE_DOCUMENTS instead" in result.stderr


def test_a_wrong_setting_is_an_error_of_every_command_that_reads_it(tmp_path):
    result = graftline("plan", GRAFTLINE_HOME=str(tmp_path), GRAFTLINE_CHUNK_TOKENS="two")
    assert result.returncode == 1 and result.stdout == ""
    assert result.stderr.startswith("graftline plan: GRAFTLINE_CHUNK_TOKENS: found 'two'")


def test_rollback_prints_what_the_store_says(monkeypatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setattr("resources.graph.stores.rollback", lambda _: "back at its previous version")
    assert isinstance(rollback.command, click.Command) and cli.main(["rollback"]) == 0
    assert capsys.readouterr().out == "back at its previous version\n"
