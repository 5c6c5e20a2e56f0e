"""What a failure holds back and what goes on, on small stand-ins run through Dagster."""

from collections.abc import Iterator, Mapping

import dagster as dg
import pytest

from pipelines.commands import run as foreground
from pipelines.orchestration import running
from pipelines.orchestration.night import NightStep, night_steps
from pipelines.orchestration.outcomes import Outcome, in_order
from pipelines.orchestration.running import run_selection, run_steps

KEYS = dg.StaticPartitionsDefinition(["good", "bad"])
SELECTED = ["documents", "dataset", "chunks", "adapter", "merged", "registered"]


class World:
    """Documents and a dataset with a gate, two recipes, one decision; `sound` and `broken` say what goes wrong."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self.instance, self.sound, self.broken = instance, True, set[str]()

        def asked(name: str) -> None:
            if name in self.broken:
                raise ValueError(f"{name} breaks")

        @dg.asset
        def documents() -> None:
            asked("documents")

        @dg.asset(deps=[documents])
        def chunks() -> None:
            asked("chunks")

        @dg.asset
        def dataset() -> None:
            asked("dataset")

        @dg.asset_check(asset=dataset, blocking=True)
        def nothing_leaks() -> dg.AssetCheckResult:
            """No held-out question is asked in training."""
            found = {"leaks": 3, "where": "3 of 97 in training", "list": dg.MetadataValue.md("| a |"), "all": "x" * 500}
            return dg.AssetCheckResult(passed=self.sound, metadata=found)

        @dg.asset(deps=[dataset], partitions_def=KEYS)
        def adapter(context: dg.AssetExecutionContext) -> None:
            asked(f"adapter[{context.partition_key}]")

        @dg.asset(deps=[adapter], partitions_def=KEYS)
        def merged() -> None:
            asked("merged")

        @dg.asset(deps=[merged])
        def registered() -> None:
            asked("registered")

        jobs = {"preparation": [dataset], "knowledge": [documents, chunks], "promotion": [registered]}
        self.defs = dg.Definitions(
            assets=[documents, chunks, dataset, adapter, merged, registered],
            asset_checks=[nothing_leaks],
            jobs=[
                *(dg.define_asset_job(name, dg.AssetSelection.assets(*assets)) for name, assets in jobs.items()),
                dg.define_asset_job("finetune", dg.AssetSelection.assets(adapter, merged), partitions_def=KEYS),
                dg.define_asset_job("answering", dg.AssetSelection.assets(chunks)),
            ],
        )

    def select(self, *names: str) -> dict[str, Outcome]:
        return run_selection(self.defs, self.instance, names, ["bad", "good"])

    def night(self) -> dict[str, Outcome]:
        return run_steps(self.defs, self.instance, night_steps(["bad", "good"]), "n1")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(running, "PARTITIONED", ("adapter", "merged"))
    with dg.DagsterInstance.ephemeral() as instance:
        yield World(instance)


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
    assert held.verdict == "skipped"
    assert "nothing_leaks" in held.reason and "graftline run --select dataset" in held.reason
    world.sound = True
    assert world.select("dataset", "adapter")["adapter[good]"].done
    assert world.select("adapter")["adapter[good]"].done


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
