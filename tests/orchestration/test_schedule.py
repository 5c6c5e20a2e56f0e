"""A night on small stand-ins: the order, the one tag, and what a failure leaves running."""

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.errors import DagsterExecutionInterruptedError
from dagster._core.test_utils import freeze_time

from pipelines.core.errors import ServiceError
from pipelines.orchestration import schedule
from pipelines.orchestration.night import NIGHT_TAG, NightStep
from pipelines.orchestration.outcomes import Outcome
from pipelines.orchestration.running import PROCESS_TAG, bury_the_dead, run_steps
from pipelines.orchestration.schedule import new_documents

KEYS = dg.StaticPartitionsDefinition(["good", "bad"])
STEPS = [NightStep("prepare"), NightStep("train", "bad"), NightStep("train", "good"), NightStep("decide")]


@dg.asset
def prepared() -> None:
    """Once."""


@dg.asset(partitions_def=KEYS)
def trained(context: dg.AssetExecutionContext) -> None:
    """Once a recipe."""
    if context.partition_key == "bad":
        raise ValueError("this recipe fails")


@dg.asset
def decided() -> None:
    """Once."""


stand_ins = dg.Definitions(
    assets=[prepared, trained, decided],
    jobs=[
        dg.define_asset_job("prepare", selection="prepared"),
        dg.define_asset_job("train", selection="trained", partitions_def=KEYS),
        dg.define_asset_job("decide", selection="decided"),
    ],
)


def test_a_recipe_that_fails_does_not_block_the_others_nor_the_decision():
    with dg.DagsterInstance.ephemeral() as instance:
        outcome = run_steps(stand_ins, instance, STEPS, "n1")
        runs = list(reversed(instance.get_runs()))
    verdicts = {name: how.verdict for name, how in outcome.items()}
    assert verdicts == {"prepare": "done", "train[bad]": "FAILED", "train[good]": "done", "decide": "done"}
    assert [run.job_name for run in runs] == ["prepare", "train", "train", "decide"]
    assert {run.tags[NIGHT_TAG] for run in runs} == {"n1"}


def test_an_interruption_ends_the_night_and_not_only_its_step():
    @dg.asset
    def interrupted() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)

    defs = dg.Definitions(
        assets=[interrupted, decided],
        jobs=[dg.define_asset_job("stop", selection="interrupted"), dg.define_asset_job("decide", selection="decided")],
    )
    with dg.DagsterInstance.ephemeral() as instance:
        with pytest.raises((KeyboardInterrupt, DagsterExecutionInterruptedError)):
            run_steps(defs, instance, [NightStep("stop"), NightStep("decide")], "n1")
        assert [run.job_name for run in instance.get_runs()] == ["stop"]


def test_two_nights_never_overlap():
    with dg.DagsterInstance.ephemeral() as instance:
        instance.create_run_for_job(
            stand_ins.resolve_job_def("decide"),
            status=dg.DagsterRunStatus.STARTED,
            tags={NIGHT_TAG: "n0", PROCESS_TAG: str(os.getpid())},
        )
        with pytest.raises(ServiceError, match="n0 still running"):
            run_steps(stand_ins, instance, STEPS, "n1")


def test_a_night_whose_process_was_killed_does_not_block_the_next():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    with dg.DagsterInstance.ephemeral() as instance:
        run = instance.create_run_for_job(
            stand_ins.resolve_job_def("decide"),
            status=dg.DagsterRunStatus.STARTED,
            tags={NIGHT_TAG: "n0", PROCESS_TAG: str(process.pid)},
        )
        assert run_steps(stand_ins, instance, STEPS[:1], "n1") == {"prepare": Outcome("done")}
        assert instance.get_run_by_id(run.run_id).status == dg.DagsterRunStatus.FAILURE


def test_a_killed_night_whose_process_number_was_given_out_again_does_not_block_the_next():
    with dg.DagsterInstance.ephemeral() as instance:
        with freeze_time(datetime(2026, 1, 1, tzinfo=UTC)):  # before this process was there
            run = instance.create_run_for_job(
                stand_ins.resolve_job_def("decide"),
                status=dg.DagsterRunStatus.STARTED,
                tags={NIGHT_TAG: "n0", PROCESS_TAG: str(os.getpid())},
            )
        assert run_steps(stand_ins, instance, STEPS[:1], "n1") == {"prepare": Outcome("done")}
        assert instance.get_run_by_id(run.run_id).status == dg.DagsterRunStatus.FAILURE


def test_killed_runs_leave_the_pool_and_its_queue():
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    with dg.DagsterInstance.local_temp() as instance:
        run = instance.create_run_for_job(
            stand_ins.resolve_job_def("decide"),
            status=dg.DagsterRunStatus.STARTED,
            tags={PROCESS_TAG: str(process.pid)},
        )
        storage = instance.event_log_storage
        storage.set_concurrency_slots("gpu", 1)
        assert storage.claim_concurrency_slot("gpu", run.run_id, "adapter").is_claimed
        queued = instance.create_run_for_job(
            stand_ins.resolve_job_def("decide"),
            status=dg.DagsterRunStatus.STARTED,
            tags={PROCESS_TAG: str(process.pid)},
        )
        assert not storage.claim_concurrency_slot("gpu", queued.run_id, "adapter").is_claimed
        bury_the_dead(instance)
        assert storage.claim_concurrency_slot("gpu", "another", "adapter").is_claimed


def test_every_schedule_says_in_which_time_zone_its_hour_is():
    for timetable, made in zip(schedule.TIMETABLES, schedule.scheduled(lambda: stand_ins), strict=True):
        assert (made.execution_timezone or "UTC") in timetable.description


def test_the_sensor_fires_once_for_each_state_of_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GRAFTLINE_DOCUMENTS", str(tmp_path))
    (tmp_path / "a.md").write_text("one", encoding="utf-8")
    first = new_documents(dg.build_sensor_context())
    assert len(first.run_requests) == 1
    assert isinstance(new_documents(dg.build_sensor_context(cursor=first.cursor)), dg.SkipReason)
    (tmp_path / "b.md").write_text("two", encoding="utf-8")
    assert len(new_documents(dg.build_sensor_context(cursor=first.cursor)).run_requests) == 1
    second = new_documents(dg.build_sensor_context(cursor=first.cursor))
    (tmp_path / "a.md").unlink()
    assert len(new_documents(dg.build_sensor_context(cursor=second.cursor)).run_requests) == 1
    (tmp_path / "b.md").unlink()
    assert "GRAFTLINE_DOCUMENTS" in new_documents(dg.build_sensor_context(cursor=second.cursor)).skip_message


def test_a_timetable_is_a_schedule_with_a_job_that_leaves_steps_out():
    ran: list[str] = []

    def run_steps(defs: dg.Definitions, instance: dg.DagsterInstance, steps: list[NightStep], night: str, own: str):
        ran.extend(step.name for step in steps)
        return {step.name: Outcome("done") for step in steps}

    noon = schedule.Timetable("noon_documents", "noon", "0 12 * * *", "Documents at noon.", without=("answering",))
    job = schedule.scheduled_job(noon, dg.Definitions, run_steps)
    found = schedule.schedule_of(noon, job)
    assert (found.name, found.job_name, found.cron_schedule) == ("noon_documents", "noon", "0 12 * * *")
    with dg.DagsterInstance.local_temp() as instance:
        assert job.execute_in_process(instance=instance).success
    assert "knowledge" in ran and "promotion" in ran and "answering" not in ran
