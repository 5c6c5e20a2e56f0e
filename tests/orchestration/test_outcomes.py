"""What a failure holds back and what goes on, on small stand-ins run through Dagster."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import dagster as dg
import pytest

from assets.results import gate
from pipelines.commands import run as foreground
from pipelines.core.errors import InputError
from pipelines.measuring.gates import Verdict, gate_name
from pipelines.orchestration import running
from pipelines.orchestration.night import NightStep, night_steps
from pipelines.orchestration.outcomes import Outcome, in_order, outcome_of
from pipelines.orchestration.running import run_selection, run_steps
from resources.tables.tables import TableStore

KEYS = dg.StaticPartitionsDefinition(["good", "bad"])
SELECTED = ["documents", "dataset", "chunks", "adapter", "merged", "registered"]


class World:
    """Documents, a dataset and adapters with gates, two recipes, one decision.

    `sound` says whether the data passes, `learned` which adapters do, `broken` what raises an error, `version` is what
    the next dataset and adapter have as digest.
    """

    def __init__(self, instance: dg.DagsterInstance, tables: TableStore) -> None:
        self.instance, self.tables, self.sound, self.broken = instance, tables, True, set[str]()
        self.learned, self.version = {"good", "bad"}, "v1"

        def asked(name: str) -> None:
            if name in self.broken:
                raise ValueError(f"{name} breaks")

        def stands(name: str) -> None:
            tables.write_record(name, {"digest": self.version}, self.version)

        @dg.asset
        def documents() -> None:
            asked("documents")

        @dg.asset(deps=[documents])
        def chunks() -> None:
            asked("chunks")

        @dg.asset
        def dataset() -> None:
            asked("dataset")
            stands("dataset")

        @dg.asset_check(asset=dataset, blocking=True)
        def nothing_leaks() -> dg.AssetCheckResult:
            """No held-out question is asked in training."""
            asked("nothing_leaks")
            found = {"leaks": 3, "where": "3 of 97 in training", "list": dg.MetadataValue.md("| a |"), "all": "x" * 500}
            verdict = Verdict(self.sound, "3 of 97 in training")
            return gate(tables, "nothing_leaks", "dataset", tables.digest("dataset"), verdict, figures=found)

        @dg.asset_check(asset=dataset, blocking=True)
        def rows_are_sound() -> dg.AssetCheckResult:
            """Most rows can be read."""
            verdict = Verdict(True, "1 of 97 rejected")
            return gate(tables, "rows_are_sound", "dataset", tables.digest("dataset"), verdict)

        @dg.asset(deps=[dataset], partitions_def=KEYS)
        def adapter(context: dg.AssetExecutionContext) -> None:
            asked(f"adapter[{context.partition_key}]")
            stands(f"adapter/{context.partition_key}")

        @dg.asset_check(asset=adapter, partitions_def=KEYS, blocking=True)
        def loss_fell(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
            """The loss fell."""
            recipe = context.partition_key
            verdict, version = Verdict(recipe in self.learned, "2.0 before"), tables.digest(f"adapter/{recipe}")
            return gate(tables, "loss_fell", "adapter", version, verdict, recipe)

        @dg.asset(deps=[adapter], partitions_def=KEYS)
        def merged() -> None:
            asked("merged")

        @dg.asset(deps=[merged])
        def registered() -> None:
            asked("registered")

        jobs = {"preparation": [dataset], "knowledge": [documents, chunks], "promotion": [registered]}
        self.defs = dg.Definitions(
            assets=[documents, chunks, dataset, adapter, merged, registered],
            asset_checks=[nothing_leaks, rows_are_sound, loss_fell],
            jobs=[
                *(dg.define_asset_job(name, dg.AssetSelection.assets(*assets)) for name, assets in jobs.items()),
                dg.define_asset_job("finetune", dg.AssetSelection.assets(adapter, merged), partitions_def=KEYS),
                dg.define_asset_job("answering", dg.AssetSelection.assets(chunks)),
            ],
        )

    def select(self, *names: str) -> dict[str, Outcome]:
        return run_selection(self.defs, self.instance, names, ["bad", "good"], self.tables)

    def night(self) -> dict[str, Outcome]:
        return run_steps(self.defs, self.instance, night_steps(["bad", "good"]), "n1")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[World]:
    monkeypatch.setattr(running, "PARTITIONED", ("adapter", "merged"))
    with dg.DagsterInstance.ephemeral() as instance:
        yield World(instance, TableStore(tmp_path / "tables"))


def verdicts(outcomes: Mapping[str, Outcome]) -> dict[str, str]:
    return {name: outcome.verdict for name, outcome in outcomes.items()}


def test_data_that_its_gate_refuses_trains_nothing_and_the_documents_go_on(world: World):
    world.sound = False
    outcomes = world.select(*SELECTED)
    held = ["adapter[bad]", "adapter[good]", "merged[bad]", "merged[good]", "registered"]
    assert [outcomes.pop(name) for name in held] == [Outcome("skipped", "dataset failed")] * 5
    assert verdicts(outcomes) == {"documents": "done", "dataset": "FAILED", "chunks": "done"}
    assert outcomes["dataset"].reason == (
        "nothing_leaks did not pass: No held-out question is asked in training. (leaks 3, 3 of 97 in training)"
    )


def test_documents_that_fail_hold_back_their_chunks_and_no_training(world: World):
    world.broken = {"documents"}
    outcomes = world.select("documents", "dataset", "chunks", "adapter")
    assert outcomes["chunks"] == Outcome("skipped", "documents failed")
    assert [outcomes[name].verdict for name in ("dataset", "adapter[bad]", "adapter[good]")] == ["done"] * 3


def test_a_recipe_that_fails_holds_back_neither_the_others_nor_the_decision(world: World):
    world.broken = {"adapter[bad]"}
    outcomes = world.select("dataset", "adapter", "merged", "registered")
    assert outcomes["merged[bad]"] == Outcome("skipped", "adapter[bad] failed")
    assert (outcomes["merged[good]"].done, outcomes["registered"].done) == (True, True)


def test_a_step_is_made_after_what_it_is_made_from_whatever_the_order_of_the_names(world: World):
    graph = world.defs.resolve_asset_graph()
    assert in_order(["registered", "documents", "adapter", "dataset"], graph) == [
        "documents",
        "dataset",
        "adapter",
        "registered",
    ]
    world.sound = False
    assert world.select("adapter", "dataset")["adapter[good]"].verdict == "skipped"


def test_data_that_was_refused_in_an_earlier_run_trains_nothing_until_it_is_made_anew(world: World):
    world.sound = False
    world.select("dataset")
    held = world.select("adapter")["adapter[good]"]
    assert held == Outcome(
        "skipped",
        "the gate of dataset failed: nothing_leaks (3 of 97 in training); graftline run --select dataset makes it anew",
    )
    world.sound = True
    assert world.select("dataset", "adapter")["adapter[good]"].done
    assert world.select("adapter")["adapter[good]"].done


def test_data_that_was_made_anew_and_never_judged_trains_nothing_though_the_version_before_passed(world: World):
    world.select("dataset")
    world.version, world.broken = "v2", {"nothing_leaks"}
    world.tables.write_record("dataset", {"digest": "v2"}, "v2")
    assert "stale: checked on v1, now v2" in world.select("adapter")["adapter[good]"].reason
    world.select("dataset")
    assert "has no result of nothing_leaks" in world.select("adapter")["adapter[good]"].reason
    world.broken = set()
    assert world.select("dataset", "adapter")["adapter[good]"].done


def test_data_without_any_gate_record_trains_nothing(world: World):
    world.tables.write_record("dataset", {"digest": "v1"}, "v1")
    assert "the gate of dataset has no result" in world.select("adapter")["adapter[good]"].reason


def test_an_adapter_that_was_refused_in_an_earlier_run_is_not_merged_and_that_of_another_recipe_is(world: World):
    world.learned = {"good"}
    world.select("dataset", "adapter")
    outcomes = world.select("merged")
    assert outcomes == {
        "merged[bad]": Outcome(
            "skipped",
            "the gate of adapter failed: loss_fell (2.0 before); graftline run --select adapter --recipe bad makes it "
            "anew",
        ),
        "merged[good]": Outcome("done"),
    }


def test_a_verdict_that_dagster_forgot_still_holds_and_one_that_was_taken_back_does_not(world: World):
    world.sound = False
    world.select("dataset")
    world.instance.wipe()
    assert world.select("adapter")["adapter[good]"].verdict == "skipped"
    world.sound = True
    world.select("dataset")
    record = world.tables.read_record(gate_name("dataset"))
    record["checks"]["nothing_leaks"]["passed"] = False
    world.tables.write_record(gate_name("dataset"), record, "v1")
    assert world.select("adapter")["adapter[good]"].verdict == "skipped"


def test_a_night_whose_data_is_refused_trains_and_decides_nothing_and_still_answers(world: World):
    world.sound = False
    outcomes = world.night()
    held = ["finetune[bad]", "finetune[good]", "promotion"]
    assert [outcomes.pop(name) for name in held] == [Outcome("skipped", "preparation failed")] * 3
    assert verdicts(outcomes) == {"knowledge": "done", "preparation": "FAILED", "answering": "done"}
    assert {run.job_name for run in world.instance.get_runs()} == {"knowledge", "preparation", "answering"}


def test_a_night_whose_documents_fail_trains_and_does_not_answer(world: World):
    world.broken = {"documents"}
    outcomes = world.night()
    assert outcomes["answering"] == Outcome("skipped", "knowledge failed")
    assert [outcomes[name].verdict for name in ("preparation", "finetune[good]", "promotion")] == ["done"] * 3


def test_what_needs_a_skipped_step_is_skipped_as_well(world: World):
    world.sound = False
    steps = [NightStep("preparation"), NightStep("finetune", "good", ("preparation",))]
    last = NightStep("promotion", needs=("finetune[good]",))
    outcomes = run_steps(world.defs, world.instance, [*steps, last], "n1")
    assert outcomes["promotion"] == Outcome("skipped", "finetune[good] was skipped")


def test_the_command_line_names_what_was_skipped_and_why_and_returns_1(capsys: pytest.CaptureFixture[str]):
    outcomes = {
        "documents": Outcome("done"),
        "instruction_dataset": Outcome("FAILED"),
        "adapter[lora]": Outcome("skipped", "instruction_dataset failed"),
    }
    assert foreground._report(outcomes, 1.0) == 1
    assert capsys.readouterr().out.splitlines()[:3] == [
        "done    documents",
        "FAILED  instruction_dataset",
        "skipped adapter[lora]: instruction_dataset failed",
    ]


def test_a_failed_steps_error_is_one_line_ours_as_it_is_and_a_librarys_with_a_remedy():
    @dg.op
    def ours() -> None:
        try:
            raise KeyError("x")
        except KeyError as error:
            raise InputError("rows.json, row 3", "no answer", "an answer", "complete it") from error

    @dg.op
    def librarys() -> None:
        json.loads("{")

    for op, line in (
        (ours, "rows.json, row 3: found no answer"),
        (librarys, "json.decoder.JSONDecodeError: Expecting"),
    ):
        job = dg.GraphDefinition(name="one", node_defs=[op]).to_job()
        reason = outcome_of(job.execute_in_process(raise_on_error=False), dg.Definitions().resolve_asset_graph()).reason
        assert reason.startswith(line) and "Next: " in reason and "\n" not in reason
    assert "Next: correct the JSON" in reason
