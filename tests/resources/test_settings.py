from pathlib import Path

import pytest

from pipelines.core.errors import ConfigurationError
from resources.settings import CHECKOUT, Settings


def test_the_environment_goes_before_the_file_and_the_file_before_the_default(tmp_path: Path):
    dotenv = tmp_path / ".env"
    dotenv.write_text("GRAFTLINE_HOME=/from/file\nLLM_MODEL=file-model\n", encoding="utf-8")
    settings = Settings.load({"GRAFTLINE_HOME": "/from/environment"}, dotenv)
    assert settings.home == Path("/from/environment")
    assert settings.sources["GRAFTLINE_HOME"] == "environment"
    assert (settings.values["LLM_MODEL"], settings.sources["LLM_MODEL"]) == ("file-model", ".env")
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
