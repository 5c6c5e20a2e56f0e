from pathlib import Path

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
