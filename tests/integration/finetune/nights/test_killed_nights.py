"""A night that is killed at each step and started again decides what an undisturbed one does, and asks no row twice."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from resources.settings import CHECKOUT
from tests.finetune.dataset.example_rows import write
from tests.integration.finetune.nights.planted import questions
from tests.integration.training.tiny_model import make_tiny_model

pytestmark = pytest.mark.slow
ENGINE = "vllm" if importlib.util.find_spec("vllm") else "transformers"
STEPS = ("adapter", "merged_model", "predictions", "evaluation", "registered_model")
RECIPE = """
model_name_or_path: MODEL
finetuning_type: lora
lora_rank: 16
lora_alpha: 64
lora_target: TARGET
cutoff_len: 256
per_device_train_batch_size: 8
learning_rate: 1.0e-2
max_steps: 120
bf16: false
logging_steps: 20
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of instructions and of two recipes, one of which cannot be trained."""
    folder = tmp_path_factory.mktemp("killed")
    model = make_tiny_model(folder / "tiny", heads=2)
    rows = [row | {"output": "Desk seven, as recorded."} for row in questions()]
    write(folder / "instructions", "desks.json", rows)
    for name, target in (("good", "all"), ("torn", "no_such_layer")):
        write(folder / "recipes", f"{name}.yaml", RECIPE.replace("MODEL", str(model)).replace("TARGET", target))
    return folder


def run(place: Path, home: Path, step: str = "none") -> int:
    """Run a night in a process of its own; return its exit status."""
    home.mkdir(exist_ok=True)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "LLM_", "NEO4J_"))},
        "GRAFTLINE_HOME": str(home),
        "GRAFTLINE_RECIPES": str(place / "recipes"),
        "GRAFTLINE_INSTRUCTIONS": str(place / "instructions"),
        "GRAFTLINE_ENGINE": ENGINE,
    }
    with (home / "night.log").open("ab") as log:
        child = [sys.executable, "-m", "tests.integration.finetune.nights.killed_child", str(home), step]
        return subprocess.run(child, cwd=CHECKOUT, env=environment, stdout=log, stderr=log, check=False).returncode


def rows(file: Path) -> list[tuple[Any, ...]]:
    return [tuple(json.loads(line)) for line in file.read_text().splitlines()] if file.exists() else []


def ended(home: Path) -> dict[str, Any]:
    return json.loads((home / "ended.json").read_text(encoding="utf-8"))


def test_a_night_that_was_killed_at_each_step_ends_alike_and_one_torn_recipe_stops_no_other(
    place: Path, tmp_path: Path
) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert run(place, whole) == 0, (whole / "night.log").read_text()[-3000:]
    for step in (*STEPS, "none"):
        stored, asked = set(rows(killed / "stored.jsonl")), len(rows(killed / "asked.jsonl"))
        status = run(place, killed, step)
        assert status == (0 if step == "none" else -signal.SIGKILL), (killed / "night.log").read_text()[-3000:]
        again = rows(killed / "asked.jsonl")[asked:]
        assert not stored & set(again), f"asked again after a kill at {step}"
    assert len(rows(killed / "stored.jsonl")) == len(set(rows(killed / "stored.jsonl"))) > 200
    one, other = ended(whole), ended(killed)
    for found in (one, other):
        assert found["outcomes"]["finetune[good]"][0] == found["outcomes"]["promotion"][0] == "done"
        verdict, reason = found["outcomes"]["finetune[torn]"]
        assert verdict == "FAILED" and "no_such_layer" in reason
        told = {outcome["recipe"]: outcome["verdict"] for outcome in found["decision"]["outcomes"]}
        # So small a model learns no answer: it is judged, and what it is judged to be is the planted cases' business.
        assert told["torn"] == "missing" and told["good"] in ("promote", "hold", "reject")
    assert one["decision"] == other["decision"]
    assert (one["champion"] or {}).get("recipe") == (other["champion"] or {}).get("recipe")
