"""The first half of fine-tuning by `dg.materialize`: a tiny real base, fake child processes, a fake tracker."""

import json
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pyarrow as pa
import pytest

from assets.finetune import dataset as data
from assets.finetune import training as module
from assets.finetune.recipe_config import RecipeConfig
from pipelines.core.checkpoints.revision import checkpoint_digest
from pipelines.core.errors import ConfigurationError
from pipelines.finetune.dataset.rows.table import source_place
from pipelines.finetune.dataset.split import SplitSettings, held_out_rows
from pipelines.finetune.merging import merging
from pipelines.finetune.models.base import BaseModel
from pipelines.finetune.training import training
from pipelines.finetune.training.record import TrainingRun
from resources.settings import Settings
from resources.tables.asset_io import TableIOManager
from resources.tables.tables import TableStore
from tests.assets.gates_and_levels import refusals
from tests.finetune.dataset.example_rows import many, write
from tests.finetune.merging import records as merged
from tests.finetune.training import records as trained
from tests.integration.training.tiny_model import make_tiny_model

CHECKS = [
    data.rows_are_sound,
    data.nothing_leaks,
    module.something_is_trained,
    module.loss_fell,
    module.vllm_serves_the_adapter,
    module.merge_is_faithful,
]


class FakeBase:
    """Resolves every name to the same folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def resolve(self, name: str) -> BaseModel:
        return BaseModel(self.folder, "org/tiny", "r1")


class FakeTracker:
    """Keeps what was logged, one run a key."""

    def __init__(self) -> None:
        self.runs: dict[str, TrainingRun] = {}

    def log_training(self, run: TrainingRun) -> str:
        self.runs[run.key] = run
        return f"run-{run.key}"


class FakeChild:
    """Writes what both children would."""

    def __init__(self) -> None:
        self.after = 1.0
        self.ran: list[str] = []

    def __call__(self, module: str, spec: dict[str, Any], folder: Path, *rest: Any, **more: Any) -> Path:
        self.ran.append(module.rsplit(".", 1)[1])
        output = Path(spec["output"])
        output.mkdir(parents=True)
        if "train" in module:
            row = {"step": 1, "loss": 1.5, "learning_rate": 1e-3, "seconds": 2.0}
            (output / training.LOG).write_text(json.dumps(row) + "\n")
            config = {"peft_type": "LORA", "r": 8, "target_modules": ["q_proj"], "bias": "none"}
            (output / "adapter_config.json").write_text(json.dumps(config))
            result = trained.RESULT | {"held_out_loss_after": self.after}
        else:
            result = merged.RESULT | {"digest": checkpoint_digest(output)}
        (output / training.RESULT).write_text(json.dumps(result))
        return folder


class Line:
    """The four assets over one home."""

    def __init__(self, home: Path, base: Path) -> None:
        self.home = home
        self.settings = Settings.load()
        self.tables, self.tracker, self.child = TableStore(home / "tables"), FakeTracker(), FakeChild()
        self.resources = {
            "io_manager": TableIOManager(self.tables),
            "settings": self.settings,
            "tables": self.tables,
            "tracker": self.tracker,
            "base_model": FakeBase(base),
        }

    def run(self, *assets: Any, recipe: str | None = None) -> dg.ExecuteInProcessResult:
        every = [data.instruction_dataset, module.model_profile, module.adapter, module.merged_model, *CHECKS]
        keys = [asset.key for asset in assets]
        return dg.materialize(
            every,
            selection=dg.AssetSelection.assets(*keys),
            resources=self.resources,
            partition_key=recipe,
            raise_on_error=False,
        )


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("base"))


@pytest.fixture
def line(home: Path, base: Path, monkeypatch: pytest.MonkeyPatch) -> Line:
    monkeypatch.setenv("GRAFTLINE_INSTRUCTIONS", str(home / "in"))
    many(home / "in", sources=40)
    made = Line(home, base)
    monkeypatch.setattr(training, "run_child", made.child)
    monkeypatch.setattr(merging, "run_child", made.child)
    return made


def verdicts(result: dg.ExecuteInProcessResult) -> dict[str, bool]:
    return {evaluation.check_name: evaluation.passed for evaluation in result.get_asset_check_evaluations()}


def through(line: Line) -> dict[str, bool]:
    first = line.run(data.instruction_dataset)
    rest = line.run(module.model_profile, module.adapter, module.merged_model, recipe="lora")
    assert first.success
    return verdicts(first) | verdicts(rest)


def test_the_four_assets_pass_their_checks_and_keep_their_gates(line: Line):
    assert through(line) == {
        "rows_are_sound": True,
        "nothing_leaks": True,
        "something_is_trained": True,
        "loss_fell": True,
        "vllm_serves_the_adapter": True,
        "merge_is_faithful": True,
    }
    dataset, adapter = line.tables.read_record("instruction_dataset"), line.tables.read_record("adapter/lora")
    merged = line.tables.read_record("merged_model/lora")
    assert adapter["run_id"] == merged["run_id"] == f"run-{adapter['key']}"
    assert merged["adapter_path"] == adapter["path"] and merged["recipe"] == "lora"
    digests = {"instruction_dataset": dataset["digest"], "adapter/lora": "weights"}
    digests["merged_model/lora"] = merged["digest"]
    for name, digest in digests.items():
        gate = line.tables.read_record(f"gates/{name}")
        assert gate["digest"] == digest and all(check["passed"] for check in gate["checks"].values())
    assert refusals(line.tables, CHECKS[:2]) == {"instruction_dataset": None}
    assert refusals(line.tables, CHECKS[2:], "lora") == {"adapter": None, "merged_model": None}


def test_a_merged_checkpoint_that_was_changed_afterwards_is_stopped(line: Line):
    through(line)
    (Path(line.tables.read_record("merged_model/lora")["path"]) / "chat_template.jinja").write_text("another")
    assert through(line)["merge_is_faithful"] is False
    refused = refusals(line.tables, [module.merge_is_faithful], "lora")["merged_model"]
    assert refused is not None and "files_are_as_merged" in refused


def test_a_second_run_trains_and_merges_nothing(line: Line):
    through(line)
    through(line)
    assert line.child.ran == ["train_child", "merge_child"] and len(line.tracker.runs) == 1


def test_bad_rows_are_listed_and_stop_the_line_above_the_share(line: Line):
    write(line.home / "in", "bad.jsonl", [{"instruction": "x", "output": ""}] * 8)
    result = line.run(data.instruction_dataset)
    (made,) = result.asset_materializations_for_node("instruction_dataset")
    assert made.metadata["rejected"].value == 8 and "bad.jsonl" in made.metadata["ledger"].value
    assert verdicts(result)["rows_are_sound"] is False


def test_a_held_out_question_in_the_documents_stops_the_line(line: Line):
    sentence = "Is the blue tent of the Arctic series from last winter still sold in both of your shops?"
    rows = [{"instruction": f"{sentence} ({n} {n})", "output": f"Answer {n}.", "source": f"s{n}"} for n in range(40)]
    places = np.array([source_place(row["source"], SplitSettings().salt) for row in rows], dtype=np.uint64)
    asked = [row for row, held in zip(rows, held_out_rows(places, [], SplitSettings()), strict=True) if held][:1]
    write(line.home / "in", "more.jsonl", asked)
    document = {"path": "faq.md", "text": f"Our answers. {asked[0]['instruction']} It is."}
    line.tables.write("documents", pa.Table.from_pylist([document]))
    result = line.run(data.instruction_dataset)
    assert verdicts(result) == {"rows_are_sound": True, "nothing_leaks": False}
    gate = line.tables.read_record("gates/instruction_dataset")
    assert {name: check["passed"] for name, check in gate["checks"].items()} == {
        "few_rows_rejected": True,
        "few_near_duplicates": True,
        "no_source_in_both_splits": True,
        "no_test_question_in_train": True,
        "no_test_question_in_documents": False,
    }
    (found,) = [each for each in result.get_asset_check_evaluations() if each.check_name == "nothing_leaks"]
    assert "faq.md" in found.metadata["leaks"].value


def test_an_adapter_that_learned_nothing_stops_before_the_merge(line: Line):
    line.child.after = 2.5
    assert through(line)["loss_fell"] is False
    assert line.child.ran == ["train_child"]


def test_the_data_version_is_the_content(line: Line):
    result = line.run(data.instruction_dataset)
    (made,) = result.asset_materializations_for_node("instruction_dataset")
    assert made.tags["dagster/data_version"] == line.tables.digest("instruction_dataset")


def test_the_profile_shows_what_carries_loss(line: Line):
    through(line)
    profile = line.tables.read_record("model_profile/lora")
    assert len(profile["previews"]) == 3 and all("**`" in text for text in profile["previews"])
    assert profile["tokens"]["loss"] > 0
    assert 0 < profile["trainable_parameters"] < profile["parameters"]


def test_the_launchpads_values_go_over_the_recipes_file_and_are_merged_with_it(line: Line):
    line.run(data.instruction_dataset)
    given = {"ops": {"adapter": {"config": {"lora_rank": 4, "overrides": {"weight_decay": "0.1"}}}}}
    every = [data.instruction_dataset, module.model_profile, module.adapter, module.merged_model, *CHECKS]
    dg.materialize(
        every,
        selection=dg.AssetSelection.assets("adapter"),
        resources=line.resources,
        partition_key="lora",
        run_config=given,
    )
    record = line.tables.read_record("adapter/lora")
    assert (record["resolved"]["lora_rank"], record["resolved"]["weight_decay"]) == (4, 0.1)
    assert (Path(record["path"]) / "recipe.yaml").read_text().count("lora_rank: 4") == 1
    (run,) = line.tracker.runs.values()
    assert run.parameters["lora_rank"] == 4 and len(run.samples) >= 1


def test_a_key_that_later_assets_read_from_the_file_is_no_override():
    with pytest.raises(ConfigurationError, match="graftline train"):
        RecipeConfig(overrides={"template": "qwen"}).values()
