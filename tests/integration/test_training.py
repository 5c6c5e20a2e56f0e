"""A real LoRA on the real small model: it learns, it is not done twice, it merges without changing, it resumes."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipelines.finetune.base import BaseModel
from pipelines.finetune.dataset import build_dataset
from pipelines.finetune.instructions import load_instructions
from pipelines.finetune.merging import merge
from pipelines.finetune.recipe import Recipe
from pipelines.finetune.training import read_log, train
from resources.settings import CHECKOUT
from resources.small_model import SmallModel

TINY = Recipe(
    lora_rank=4, max_steps=6, save_steps=2, logging_steps=1, max_samples=16, per_device_train_batch_size=2,
    learning_rate=1e-3, cutoff_len=96, bf16=False,
)


@pytest.fixture(scope="module")
def base(small_model: Path) -> BaseModel:
    return SmallModel(CHECKOUT / ".graftline").resolve("smollm2")


@pytest.fixture(scope="module")
def trained(base: BaseModel, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict, dict]:
    home = tmp_path_factory.mktemp("training")
    dataset = build_dataset(load_instructions(CHECKOUT / "samples" / "instructions").rows, home)
    return home, dataset, train(TINY, dataset, base, home)


def test_a_few_steps_lower_the_held_out_loss(trained):
    _, _, record = trained
    assert record["held_out_loss_after"] < record["held_out_loss_before"]
    assert [row["step"] for row in read_log(Path(record["path"]))] == [1, 2, 3, 4, 5, 6]


def test_the_adapter_names_its_base_by_hub_name_and_is_safetensors(trained):
    folder = Path(trained[2]["path"])
    config = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    assert config["base_model_name_or_path"] == "HuggingFaceTB/SmolLM2-135M-Instruct"
    assert (folder / "adapter_model.safetensors").exists()
    assert not [path for path in folder.rglob("*") if path.suffix in (".bin", ".pt", ".pkl")]


def test_the_same_training_is_not_done_twice(trained, base: BaseModel, monkeypatch: pytest.MonkeyPatch):
    home, dataset, record = trained
    monkeypatch.setattr("pipelines.finetune.training.run_child", lambda *_, **__: pytest.fail("a child was started"))
    assert train(TINY, dataset, base, home) == record


def test_the_merged_model_says_what_base_and_adapter_say(trained, base: BaseModel):
    home, dataset, record = trained
    merged = merge(TINY, record, Path(dataset["path"]), base, home)
    assert merged["merge_difference"] < 1e-3
    assert (Path(merged["path"]) / "model.safetensors").exists()


@pytest.mark.slow
def test_a_killed_training_goes_on_from_its_checkpoint_to_the_same_weights(trained, base: BaseModel, tmp_path: Path):
    home, dataset, record = trained
    code = (
        "import json, sys; from pathlib import Path; from pipelines.finetune.base import BaseModel;"
        "from pipelines.finetune.recipe import Recipe; from pipelines.finetune.training import train;"
        "from resources.small_model import SmallModel; from resources.settings import CHECKOUT;"
        "spec = json.loads(sys.argv[1]);"
        "base = SmallModel(CHECKOUT / '.graftline').resolve('smollm2');"
        "train(Recipe(**spec['recipe']), spec['dataset'], base, Path(spec['home']))"
    )
    spec = json.dumps({"recipe": TINY.model_dump(), "dataset": dataset, "home": str(tmp_path)})
    process = subprocess.Popen([sys.executable, "-c", code, spec], cwd=CHECKOUT, start_new_session=True)
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline and not list(tmp_path.rglob("checkpoint-2/graftline_complete")):
        time.sleep(0.1)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert train(TINY, dataset, base, tmp_path)["digest"] == record["digest"]
