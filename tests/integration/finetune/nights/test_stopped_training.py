"""A training that its asset's budget ends in the middle goes on the night after, from what it had stored."""

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from pipelines.finetune.training.training import read_log
from resources.settings import CHECKOUT
from tests.finetune.dataset.example_rows import write
from tests.integration.finetune.nights.planted import questions
from tests.integration.training.tiny_model import make_tiny_model

pytestmark = pytest.mark.slow
BUDGET, STEPS, NIGHTS = 30.0, 6000, 20
RECIPE = f"""
model_name_or_path: MODEL
finetuning_type: lora
lora_target: all
cutoff_len: 128
per_device_train_batch_size: 2
max_steps: {STEPS}
save_steps: 20
logging_steps: 1
bf16: false
"""


def night(home: Path, instructions: Path, recipes: Path, seconds: float) -> dict[str, list[str]]:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "LLM_", "NEO4J_"))},
        "GRAFTLINE_HOME": str(home),
        "GRAFTLINE_RECIPES": str(recipes),
        "GRAFTLINE_INSTRUCTIONS": str(instructions),
        "GRAFTLINE_ENGINE": "transformers",
    }
    child = [sys.executable, "-m", "tests.integration.finetune.nights.stopped_child", str(home), str(seconds)]
    with (home / "night.log").open("ab") as log:
        subprocess.run(child, cwd=CHECKOUT, env=environment, stdout=log, stderr=log, check=True)
    return json.loads((home / "outcomes.json").read_text(encoding="utf-8"))


def trainers(home: Path) -> list[int]:
    return [
        one.pid for one in psutil.process_iter(["cmdline"]) if any(str(home) in p for p in one.info["cmdline"] or ())
    ]


def logged(home: Path) -> list[int]:
    return [row["step"] for log in home.rglob("train_log.jsonl") for row in read_log(log.parent)]


def test_a_training_ended_by_its_budget_goes_on_the_next_night_and_leaves_no_process(tmp_path: Path) -> None:
    model, home = make_tiny_model(tmp_path / "tiny", heads=2), tmp_path / "home"
    home.mkdir()
    write(tmp_path / "instructions", "desks.json", questions())
    write(tmp_path / "recipes", "good.yaml", RECIPE.replace("MODEL", str(model)))
    reached = 0
    for number in range(NIGHTS):
        verdict, reason = night(home, tmp_path / "instructions", tmp_path / "recipes", BUDGET)["finetune[good]"]
        assert not trainers(home), "a training outlived its night"
        steps = logged(home)
        if verdict == "done":
            break
        assert verdict == "put off" and "GRAFTLINE_ASSET_BUDGETS, adapter: found 30 s spent" in reason
        assert max(steps) > reached, f"night {number} came no further than {reached}"
        reached = max(steps)
    assert number >= 1, "it was never stopped: raise STEPS"
    assert verdict == "done" and sorted(set(steps)) == sorted(steps) == list(range(1, STEPS + 1))
