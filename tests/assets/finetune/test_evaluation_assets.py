"""The second half of fine-tuning by `dg.materialize`, over a fake engine, registry and base."""

import json
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pyarrow.compute as pc
import pytest

from assets.finetune import evaluation as module
from assets.finetune import promotion
from assets.finetune.partitions import RECIPES
from pipelines.finetune.dataset.stored import store_dataset
from pipelines.finetune.recipes.recipe import Recipe
from pipelines.measuring.gates import GateRecord, find_record, keep_record
from resources.models.small_model import BaseModel
from resources.settings import Settings
from resources.tables.asset_io import TableIOManager
from resources.tables.tables import TableStore
from tests.assets.gates_and_levels import SAYS_95, refusals
from tests.fakes import FakeLanguageModel
from tests.finetune.dataset.example_rows import stored, write
from tests.finetune.evaluation.predicting import FakeEngine, row
from tests.finetune.merging.records import merged_record
from tests.finetune.promotion.test_promotion import PASSED
from tests.finetune.promotion.test_registration import FakeRegistry, pass_gates

UPSTREAM = [dg.AssetSpec("instruction_dataset"), dg.AssetSpec("merged_model", partitions_def=RECIPES)]

CHECKS = [
    module.every_row_answered,
    module.prompts_are_as_trained,
    module.engine_agrees_with_transformers,
    module.ready_for_promotion,
]


class EchoEngine(FakeEngine):
    """The base rambles; a merged adapter answers what it was asked."""

    def output(self, model: Path, ids: list[int], at_once: int | None) -> dict[str, Any]:
        text = "well" if model.name == "base" else "".join(map(chr, ids))
        return super().output(model, ids, at_once) | {"text": text}


class FakeTracker(FakeRegistry):
    """A registry that also keeps what was logged to a run."""

    uri = "memory"

    def log_evaluation(self, run_id: str, metrics: dict[str, float], tables: dict[str, Any], plots: list[Path]) -> None:
        self.logged = (run_id, metrics, tables, plots)

    def log_decision(self, verdicts: dict[str, Any], tables: dict[str, Any], plots: list[Path]) -> None:
        self.decided = (verdicts, tables, plots)


