"""A line of fine-tuning on the real small model, and checkpoints that are planted in it as tonight's merged model."""

import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa

from assets.finetune import dataset as data
from assets.finetune import evaluation, promotion, training
from pipelines.core.checkpoints.revision import checkpoint_digest
from pipelines.finetune.merging.record import MergedRecord
from pipelines.measuring.gates import standing_gate
from resources.engines.engine import InferenceEngine
from resources.models.small_model import BaseModel
from resources.settings import Settings
from resources.tables.asset_io import TableIOManager
from resources.tables.tables import TableStore
from tests.assets.finetune.test_evaluation_assets import FakeTracker
from tests.fakes import FakeLanguageModel
from tests.finetune.dataset.example_rows import write

RECIPE = """
model_name_or_path: MODEL
finetuning_type: lora
lora_rank: 8
lora_target: all
cutoff_len: 128
per_device_train_batch_size: 8
learning_rate: 2.0e-3
max_steps: 24
lr_scheduler_type: constant
bf16: true
logging_steps: 4
"""
ROWS = 480
_WORDS = (
    "amber falcon ribbon seven copper meadow lantern orchid thunder pebble velvet canyon harbor quartz saddle "
    "timber walnut zephyr basket cobalt dagger ember fossil garnet hollow island jasper kettle ladder marble nectar "
    "oyster parcel quiver rocket silver tunnel umbrella vessel window"
).split()


@dg.asset(name="merged_model", partitions_def=training.RECIPES)
def planted_model(context: dg.AssetExecutionContext, tables: dg.ResourceParam[TableStore]) -> dg.MaterializeResult:
    """What stands as the merged model, handed on to its checks."""
    record = tables.read_record(f"merged_model/{context.partition_key}")
    return dg.MaterializeResult(value=record, data_version=dg.DataVersion(record["digest"]))


class Tracker(FakeTracker):
    """A registry in memory that also takes a training's run."""

    def find_run(self, key: str) -> str | None:
        return None

    def log_training(self, run: Any) -> str:
        return f"run-{run.key}"


class Base:
    """Resolves every name to the small model."""

    def __init__(self, folder: Path) -> None:
        self.base = BaseModel(folder, "small", checkpoint_digest(folder))

    def resolve(self, name: str) -> BaseModel:
        return self.base


def questions() -> list[dict[str, str]]:
    """Questions of random words, so that none is like another, whose answers have one form and the question's words."""
    chosen = random.Random(18)
    rows = []
    for number in range(ROWS):
        words = chosen.sample(_WORDS, 6)
        asked, told = f"Where is {' '.join(words)}?", f"Shelf {words[0]}, row {words[-1]}, as recorded."
        rows.append({"instruction": asked, "output": told, "source": f"s{number}"})
    return rows


class Line:
    """One home with its data, its engine and its registry; `good` is what a real training made, once merged."""

    def __init__(self, home: Path, small_model: Path, engine: str) -> None:
        write(home / "recipes", "lora.yaml", RECIPE.replace("MODEL", str(small_model)))
        write(home / "instructions", "shelves.json", questions())
        self.home, self.settings = home, Settings.load()
        self.tables, self.tracker = TableStore(home / "tables"), Tracker()
        self.resources = {
            "io_manager": TableIOManager(self.tables),
            "settings": self.settings,
            "tables": self.tables,
            "engine": InferenceEngine(engine, home / "work"),
            "tracker": self.tracker,
            "base_model": Base(small_model),
            "language_model": FakeLanguageModel(),
        }

    def prepare(self) -> bool:
        """Split the data and check it."""
        return self._run(data.instruction_dataset, data.rows_are_sound, data.nothing_leaks).success

    def train(self) -> MergedRecord:
        """Train and merge for real, with the gates of both."""
        assets = (training.model_profile, training.adapter, training.loss_fell)
        assert self._run(dg.AssetSpec("instruction_dataset"), *assets, recipe="lora").success
        upstream = (dg.AssetSpec("instruction_dataset"), dg.AssetSpec("adapter", partitions_def=training.RECIPES))
        assert self._run(*upstream, training.merged_model, training.merge_is_faithful, recipe="lora").success
        return self.merged()

    def merged(self) -> MergedRecord:
        return MergedRecord.read(self.tables.read_record("merged_model/lora"), "merged_model/lora")

    def plant(self, name: str, source: Path, edit: Callable[[dict[str, Any]], None] | None = None) -> MergedRecord:
        """Make a checkpoint from another with some weights edited tonight's merged model, as its merge would."""
        from safetensors.torch import load_file, save_file

        folder = self.home / "models" / "merged" / name
        if not folder.exists():
            shutil.copytree(source, folder)
            if edit:
                weights = load_file(folder / "model.safetensors")
                edit(weights)
                save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
        return self.store(replace(self.merged(), path=str(folder), key=name, digest=checkpoint_digest(folder)))

    def store(self, record: MergedRecord) -> MergedRecord:
        self.tables.write_record("merged_model/lora", record.as_json(), record.digest)
        return record

    def check_merge(self) -> bool:
        """Look at the merged model that stands, as its blocking check does."""
        return self._run(planted_model, training.merge_is_faithful, recipe="lora").success

    def evaluate(self) -> dg.ExecuteInProcessResult:
        """Predict and evaluate what stands, with the gates of both."""
        upstream = (dg.AssetSpec("instruction_dataset"), dg.AssetSpec("merged_model", partitions_def=training.RECIPES))
        made = (evaluation.predictions, evaluation.evaluation)
        checks = (
            evaluation.every_row_answered,
            evaluation.prompts_are_as_trained,
            evaluation.engine_agrees_with_transformers,
            evaluation.ready_for_promotion,
        )
        return self._run(*upstream, *made, *checks, recipe="lora")

    def decide(self) -> dict[str, Any]:
        """Materialise `registered_model` alone; return its decision."""
        self._run(promotion.registered_model)
        return self.tables.read_record("registered_model")["decision"]

    def night(self) -> dict[str, Any]:
        """Check the merge, predict, evaluate and decide."""
        assert self.check_merge() and self.evaluate().success
        return self.decide()

    def refused(self, asset: str, recipe: str = "lora") -> str:
        """Return why the asset's gate refuses what stands, or nothing."""
        return standing_gate(self.tables, asset, recipe).refusal() or ""

    def forget(self) -> None:
        """Begin with an empty registry."""
        self.tracker.made.clear()
        self.tracker.aliases.clear()

    def documents(self, *texts: str) -> None:
        rows = [{"path": f"{number}.md", "text": text} for number, text in enumerate(texts)]
        self.tables.write("documents", pa.Table.from_pylist(rows))

    def _run(self, *assets: Any, recipe: str | None = None) -> dg.ExecuteInProcessResult:
        return dg.materialize(list(assets), partition_key=recipe, resources=self.resources, raise_on_error=False)
