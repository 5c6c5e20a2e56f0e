"""`LLM_MODEL=champion`: who carries the alias in a real registry, and what is said where nobody does."""

from pathlib import Path

import pytest

from pipelines.core.errors import NotMaterializedError
from pipelines.finetune.promotion.aliases import FOLDER_TAG, MODEL_TAG, RECIPE_TAG
from resources.models import local
from resources.models.language_model import open_language_model
from resources.models.promoted.promoted import PromotedModel
from resources.settings import Settings
from resources.tracking.tracker import MODEL, Tracker


def registered(settings: Settings) -> Tracker:
    """Register two versions, the first of which carries the alias."""
    tracker = Tracker(settings.tracking_uri, settings.home)
    with tracker._reached() as client:
        client.create_registered_model(MODEL)
        for number in ("1", "2"):
            folder = settings.home / "models" / "merged" / number
            folder.mkdir(parents=True)
            (folder / "config.json").write_text('{"max_position_embeddings": 77}')
            client.create_model_version(MODEL, folder.as_uri())
            tags = {FOLDER_TAG: f"models/merged/{number}", MODEL_TAG: f"digest{number}", RECIPE_TAG: "lora"}
            tracker.set_tags(number, tags)
    tracker.set_alias("champion", "1", "a test")
    return tracker


def test_before_the_first_champion_it_says_what_to_type(tmp_path: Path) -> None:
    settings = Settings(GRAFTLINE_HOME=str(tmp_path), LLM_MODEL="champion")
    model = open_language_model(settings)
    assert not model.packaged
    with pytest.raises(NotMaterializedError, match=r"no champion yet.*graftline run .*graftline promote VERSION"):
        model.complete([[{"role": "user", "content": "hello"}]], 8)
    assert not (tmp_path / "mlflow").exists()  # it was not asked of a registry that is not there


def test_the_alias_decides_who_answers_and_one_opened_model_stays_one_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "require_whole", lambda folder: None)  # there are no weights
    settings = Settings(GRAFTLINE_HOME=str(tmp_path), LLM_MODEL="champion")
    tracker, found = registered(settings), PromotedModel(settings)
    first = found.require()
    assert (first.version, first.recipe, first.label) == ("1", "lora", "graftline-champion-1-digest1")
    model = open_language_model(settings)
    assert model.name.startswith("1@") and model.context_tokens == 77
    tracker.set_alias("champion", "2", "promoted")
    assert found.require().folder == settings.home / "models" / "merged" / "2"
    assert model.name.startswith("1@") and open_language_model(settings).name.startswith("2@")
    tracker.set_alias("champion", "1", "rolled back")
    assert found.require() == first
    (first.folder / "config.json").unlink()
    with pytest.raises(NotMaterializedError, match="graftline rollback --model"):
        found.require()


def test_a_server_that_has_a_model_of_that_name_is_asked_for_it(tmp_path: Path) -> None:
    settings = Settings(GRAFTLINE_HOME=str(tmp_path), LLM_MODEL="champion", LLM_BASE_URL="http://127.0.0.1:9/v1")
    assert open_language_model(settings).name == "champion@http://127.0.0.1:9/v1"
