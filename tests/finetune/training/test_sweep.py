from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from pipelines.core.child_process import ChildError
from pipelines.core.errors import InputError, ServiceError
from pipelines.finetune.models.base import BaseModel
from pipelines.finetune.recipes.recipe import Recipe
from pipelines.finetune.training import sweep as module
from pipelines.finetune.training.record import TrainingRecord, TrainingRun
from pipelines.finetune.training.sweep import parse_grid, sweep, sweep_key
from pipelines.finetune.training.tracked import run_name
from tests.finetune.training.records import training_record

BASE = BaseModel(Path("base"), "org/base", "r1")
DATASET = {"digest": "d", "path": "rows", "train": 3}


class FakeRuns:
    """Keeps what a sweep logs."""

    def __init__(self) -> None:
        self.failures: list[str] = []
        self.rows: list[Mapping[str, Any]] = []

    def log_training(self, run: TrainingRun) -> str:
        raise AssertionError("trainings are faked above this")

    def open_sweep(self, key: str, name: str, recipe: str) -> str:
        return f"parent-{key}"

    def log_failure(self, key: str, name: str, recipe: str, parent: str, error: str) -> str:
        self.failures.append(error)
        return "failed-run"

    def close_sweep(self, run_id: str, rows: Sequence[Mapping[str, Any]], picture: Path, failed: int) -> None:
        assert picture.stat().st_size > 0 and failed == len(self.failures)
        self.rows = list(rows)


def test_a_grid_has_every_combination_with_typed_values():
    grid = parse_grid(["lora_rank=4,8", "learning_rate=1e-4,5e-4"])
    assert list(grid) == [
        "lora_rank=4 learning_rate=1e-4", "lora_rank=4 learning_rate=5e-4",
        "lora_rank=8 learning_rate=1e-4", "lora_rank=8 learning_rate=5e-4",
    ]  # fmt: skip
    assert grid["lora_rank=4 learning_rate=5e-4"] == {"lora_rank": 4, "learning_rate": "5e-4"}


@pytest.mark.parametrize("sets", [[], ["lora_rank"], ["lora_rank="], ["=4"], ["seed=1", "seed=2"]])
def test_a_grid_without_keys_or_values_is_refused(sets: list[str]):
    with pytest.raises(InputError, match="Next: --set"):
        parse_grid(sets)


def test_a_member_that_fails_is_shown_and_stops_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def train(name: str, recipe: Recipe, *rest: Any) -> TrainingRecord:
        if recipe.lora_rank == 8:
            raise ServiceError("the machine", "no memory left", "more of it", "a smaller rank")
        serving = {"servable": False, "reasons": ["use_dora"], "command": ""}
        return training_record(
            held_out_loss_after=2.0 / recipe.lora_rank, run_id=f"run-{recipe.lora_rank}", vllm_lora=serving
        )

    monkeypatch.setattr(module, "train_and_track", train)
    runs, members = FakeRuns(), {f"lora_rank={rank}": Recipe(lora_rank=rank) for rank in (4, 8, 16)}
    result = sweep("lora", members, DATASET, BASE, tmp_path, runs)
    assert [row["state"] for row in runs.rows] == ["finished", "failed", "finished"]
    assert [row["vllm"] for row in runs.rows] == ["refuses the adapter: use_dora", "", "refuses the adapter: use_dora"]
    assert "no memory left" in runs.failures[0] and [member.label for member in result.failed] == ["lora_rank=8"]
    assert result.best is not None and result.best.label == "lora_rank=16" and result.run_id.startswith("parent-")


def test_a_value_with_commas_stands_in_quotes():
    assert list(parse_grid(['lora_target="q_proj,v_proj",all'])) == ["lora_target=q_proj,v_proj", "lora_target=all"]


def test_a_value_given_twice_is_refused():
    with pytest.raises(InputError, match="'2' a second time"):
        parse_grid(["lora_rank=2,4,2"])


def test_a_traceback_is_told_by_its_last_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def train(*arguments: Any) -> TrainingRecord:
        raise ChildError("train_child", "exit status 1; its last lines:\nTraceback\nKeyError: 'x'", "none", "read it")

    monkeypatch.setattr(module, "train_and_track", train)
    result = sweep("lora", {"lora_rank=4": Recipe(lora_rank=4)}, DATASET, BASE, tmp_path, FakeRuns())
    assert result.members[0].error == "train_child: KeyError: 'x'"


def test_settings_cannot_be_compared_without_a_held_out_row(tmp_path: Path):
    with pytest.raises(InputError, match="no held-out row"):
        sweep("lora", {"a": Recipe()}, {**DATASET, "test": 0}, BASE, tmp_path, FakeRuns())


def test_the_sweeps_key_is_of_its_members_whatever_their_order():
    one, other = Recipe(lora_rank=4), Recipe(lora_rank=8)
    key = sweep_key({"a": one, "b": other}, "d", "r")
    assert key == sweep_key({"x": other, "y": one}, "d", "r") != sweep_key({"a": one}, "d", "r")


def test_members_of_several_models_are_refused(tmp_path: Path):
    members = {name: Recipe(model_name_or_path=name) for name in ("one", "two")}
    with pytest.raises(InputError, match="one, two"):
        sweep("lora", members, DATASET, BASE, tmp_path, FakeRuns())


def test_a_runs_name_tells_trainings_apart():
    lora = run_name("lora", Recipe(lora_rank=16, learning_rate=1e-3), 328, "0123456789")
    assert lora == "lora · LoRA r16 a32 · lr 0.001 · batch 1 · smollm2 · 328 rows · 01234567"
    qlora = run_name("q", Recipe(quantization_bit=4, stage="dpo", model_name_or_path="org/Tiny"), 1, "0123456789")
    assert "DPO 4-bit LoRA r8" in qlora and " · Tiny · " in qlora
