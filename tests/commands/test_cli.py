import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from pipelines.commands import ask, cli
from pipelines.commands.doctor import report
from pipelines.core.errors import ConfigurationError, ServiceError
from pipelines.knowledge.vectors.embedding import vector_table
from resources.settings import CHECKOUT, Settings
from resources.tables.tables import TableStore
from tests.fakes import FakeEmbedder


def graftline(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    import os

    return subprocess.run(
        [sys.executable, "-m", "pipelines.commands.cli", *arguments],
        cwd=CHECKOUT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )


def test_help_lists_the_commands(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    printed = capsys.readouterr().out
    assert all(word in printed for word in ("run", "night", "ask", "doctor", "rollback", "ui"))


def test_an_error_is_one_line_on_stderr_with_what_to_type(monkeypatch, capsys: pytest.CaptureFixture[str]):
    def fail(_: object) -> int:
        raise ServiceError("NEO4J_URI", "no answer", "a Neo4j 5 server", "unset NEO4J_URI")

    monkeypatch.setattr(cli, "_doctor", fail)
    assert cli.main(["doctor"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.strip().endswith("Next: unset NEO4J_URI")


def test_asking_before_the_first_run_says_what_to_type(tmp_path: Path):
    result = graftline("ask", "How long can I return a tent?", GRAFTLINE_HOME=str(tmp_path))
    assert result.returncode == 1
    assert "graftline run" in result.stderr and "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("chunks", "command"),
    [("fake-embedder@1", "graftline run --select knowledge_graph"), ("old@1", "graftline run --reembed")],
)
def test_a_graph_of_another_model_is_made_anew_by_the_shortest_command(tmp_path: Path, chunks: str, command: str):
    embedder, tables = FakeEmbedder(), TableStore(tmp_path / "tables")
    vectors = vector_table("chunk_id", {"c1": embedder.embed(["tent"])[0]}, embedder)
    tables.write("chunk_embeddings", vectors.set_column(1, "model", pa.array([chunks])))
    settings = Settings.load({"GRAFTLINE_HOME": str(tmp_path)})
    ask._refuse_other_graph(settings, embedder)
    tables.write_record("knowledge_graph", {"embedder": "old@1"}, "x")
    with pytest.raises(ConfigurationError, match=f"Next: .*{command}$"):
        ask._refuse_other_graph(settings, embedder)


def test_a_wrong_filter_is_one_line_before_anything_is_loaded(tmp_path: Path):
    result = graftline("ask", "Boots?", "--since", "2024/05/01", GRAFTLINE_HOME=str(tmp_path))
    assert result.returncode == 1 and result.stderr.strip().endswith("Next: --since 2024-05-01")
    assert len(result.stderr.splitlines()) == 1


def test_an_unknown_recipe_or_asset_is_named_with_the_known_ones(tmp_path: Path):
    recipe = graftline("run", "--recipe", "loraa", GRAFTLINE_HOME=str(tmp_path))
    assert recipe.returncode == 1 and "lora, qlora" in recipe.stderr
    asset = graftline("run", "--select", "chunk", GRAFTLINE_HOME=str(tmp_path))
    assert asset.returncode == 1 and "chunk_embeddings" in asset.stderr


def test_doctor_names_sources_hides_secrets_and_says_what_is_wrong(tmp_path: Path):
    result = graftline(
        "doctor",
        GRAFTLINE_HOME=str(tmp_path / "h"),
        GRAFTLINE_DOCUMENTS=str(tmp_path / "none"),
        LLM_API_KEY="sk-secret",
    )
    assert result.returncode == 1
    assert "sk-secret" not in result.stdout + result.stderr
    assert "[environment]" in result.stdout and "[default]" in result.stdout
    assert "WRONG  GRAFTLINE_DOCUMENTS" in result.stdout


def test_doctor_says_what_is_wrong_with_a_class_and_with_languages(tmp_path: Path):
    result = graftline(
        "doctor",
        GRAFTLINE_HOME=str(tmp_path / "h"),
        LLM_MODEL="llamaindex:no.such.Class",
        LLM_OPTIONS='{"api_key": "sk-secret"}',
        EMBEDDING_LANGUAGES="english",
    )
    assert result.returncode == 1 and "sk-secret" not in result.stdout + result.stderr
    assert "WRONG  LLM_MODEL: found ModuleNotFoundError" in result.stdout
    assert "WRONG  EMBEDDING_LANGUAGES: found 'english'" in result.stdout


def test_doctor_says_so_when_neo4j_does_not_answer(tmp_path: Path):
    result = graftline(
        "doctor", GRAFTLINE_HOME=str(tmp_path), NEO4J_URI="bolt://127.0.0.1:1", NEO4J_PASSWORD="pw-secret"
    )
    assert result.returncode == 1
    assert "WRONG  NEO4J_URI" in result.stdout
    assert "pw-secret" not in result.stdout + result.stderr


def test_doctor_lists_every_wrong_setting_and_unknown_name_and_goes_on(tmp_path: Path):
    lines, problems = report(
        Settings.read(
            {
                "GRAFTLINE_HOME": str(tmp_path / "h"),
                "GRAFTLINE_DOCUMENTS": str(tmp_path / "none"),
                "GRAFTLINE_CHUNKER": "magic",
                "GRAFTLINE_BAD_SHARE": "5 %",
                "GRAFTLINE_MODE": "local",
            },
            tmp_path / "none",
        )
    )
    names = [problem.split(":")[0] for problem in problems]
    assert sorted(names) == ["GRAFTLINE_BAD_SHARE", "GRAFTLINE_CHUNKER", "GRAFTLINE_DOCUMENTS", "GRAFTLINE_MODE"]
    assert any(line.split() == ["GRAFTLINE_CHUNKER", "magic", "[environment]"] for line in lines)
