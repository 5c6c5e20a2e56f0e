"""What `graftline plan` says of trainings and generated texts, by hand: rows, updates, tokens, seconds, or unknown."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from assets.planning.training import RATE_NAME, generation_rate, planned_work
from pipelines.finetune.dataset.preparation import prepare
from pipelines.finetune.recipes.files import load_recipe
from pipelines.finetune.training.training import MARKER, run_key
from resources.settings import Settings
from resources.tables.tables import TableStore

RECIPE = "model_name_or_path: smollm2\ntemplate: chatml\nnum_train_epochs: 2\nper_device_train_batch_size: 4\n"


class World:
    def __init__(self, place: Path) -> None:
        self.place = place
        for name in ("rows", "recipes"):
            (place / name).mkdir()
        self.rows(40)
        self.recipe(RECIPE)
        self.settings = Settings(
            GRAFTLINE_HOME=str(place / "home"),
            GRAFTLINE_INSTRUCTIONS=str(place / "rows"),
            GRAFTLINE_RECIPES=str(place / "recipes"),
        )
        self.tables = TableStore(self.settings.home / "tables")

    def rows(self, count: int) -> None:
        lines = [f'{{"instruction": "问题 {n}: where is place {n * 7919}?", "output": "In {n}"}}' for n in range(count)]
        (self.place / "rows" / "a.jsonl").write_text("\n".join(lines), encoding="utf-8")

    def recipe(self, text: str) -> None:
        (self.place / "recipes" / "lora.yaml").write_text(text, encoding="utf-8")

    def prepare(self) -> dict[str, Any]:
        record = prepare(self.settings.instructions, self.settings.home)
        self.tables.write_record("instruction_dataset", record, record["digest"])
        return record

    def trained(self, dataset: str, **more: Any) -> str:
        recipe = load_recipe(self.place / "recipes" / "lora.yaml")
        key = run_key(recipe, dataset, "r1")
        record = {
            "digest": "a1", "steps": 10, "best_step": 10, "first_loss": 3.0, "last_loss": 2.0, "train_loss": 2.5,
            "rows": 40, "rows_without_loss": 0, "turns_without_loss": 0, "held_out_rows": 4, "noted": [],
            "run_id": "", "run_name": "", "notes": [],
            "vllm_lora": {}, "curve": "", "dataset_path": "", "base_path": "",
            "tokens": 4000, "seconds": 20.0, "tokens_per_second": 200.0, "trainable_parameters": 1,
            "peak_memory_bytes": 1, "peak_gpu_memory_bytes": 0, "processes": 1, "device": "cpu",
            "precision": "float32", "gradient_checkpointing": False, "optimiser": "adamw_torch",
            "template_digest": "t", "base_name": "b", "base_revision": "r1", "key": key, "path": "p",
            "recipe": "lora", "resolved": recipe.model_dump(), **more,
        }  # fmt: skip
        self.tables.write_record("adapter/lora", record, "a1")
        return key

    def complete(self, key: str) -> None:
        folder = self.settings.home / "models" / "adapters" / key
        folder.mkdir(parents=True)
        (folder / MARKER).touch()

    def plan(self) -> list[dict[str, Any]]:
        return planned_work(self.settings, self.tables)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_before_any_run_it_says_that_nothing_is_known(world: World):
    (row,) = world.plan()
    assert "no dataset was made yet" in row["told"] and row["asset"] == ""


def test_a_first_training_has_rows_and_updates_and_unknown_seconds(world: World):
    record = world.prepare()
    adapter, predictions = world.plan()
    batches = -(-record["train"] // 4)
    assert (adapter["rows"], adapter["steps"]) == (record["train"], batches * 2)
    assert adapter["seconds"] is None and "seconds unknown" in adapter["told"] and "never trained" in adapter["told"]
    # Base and adapter once, and the adapter once more for the noise floor: fewer rows than are asked twice.
    assert (predictions["rows"], predictions["seconds"]) == (record["test"] * 3, None)
    assert adapter["step"] == predictions["step"] == "finetune[lora]"


def test_what_is_complete_costs_nothing_and_another_recipe_is_told_by_the_last_rate(world: World):
    record = world.prepare()
    world.complete(world.trained(record["digest"]))
    world.tables.write_record("merged_model/lora", {"digest": "m1"}, "m1")
    world.tables.write("predictions/lora", pa.table({"model": ["m1"]}))
    assert [(row["told"]) for row in world.plan()] == [
        "adapter[lora]: nothing, as it was",
        "predictions[lora]: nothing, as they were",
    ]
    rate = generation_rate(50, 75, {"generate_seconds": 100.0, "engine_start_seconds": 30.0})
    world.tables.write_record(f"{RATE_NAME}/lora", rate, rate["digest"])
    world.recipe(f"{RECIPE}max_steps: 30\n")
    adapter, predictions = world.plan()
    # 400 tokens an update and 200 a second were measured; 2 s a text and 30 s to start.
    assert (adapter["steps"], adapter["tokens"], adapter["seconds"]) == (30, 12_000, 60.0)
    rows = record["test"] * 2
    assert (predictions["rows"], predictions["tokens"]) == (rows, rows * 75)
    assert predictions["seconds"] == pytest.approx(30 + 2 * rows)


def test_other_rows_are_seen_without_being_read_and_an_interrupted_training_goes_on(world: World):
    record = world.prepare()
    key = world.trained(record["digest"])
    log = world.settings.home / "work" / "training" / key / "train_log.jsonl"
    log.parent.mkdir(parents=True)
    log.write_text('{"step": 5}\n', encoding="utf-8")
    adapter, _ = world.plan()
    assert adapter["steps"] == -(-record["train"] // 4) * 2 - 5 and "goes on after update 5" in adapter["told"]
    world.rows(41)
    adapter, predictions = world.plan()
    assert "files are others" in adapter["told"] and predictions["rows"] == 3 * record["test"]
    world.tables.write_record("registered_model", {"digest": "v1", "champion": {"version": "1"}}, "v1")
    assert world.plan()[1]["rows"] == 4 * record["test"], "the champion answers other rows too"


def test_the_rate_of_another_base_says_nothing(world: World):
    record = world.prepare()
    world.trained(record["digest"])
    world.recipe(RECIPE.replace("smollm2", "other/base"))
    adapter, _ = world.plan()
    assert adapter["seconds"] is None and "another base" in adapter["told"]