class FakeBase:
    """Resolves every name to the same folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def resolve(self, name: str) -> BaseModel:
        return BaseModel(self.folder, name, "base-revision")


class Line:
    """Everything that the assets need, and one method that materialises some of them."""

    def __init__(self, home: Path, rows: int) -> None:
        self.settings, self.tables = Settings.load(), TableStore(home / "tables")
        self.engine, self.tracker = EchoEngine(), FakeTracker()
        answers = [f"question {number}{', please' * (number % 4)}" for number in range(rows * 2)]
        made = [row(number, answer) | {"source": f"s{number}"} for number, answer in enumerate(answers)]
        record = store_dataset(stored(made), np.arange(rows * 2), np.arange(rows * 2) % 2 == 0, home)
        self.tables.write_record("instruction_dataset", record, record["digest"])
        folder = home / "models" / "merged" / "lora"
        folder.mkdir(parents=True)
        merged = merged_record(digest="m1", path=str(folder), run_id="run", key="key-lora")
        self.tables.write_record("merged_model/lora", merged.as_json(), "m1")
        pass_gates(self.tables, "instruction_dataset", "adapter", "merged_model")
        self.resources = {
            "io_manager": TableIOManager(self.tables),
            "settings": self.settings,
            "tables": self.tables,
            "engine": self.engine,
            "tracker": self.tracker,
            "base_model": FakeBase(home / "base"),
            "language_model": FakeLanguageModel(),
        }

    def evaluate(self, **config: Any) -> dg.ExecuteInProcessResult:
        return dg.materialize(
            [*UPSTREAM, module.predictions, module.evaluation, *CHECKS],
            partition_key="lora",
            resources=self.resources,
            raise_on_error=False,
            run_config={"ops": {"evaluation": {"config": config}}},
        )

    def promote(self, **config: Any) -> dict[str, Any]:
        chosen = {"ops": {"registered_model": {"config": config}}}
        dg.materialize([promotion.registered_model], resources=self.resources, run_config=chosen)
        return self.tables.read_record("registered_model")


@pytest.fixture
def line(home: Path) -> Line:
    return Line(home, rows=120)


def test_predictions_are_evaluated_gated_logged_and_promoted(line: Line) -> None:
    assert line.evaluate().success
    assert refusals(line.tables, CHECKS, "lora") == {"predictions": None, "evaluation": None}
    run_id, metrics, tables, plots = line.tracker.logged
    assert run_id == "run" and metrics["difference_token_f1_all"] > 0 and plots[0].exists()
    assert len(tables["scores"]) >= 80
    assert [path.name for path in plots] == ["evaluation-lora.png", "gains-lora.png"]
    assert len(tables["answers"]) == len(tables["scores"]) and tables["answers"][0]["won_by"] == "adapter"
    record = line.promote()
    assert record["champion"]["recipe"] == "lora" and record["decision"]["verdict"] == "promote"
    verdicts, _, plots = line.tracker.decided
    assert verdicts["run"]["graftline.verdict"] == "promote"
    assert [path.name for path in plots if path.exists()] == ["decision.png", "recipes.png"]


def test_a_second_run_generates_and_registers_nothing(line: Line) -> None:
    line.evaluate()
    first = line.promote()
    line.engine.jobs.clear()
    line.tracker.calls.clear()
    again = line.evaluate().asset_materializations_for_node("predictions")[0]
    assert line.engine.jobs == [] and again.metadata["computed_texts"].value == 0
    second = line.promote()
    assert line.tracker.calls == [] and second["digest"] == first["digest"]
    assert second["decision"]["verdict"] == "hold"


def test_too_few_rows_fail_the_gate_and_promote_nobody(home: Path) -> None:
    line = Line(home, rows=10)
    assert not line.evaluate().get_asset_check_evaluations()[-1].passed
    record = line.promote()
    assert record["champion"] is None and "enough_rows" in json.dumps(record["decision"])


def test_a_model_merged_anew_makes_its_evaluation_stale(line: Line) -> None:
    line.evaluate()
    newer = line.tables.read_record("merged_model/lora") | {"digest": "m2"}
    line.tables.write_record("merged_model/lora", newer, "m2")
    record = line.promote()
    assert record["champion"] is None and "stale predictions" in record["decision"]["reason"]


def test_at_level_99_no_table_log_picture_or_tag_says_95(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def done(level: str) -> tuple[Line, dict[str, Any], str]:
        monkeypatch.setenv("GRAFTLINE_LEVEL", level)
        line = Line(home / level, rows=120)
        result = line.evaluate()
        shown = [event.metadata for event in result.asset_materializations_for_node("evaluation")]
        record = line.promote()
        return line, record, json.dumps([record, line.tracker.logged[1:3], line.tracker.made[0].tags]) + str(shown)

    (usual, narrow, words), (line, wide, other) = done("0.95"), done("0.99")
    assert SAYS_95.search(words) and not SAYS_95.search(other) and "paired 99 % intervals)" in other
    assert {row["level"] for row in line.tables.read("evaluation/lora").to_pylist()} == {0.99}
    assert line.tables.digest("evaluation/lora") != usual.tables.digest("evaluation/lora")
    inner, outer = (record["decision"]["outcomes"][0]["differences"]["token_f1"] for record in (narrow, wide))
    assert (inner["level"], outer["level"]) == (0.95, 0.99)
    assert outer["low"] < inner["low"] < inner["high"] < outer["high"]


def test_a_recipes_metrics_are_measured_and_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipes = home / "recipes"
    recipes.mkdir(parents=True)
    (recipes / "lora.yaml").write_text("metrics: bleu,number_match,perplexity\n", encoding="utf-8")
    monkeypatch.setenv("GRAFTLINE_RECIPES", str(recipes))
    line = Line(home, rows=120)
    (event,) = line.evaluate().asset_materializations_for_node("evaluation")
    table = line.tables.read("evaluation/lora")
    assert set(table["metric"].to_pylist()) == {"number_match", "bleu"}
    assert {"all", "length=short", "length=long"} <= set(table["slice"].to_pylist())
    told = event.metadata["rows_not_measured"].value
    assert told["perplexity"] == table.filter(pc.equal(table["slice"], "all"))["rows"][0].as_py()


def test_the_launchpads_level_is_the_runs_and_is_printed(line: Line) -> None:
    line.evaluate(level=0.9)
    assert {row["level"] for row in line.tables.read("evaluation/lora").to_pylist()} == {0.9}
    decision = line.promote(level=0.99)["decision"]
    assert decision["level"] == 0.99 and decision["reason"].endswith("paired 99 % intervals)")
    assert line.evaluate(level=2.0).success is False


def test_the_launchpads_noise_floor_holds_what_does_not_exceed_it(line: Line) -> None:
    line.evaluate()
    decision = line.promote(noise={"token_f1": 1.0})["decision"]
    assert decision["verdict"] == "hold" and "noise floor chrf 0.000, token_f1 1.000" in decision["reason"]


def test_registered_model_alone_refuses_predictions_that_the_evaluation_has_not_seen(line: Line) -> None:
    line.evaluate()
    newer = line.tables.read("predictions/lora").slice(1)
    line.tables.write("predictions/lora", newer)
    checked = GateRecord("predictions", "lora", line.tables.digest("predictions/lora") or "", PASSED, None)
    keep_record(line.tables, checked)
    record = line.promote()
    assert (
        record["champion"] is None
        and "the gate of evaluation is stale: predictions/lora was" in record["decision"]["reason"]
    )


def test_a_model_served_under_another_template_than_trained_is_stopped(line: Line) -> None:
    rendered = line.engine.render

    def swapped(model: Path, conversations: Any, tools: Any = None) -> list[list[int]]:
        return [[*ids, 7] if model.name == "lora" else ids for ids in rendered(model, conversations, tools)]

    line.engine.render = swapped  # type: ignore[method-assign]
    assert not line.evaluate().success
    record = line.promote()
    told = find_record(line.tables, "predictions", "lora").checks["prompts_are_as_trained"].reason
    assert record["champion"] is None and "prompts are served as other tokens than trained" in told


def test_an_engine_that_says_other_than_transformers_is_stopped_and_looked_at_once(line: Line) -> None:
    assert line.evaluate().success
    line.evaluate()
    assert line.engine.looked_at == ["lora"]

    def other(model: Path, prompts: Any, answers: Any) -> dict[str, list[list[int]]]:
        return dict.fromkeys(("float32", "bfloat16"), [[9, 9]] * len(answers))

    line.engine.choices = other  # type: ignore[method-assign]
    line.tables.write_record("transformers_choices/lora", {}, "of other answers")
    result = line.evaluate()
    (found,) = [
        one for one in result.get_asset_check_evaluations() if one.check_name == "engine_agrees_with_transformers"
    ]
    assert not result.success and not found.passed and found.metadata["tokens_agree_with_transformers"].value == 0.0
    assert found.metadata["tokens_agree_at_another_shape"].value == 1.0
    decision = line.promote()["decision"]
    assert decision["recipe"] is None and "32 of 32 answers differ from transformers', 0 by noise" in decision["reason"]


def test_the_champion_of_the_night_before_stands_beside_base_and_adapter(line: Line) -> None:
    line.evaluate()
    assert line.tables.read("predictions/lora")["champion"].null_count == 120
    line.promote()
    folder = line.settings.home / "models" / "merged" / "lora"
    (folder / "config.json").write_text("{}")
    newer = line.tables.read_record("merged_model/lora") | {"digest": "m2", "path": str(folder.parent / "m2")}
    line.tables.write_record("merged_model/lora", newer, "m2")
    pass_gates(line.tables, "merged_model")
    line.engine.jobs.clear()
    assert line.evaluate().success and line.engine.jobs == ["m2"]
    table = line.tables.read("predictions/lora")
    assert set(table["champion_model"].to_pylist()) == {"m1"} and table["champion"].equals(table["adapter"])
    assert "the champion lora (version 1)" in line.promote()["decision"]["reason"] and line.engine.jobs == ["m2"]


@pytest.mark.parametrize("leaks", [False, True])
def test_what_a_recipe_with_an_eval_dataset_trains_on_may_not_ask_what_it_holds_out(
    home: Path, monkeypatch: pytest.MonkeyPatch, leaks: bool
) -> None:
    """The split by source keeps the two apart for every other recipe, and knows nothing of this one's."""
    write(home / "recipes", "lora.yaml", "eval_dataset: held\n")
    monkeypatch.setenv("GRAFTLINE_RECIPES", str(home / "recipes"))
    line = Line(home, rows=120)
    rows = [row(n, f"question {n}, please") | {"source": f"s{n}", "dataset": "held"} for n in range(120)]
    taught = row(200) | {"source": "s200", "dataset": "own"}
    taught["messages"][0]["content"] = "question 7" if leaks else "Is the blue tent still sold?"
    record = store_dataset(stored([*rows, taught]), np.arange(121), np.zeros(121, bool), home)
    line.tables.write_record("instruction_dataset", record, record["digest"])
    pass_gates(line.tables, "instruction_dataset")
    assert line.evaluate().success is not leaks
    found = find_record(line.tables, "evaluation", "lora").checks["no_test_question_in_own_train"]
    assert found.passed is not leaks and found.reason.startswith(f"{int(leaks)} of 120 held-out questions")
    assert (line.promote()["champion"] is None) is leaks


def test_a_recipe_that_holds_out_its_own_dataset_has_its_own_digest() -> None:
    plain, own = Recipe(), Recipe(eval_dataset="faq")
    assert module.held_out_digest("d1", plain) == "d1" != module.held_out_digest("d1", own)
