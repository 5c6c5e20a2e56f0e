"""What a recipe asks for and cannot have: refused with what to type, or noted beside what was done instead."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.core.errors import InputError
from pipelines.finetune.dataset.preparation import prepare
from pipelines.finetune.dataset.saved import save_splits
from pipelines.finetune.dataset.stored import load_dataset
from pipelines.finetune.models.base import BaseModel
from pipelines.finetune.recipes.recipe import Recipe
from pipelines.finetune.training import training
from pipelines.finetune.training.checks import adapter_checks
from pipelines.finetune.training.record import TrainingRecord
from pipelines.finetune.training.training import RESULT, read_log
from pipelines.measuring.gates import Verdict
from tests.finetune.dataset.example_rows import stored, write
from tests.integration.training.trained import QUICK, preferences, specification

SHORT: dict[str, Any] = {**QUICK, "max_steps": 2, "logging_steps": 1}


@pytest.fixture(scope="module")
def nothing_held_out(dataset: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("whole")
    rows = load_dataset(Path(dataset["path"]))["train"].data.table
    save_splits({"train": rows, "test": rows.slice(0, 0)}, folder, "whole")
    (folder / "graftline.json").write_text("{}", encoding="utf-8")
    return str(folder)


def trained(values: dict[str, Any], dataset: str, base: BaseModel, folder: Path) -> dict[str, Any]:
    from pipelines.finetune.training.train_child import train

    train(specification(Recipe(**values), dataset, base, folder))
    return json.loads((folder / "output" / RESULT).read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"stage": "dpo"}, "write stage: sft"),
        ({"cutoff_len": 8}, "raise it: cutoff_len=2048"),
        ({"lora_target": "qproj"}, "write q_proj instead of qproj"),
        ({"lora_target": "q_proj,nope"}, "'nope', which is no module"),
        ({"lora_target": "norm"}, "linear layers: down_proj, gate_proj"),
        ({"additional_target": "nope"}, "one of down_proj, embed_tokens"),
        ({"template": "llama9"}, "llama"),
    ],
    ids=str,
)
def test_a_mistake_in_a_recipe_is_refused(
    values: dict[str, Any], said: str, tiny: BaseModel, dataset: dict[str, Any], tmp_path: Path
):
    with pytest.raises(InputError) as caught:
        trained({**SHORT, **values}, dataset["path"], tiny, tmp_path)
    assert said in str(caught.value)


def test_an_eval_dataset_is_measured_whole_and_all_of_dataset_trains(tiny: BaseModel, tmp_path: Path):
    for name, count in (("train", 24), ("val", 20)):  # more than are measured of rows that the split holds out
        asked = [f"What does the {name} piece with the number {n} cost in {n * 7} shops?" for n in range(count)]
        write(
            tmp_path / "in", f"{name}.json", [{"instruction": text, "output": f"{len(text)} crowns."} for text in asked]
        )
    dataset = prepare(tmp_path / "in", tmp_path / "home")
    result = trained({**SHORT, "dataset": "train", "eval_dataset": "val"}, dataset["path"], tiny, tmp_path)
    assert (result["rows"], result["held_out_rows"]) == (24, 20)


def test_rows_for_another_stage_are_refused(tiny: BaseModel, dataset: dict[str, Any], tmp_path: Path):
    with pytest.raises(InputError, match="write stage: dpo"):
        trained(SHORT, preferences(tmp_path / "pairs"), tiny, tmp_path)
    with pytest.raises(InputError, match="of kind sft"):  # the record says so: no child is started
        training.train(Recipe(**SHORT, stage="dpo"), dataset, tiny, tmp_path / "home")
    assert not (tmp_path / "home").exists()


def test_tools_under_a_template_without_them_are_refused(tiny: BaseModel, tmp_path: Path):
    tools = json.dumps([{"type": "function", "function": {"name": "search", "parameters": {"type": "object"}}}])
    said = [{"role": "user", "content": "?"}, {"role": "assistant", "content": "!"}]
    rows = stored({"row_id": str(n), "messages": said, "source": "s", "language": "en", "tools": tools} for n in "ab")
    save_splits({"train": rows, "test": rows.slice(0, 0)}, tmp_path / "tools", "tools")
    (tmp_path / "tools" / "graftline.json").write_text("{}", encoding="utf-8")
    with pytest.raises(InputError, match="tools"):
        trained(SHORT, str(tmp_path / "tools"), tiny, tmp_path)


def test_each_held_out_loss_stands_once_at_its_own_step(tiny: BaseModel, dataset: dict[str, Any], tmp_path: Path):
    values = {**QUICK, "max_steps": 5, "logging_steps": 4, "eval_strategy": "steps", "eval_steps": 2}
    result = trained(values, dataset["path"], tiny, tmp_path)
    losses = {row["step"]: row.get("held_out_loss") for row in read_log(tmp_path / "output")}
    assert list(losses) == [1, 2, 4, 5] and losses[1] is None
    assert losses[5] == result["held_out_loss_after"]
    assert len({result["held_out_loss_before"], losses[2], losses[4], losses[5]}) == 4


def test_an_epochs_held_out_loss_has_its_line_whatever_is_logged(
    tiny: BaseModel, dataset: dict[str, Any], tmp_path: Path
):
    values = {**QUICK, "max_steps": -1, "num_train_epochs": 2, "logging_steps": 1000, "eval_strategy": "epoch"}
    result = trained({**values, "max_samples": 16}, dataset["path"], tiny, tmp_path)
    losses = {row["step"]: row.get("held_out_loss") for row in read_log(tmp_path / "output")}
    assert list(losses) == [1, 4, 8] and losses[1] is None and losses[4] != losses[8] == result["held_out_loss_after"]


@pytest.mark.parametrize("stage", ["sft", "dpo"])
def test_without_a_held_out_row_nothing_is_measured_and_no_number_is_made_up(
    stage: str, tiny: BaseModel, nothing_held_out: str, tmp_path: Path
):
    where = nothing_held_out
    if stage == "dpo":
        where = preferences(tmp_path / "pairs", held_out=0)
    result = trained({**SHORT, "stage": stage, "eval_strategy": "steps", "eval_steps": 1}, where, tiny, tmp_path)
    assert result["held_out_rows"] == 0
    assert not {name for name in result if name.startswith("held_out_")} - {"held_out_rows"}
    assert result["noted"] == ["eval_strategy: steps – no row is held out, so no loss was taken on any"]
    checks = adapter_checks(TrainingRecord.of_result(result, "k", tmp_path / "output"))
    assert checks["held_out_loss_fell"] == Verdict(True, "no row is held out: nothing to compare on")


def test_early_stopping_needs_a_held_out_row(
    tiny: BaseModel, dataset: dict[str, Any], nothing_held_out: str, tmp_path: Path
):
    values = {**SHORT, "early_stopping_steps": 2, "eval_strategy": "steps"}
    with pytest.raises(InputError, match="leave early_stopping_steps out"):
        trained(values, nothing_held_out, tiny, tmp_path)
    with pytest.raises(InputError, match="leave early_stopping_steps out"):
        training.train(Recipe(**values), {**dataset, "test": 0}, tiny, tmp_path / "home")


def test_what_stands_in_for_a_request_is_noted(
    tiny: BaseModel, dataset: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    from pipelines.finetune.training import arguments, train_child

    monkeypatch.setattr(train_child, "keeps_samples_apart", lambda model: False)
    monkeypatch.setattr(train_child.torch.cuda, "is_available", lambda: False)
    assert arguments.stand_ins(Recipe(), cuda=False) == []
    values = {**SHORT, "optim": "paged_adamw_8bit", "packing": True, "cutoff_len": 192}
    result = trained(values, dataset["path"], tiny, tmp_path)
    assert result["noted"] == [
        "optim: paged_adamw_8bit – needs a GPU; AdamW in float32 stood in for it",
        "packing: true – this model's attention can't keep samples apart; each has its own row",
    ]
    assert result["optimiser"] == "adamw_torch_fused"
