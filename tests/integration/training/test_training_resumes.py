"""A training that is killed, stopped early or spread over processes: real child processes on a tiny model."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from pipelines.finetune.models.base import BaseModel
from pipelines.finetune.recipes.recipe import Recipe
from pipelines.finetune.training.training import RESULT, read_log
from resources.settings import CHECKOUT
from tests.integration.training.trained import QUICK, specification

ENVIRONMENT = {**os.environ, "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "OMP_NUM_THREADS": "1",
               "ACCELERATE_USE_CPU": "true", "CUDA_VISIBLE_DEVICES": ""}  # fmt: skip
MODULE = "pipelines.finetune.training.train_child"


@pytest.fixture(scope="module")
def data(dataset: dict[str, Any]) -> str:
    return dataset["path"]


def start(
    recipe: Recipe,
    dataset: str,
    base: BaseModel,
    folder: Path,
    launcher: tuple[str, ...] = (),
    environment: Mapping[str, str] = ENVIRONMENT,
) -> Any:
    folder.mkdir(parents=True, exist_ok=True)
    spec = folder / "spec.json"
    spec.write_text(json.dumps(specification(recipe, dataset, base, folder)))
    with (folder / "child.log").open("ab") as log:
        command = [sys.executable, *launcher, "-m", MODULE, str(spec)]
        return subprocess.Popen(
            command, cwd=CHECKOUT, env={**ENVIRONMENT, **environment}, stdout=log, stderr=subprocess.STDOUT
        )


def finish(child: Any, folder: Path, seconds: int = 400) -> dict[str, Any]:
    assert child.wait(timeout=seconds) == 0, (folder / "child.log").read_text()[-3000:]
    return json.loads((folder / "output" / RESULT).read_text())


KINDS: dict[str, dict[str, Any]] = {
    "grouped": {
        "lora_dropout": 0.2,
        "gradient_accumulation_steps": 2,
        "neftune_noise_alpha": 5.0,
        "eval_strategy": "steps",
        "eval_steps": 5,
    },
    "packed": {"packing": True, "cutoff_len": 192, "lora_dropout": 0.2, "per_device_train_batch_size": 2},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_a_training_killed_at_a_random_step_ends_with_the_same_weights(
    name: str, tiny: BaseModel, data: str, tmp_path: Path
):
    steps = 60
    recipe = Recipe(**{**QUICK, "max_steps": steps, "save_steps": 7, "logging_steps": 1, **KINDS[name]})
    whole = finish(start(recipe, data, tiny, tmp_path / "whole"), tmp_path / "whole")
    folder = tmp_path / "killed"
    until = random.Random(time.time_ns()).randint(8, steps - 8)
    child = start(recipe, data, tiny, folder)
    deadline = time.monotonic() + 300
    while (read_log(folder) or [{"step": 0}])[-1]["step"] < until and time.monotonic() < deadline:
        assert child.poll() is None, (folder / "child.log").read_text()[-3000:]
        time.sleep(0.01)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    assert until <= read_log(folder)[-1]["step"] < steps
    resumed = finish(start(recipe, data, tiny, folder), folder)
    assert resumed["digest"] == whole["digest"], f"killed at step {until}"
    assert resumed["held_out_loss_after"] == whole["held_out_loss_after"]
    assert [row["step"] for row in read_log(folder / "output")] == list(range(1, steps + 1))
    assert losses(folder / "output") == losses(tmp_path / "whole" / "output")


def losses(folder: Path) -> list[tuple[float, float | None]]:
    return [(row["loss"], row.get("held_out_loss")) for row in read_log(folder)]


def test_early_stopping_keeps_the_best_and_goes_no_further(tiny: BaseModel, data: str, tmp_path: Path):
    from pipelines.finetune.training.train_child import train

    recipe = Recipe(**{**QUICK, "max_steps": 200, "learning_rate": 0.3, "eval_steps": 2, "eval_strategy": "steps",
                       "early_stopping_steps": 2, "lr_scheduler_type": "constant"})  # fmt: skip
    train(specification(recipe, data, tiny, tmp_path))
    result = json.loads((tmp_path / "output" / RESULT).read_text())
    taken = {row["step"]: row["held_out_loss"] for row in read_log(tmp_path / "output") if "held_out_loss" in row}
    assert result["steps"] < 200
    assert result["steps"] == result["best_step"] + 2 * 2
    assert result["held_out_loss_after"] <= min(taken.values()) + 1e-6


@pytest.mark.parametrize("back", [1, 0])
def test_a_resumed_training_keeps_its_patience(
    back: int, tiny: BaseModel, data: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from pipelines.finetune.training.journal import Journal
    from pipelines.finetune.training.train_child import train

    recipe = Recipe(**{**QUICK, "max_steps": 200, "learning_rate": 0.3, "eval_steps": 2, "eval_strategy": "steps",
                       "early_stopping_steps": 3, "lr_scheduler_type": "constant"})  # fmt: skip
    whole, broken = (specification(recipe, data, tiny, tmp_path / name) for name in ("whole", "broken"))
    train(whole)
    wanted = json.loads((tmp_path / "whole" / "output" / RESULT).read_text())
    stops = wanted["steps"] - 2 * back  # the last evaluation but one, or the one that stops it
    saved = Journal.on_save

    def ends_after_saving(self: Any, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        saved(self, args, state, control, **kwargs)
        if state.global_step == stops:
            raise KeyboardInterrupt

    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr(Journal, "on_save", ends_after_saving)
        train(broken)
    train(broken)
    found = json.loads((tmp_path / "broken" / "output" / RESULT).read_text())
    assert found["best_step"] == wanted["best_step"] and found["digest"] == wanted["digest"]
    assert wanted["steps"] <= found["steps"] <= wanted["steps"] + (back == 0)


@pytest.mark.slow
def test_accelerate_launch_trains_on_two_processes_and_one_writes(tiny: BaseModel, data: str, tmp_path: Path):
    from safetensors.torch import load_file

    recipe = Recipe(**{**QUICK, "max_steps": 4})
    # Accelerate's own --cpu starts one process without MPI; --multi_gpu is its torchrun, told not to look for GPUs.
    launcher = ("-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2", "--main_process_port", "0")
    result = finish(start(recipe, data, tiny, tmp_path / "two", launcher), tmp_path / "two")
    assert result["processes"] == 2 and result["held_out_loss_after"] < result["held_out_loss_before"]
    assert [row["step"] for row in read_log(tmp_path / "two" / "output")] == [1, 2, 4]
    # Two processes with batches of four are one with batches of eight, and held-out loss is taken over all rows once.
    doubled = Recipe(**{**QUICK, "max_steps": 4, "per_device_train_batch_size": 8})
    alone = finish(start(doubled, data, tiny, tmp_path / "one"), tmp_path / "one")
    assert result["held_out_loss_before"] == pytest.approx(alone["held_out_loss_before"], rel=1e-5)
    assert result["tokens"] == pytest.approx(alone["tokens"], rel=0.1)
    weights = load_file(tmp_path / "two" / "output" / "adapter_model.safetensors")
    assert any(float(value.abs().max()) > 0 for name, value in weights.items() if "lora_B" in name)
