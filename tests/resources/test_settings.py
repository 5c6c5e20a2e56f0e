from pathlib import Path
from typing import get_args

import pytest
from pydantic import ValidationError

from pipelines.answering.search.fusion import FUSIONS
from pipelines.answering.settings import AnswerSettings
from pipelines.core.errors import ConfigurationError
from resources.answering_variables import AnsweringVariables
from resources.settings import CHECKOUT, Settings

SECRETS = {
    "NEO4J_PASSWORD": "s3cret",
    "LLM_API_KEY": "s3cret",
    "EMBEDDING_API_KEY": "s3cret",
    "NEO4J_URI": "bolt://joe:s3cret@host",
    "MLFLOW_TRACKING_URI": "postgresql://joe:s3cret@host/mlflow",
    "GRAFTLINE_DOCUMENTS": "sftp://joe:s3cret@host/docs",
}


def test_the_environment_goes_before_the_file_and_the_file_before_the_default(tmp_path: Path):
    dotenv = tmp_path / ".env"
    dotenv.write_text("GRAFTLINE_HOME=/from/file\nLLM_MODEL=file-model\n", encoding="utf-8")
    settings = Settings.load({"GRAFTLINE_HOME": "/from/environment"}, dotenv)
    assert settings.home == Path("/from/environment")
    assert settings.sources["GRAFTLINE_HOME"] == "environment"
    assert (settings.llm_model, settings.sources["LLM_MODEL"]) == ("file-model", ".env")
    assert settings.sources["NEO4J_URI"] == "default"


def test_relative_folders_are_below_the_checkout_from_any_working_folder(tmp_path: Path):
    assert Settings.load({}, tmp_path / "none").documents == CHECKOUT / "samples" / "documents"


def test_the_tracking_store_is_in_the_home_and_never_in_the_working_folder(tmp_path: Path):
    settings = Settings.load({"GRAFTLINE_HOME": "/h"}, tmp_path / "none")
    assert settings.tracking_uri == "sqlite:////h/mlflow/mlflow.db"


def test_documents_may_be_a_folder_a_pattern_or_an_address(tmp_path: Path):
    def documents(value: str):
        return Settings.load({"GRAFTLINE_DOCUMENTS": value}, tmp_path / "none").documents

    assert documents("docs/**/*.md") == CHECKOUT / "docs" / "**" / "*.md"
    assert documents("s3://bucket/docs/*.md") == "s3://bucket/docs/*.md"


def test_chunker_and_limits_are_settings_and_a_wrong_one_says_what_to_type(tmp_path: Path):
    def load(**values: str) -> Settings:
        return Settings.load({f"GRAFTLINE_{name}": value for name, value in values.items()}, tmp_path / "none")

    assert load().chunking.strategy == "sentences" and load().limits.file_bytes == 64 << 20
    chosen = load(CHUNKER="parent-child", CHUNK_TOKENS="64", CHUNK_HEADERS="off").chunking
    assert (chosen.strategy, chosen.max_tokens, chosen.headers) == ("parent-child", 64, False)
    assert load(MAX_FILE_MB="0.5", READ_SECONDS="3").limits.seconds == 3
    for values in ({"CHUNKER": "magic"}, {"CHUNK_TOKENS": "two"}, {"CHUNK_TOKENS": "3"}, {"CHUNK_HEADERS": "yes"}):
        with pytest.raises(ConfigurationError, match="set GRAFTLINE_CHUNK"):
            load(**values).chunking  # noqa: B018
    with pytest.raises(ConfigurationError, match="set GRAFTLINE_MAX_FILE_MB=64"):
        load(MAX_FILE_MB="-1").limits  # noqa: B018


def test_a_share_of_bad_input_that_is_no_number_says_what_to_type(tmp_path: Path):
    assert Settings.load({"GRAFTLINE_BAD_SHARE": "0"}, tmp_path / "none").bad_share == 0
    for value in ("5 %", "-1"):
        with pytest.raises(ConfigurationError, match=r"set GRAFTLINE_BAD_SHARE=0\.05"):
            Settings.load({"GRAFTLINE_BAD_SHARE": value}, tmp_path / "none").bad_share  # noqa: B018


def test_the_level_of_intervals_is_a_share_and_a_percentage_or_its_rest_says_what_to_type(tmp_path: Path):
    assert Settings.load({}, tmp_path / "none").level == 0.95
    assert Settings.load({"GRAFTLINE_LEVEL": "0.99"}, tmp_path / "none").level == 0.99
    for value in ("99", "1", "0.05", "99 %"):
        with pytest.raises(ConfigurationError, match=r"at least 0\.5 and below 1. Next: set GRAFTLINE_LEVEL=0\.95"):
            Settings.load({"GRAFTLINE_LEVEL": value}, tmp_path / "none").level  # noqa: B018


def test_an_empty_variable_counts_as_unset(tmp_path: Path):
    dotenv = tmp_path / ".env"
    dotenv.write_text("GRAFTLINE_CHUNKER=\nLLM_MODEL=file-model\n", encoding="utf-8")
    settings = Settings.load({"LLM_MODEL": "", "GRAFTLINE_HOME": ""}, dotenv)
    assert (settings.llm_model, settings.chunker, settings.home) == ("file-model", "sentences", CHECKOUT / ".graftline")
    assert settings.sources["GRAFTLINE_CHUNKER"] == settings.sources["GRAFTLINE_HOME"] == "default"


