"""A training that its asset's budget ends in the middle goes on the night after, from what it had stored."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from pipelines.finetune.training.training import read_log
from resources.settings import CHECKOUT
from tests.finetune.dataset.example_rows import write
from tests.integration.finetune.nights.planted import questions
from tests.integration.training.tiny_model import make_tiny_model

pytestmark = pytest.mark.slow
STEPS, SAVED, LONG = 3000, 20, 900.0
RECIPE = f"""
model_name_or_path: MODEL
finetuning_type: lora
lora_target: all
cutoff_len: 128
per_device_train_batch_size: 2
max_steps: {STEPS}
save_steps: {SAVED}
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


def logged(home: Path, where: str = "work") -> list[dict[str, Any]]:
    """Return what a training logged of each update: below `work` while it is not done, else with its adapter."""
    return [row for log in (home / where).rglob("train_log.jsonl") for row in read_log(log.parent)]


def test_a_training_ended_by_its_budget_goes_on_the_next_night_and_leaves_no_process(tmp_path: Path) -> None:
    model, home = make_tiny_model(tmp_path / "tiny", heads=2), tmp_path / "home"
    home.mkdir()
    write(tmp_path / "instructions", "desks.json", questions())
    write(tmp_path / "recipes", "good.yaml", RECIPE.replace("MODEL", str(model)))
    given = tmp_path / "instructions", tmp_path / "recipes"
    seconds = 8.0
    while len(logged(home)) <= 2 * SAVED:  # on a slow machine a start alone takes longer
        verdict, reason = night(home, *given, seconds)["finetune[good]"]
        assert not trainers(home), "a training outlived its night"
        assert verdict == "put off" and f"GRAFTLINE_ASSET_BUDGETS, adapter: found {seconds:g} s spent" in reason
        seconds *= 2
    before = logged(home)
    kept = before[: (len(before) // SAVED - 1) * SAVED]  # the last one may have been half written
    assert len(before) < STEPS
    verdict, reason = night(home, *given, LONG)["finetune[good]"]
    assert verdict == "done", reason
    rows = logged(home, "models")
    assert [row["step"] for row in rows] == list(range(1, STEPS + 1))
    assert rows[: len(kept)] == kept, "it began anew: the same updates took other seconds"