def test_no_env_file_of_the_working_folder_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / ".env").write_text("GRAFTLINE_HOME=/from/the/working/folder\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LLM_MODEL", "environment-model")
    assert Settings.load({}).home != Path("/from/the/working/folder")
    assert Settings().home == CHECKOUT / ".graftline" and Settings().llm_model == ""


def test_settings_are_frozen_and_each_is_described():
    with pytest.raises(ValidationError):
        Settings().home = Path("/other")  # type: ignore[misc]
    assert all(field.description and field.alias for field in Settings.model_fields.values())


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"GRAFTLINE_CHUNKER": "sentence"},
            "found 'sentence'; expected one of sentences, .*GRAFTLINE_CHUNKER=sentences$",
        ),
        ({"GRAFTLINE_CHUNK_TOKENS": "two"}, "found 'two'; expected a whole number at least 8.*_TOKENS=160$"),
        ({"GRAFTLINE_READ_SECONDS": "inf"}, "expected a number above 0. Next: set GRAFTLINE_READ_SECONDS=60$"),
        ({"GRAFTLINE_MODES": "native,locl"}, "found 'locl'; .* Next: set GRAFTLINE_MODES=native,local$"),
        ({"GRAFTLINE_MODES": " ,"}, "found no mode; .* Next: set GRAFTLINE_MODES=native,local,global$"),
        ({"EMBEDDING_DTYPE": "float16"}, "expected one of auto, float32, bfloat16, int8"),
        ({"GRAFTLINE_HOEM": "/h"}, "GRAFTLINE_HOEM: .* Next: set GRAFTLINE_HOME instead$"),
    ],
)
def test_a_wrong_setting_says_what_was_found_what_is_expected_and_what_to_type(values: dict[str, str], message: str):
    with pytest.raises(ConfigurationError, match=message) as caught:
        Settings(**values)
    assert caught.value.where == next(iter(values))


def test_an_unknown_variable_is_named_with_its_nearest_and_those_of_tests_are_not(tmp_path: Path):
    dotenv = tmp_path / ".env"
    dotenv.write_text("GRAFTLINE_CHUNKR=code\nOTHER=1\n", encoding="utf-8")
    environment = {"GRAFTLINE_MODE": "local", "GRAFTLINE_TEST_NEO4J_URI": "x", "GRAFTLINE_BENCH_DATA": "y", "PATH": "z"}
    in_file, in_environment = Settings.read(environment, dotenv).unknown
    assert "[.env]" in str(in_file) and str(in_file).endswith("Next: set GRAFTLINE_CHUNKER instead")
    assert "[environment]" in str(in_environment) and str(in_environment).endswith("Next: set GRAFTLINE_MODES instead")


def test_no_secret_is_in_what_settings_print(tmp_path: Path):
    readings = Settings.read(SECRETS, tmp_path / "none")
    settings = Settings.of(readings)
    printed = [repr(settings), str(settings), repr(readings), *map(readings.display_value, readings.texts)]
    assert "s3cret" not in " ".join(printed)
    assert settings.neo4j_password.get_secret_value() == "s3cret" and settings.neo4j_uri == SECRETS["NEO4J_URI"]
    with pytest.raises(ConfigurationError) as caught:
        Settings(LLM_API_KEY=["s3cret"])
    assert "s3cret" not in str(caught.value)


def test_every_setting_of_answering_has_a_variable_with_its_default_that_reaches_it(tmp_path: Path):
    defaults = AnswerSettings()
    assert Settings.load({}, tmp_path / "none").answering == defaults
    reached = set()
    for name, field in AnsweringVariables.model_fields.items():
        if name == "prompts":
            continue
        choices = [one for one in get_args(field.annotation) if one != field.default]
        value = choices[0] if choices else {int: "70", float: "0.25"}[field.annotation]
        changed = Settings.load({str(field.alias): value}, tmp_path / "none").answering
        assert changed != defaults, name
        pairs = zip(_flat(changed).items(), _flat(defaults).values(), strict=True)
        reached |= {place for (place, one), before in pairs if one != before}
    assert reached == _flat(defaults).keys()


def _flat(settings: AnswerSettings) -> dict[str, object]:
    """Return the settings by name; filters are a question's own."""
    inner = {f"retrieval.{name}": one for name, one in settings.retrieval.model_dump(exclude={"filters"}).items()}
    inner |= {f"extract.{name}": one for name, one in settings.extract.model_dump().items()}
    return settings.model_dump(exclude={"retrieval", "extract"}) | inner


def test_a_fusion_that_there_is_can_be_named_and_no_other(tmp_path: Path):
    assert set(get_args(AnsweringVariables.model_fields["search_fusion"].annotation)) == set(FUSIONS)
    with pytest.raises(ConfigurationError, match=r"found 'rank'; .*set GRAFTLINE_SEARCH_FUSION=ranks"):
        Settings.load({"GRAFTLINE_SEARCH_FUSION": "rank"}, tmp_path / "none")
    with pytest.raises(ConfigurationError, match="at least 0 and at most 1"):
        Settings.load({"GRAFTLINE_SEARCH_VECTOR_WEIGHT": "2"}, tmp_path / "none")
    with pytest.raises(ConfigurationError, match=r"GRAFTLINE_CYPHER_ROWS.*at least 1"):
        Settings.load({"GRAFTLINE_CYPHER_ROWS": "0"}, tmp_path / "none")
