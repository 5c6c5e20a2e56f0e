"""Dagster's events through connections that stay open are the events that Dagster's own storage reads."""

import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.event_log import SqliteEventLogStorage

from resources import dagster_storage
from resources.dagster_storage import HomeEvents
from resources.settings import CHECKOUT


@dg.op
def work(context: dg.OpExecutionContext) -> None:
    context.log.info("did it")


@dg.job
def job() -> None:
    work()


@pytest.fixture
def instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dg.DagsterInstance:
    monkeypatch.setenv("GRAFTLINE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("DAGSTER_HOME", str(CHECKOUT))
    return dg.DagsterInstance.get()


def test_another_process_reads_what_was_written_at_once_and_few_databases_stay_open(
    instance: dg.DagsterInstance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(dagster_storage, "_KEPT_OPEN", 2)
    events = instance.event_log_storage
    assert isinstance(events, HomeEvents)
    with instance:
        runs = [job.execute_in_process(instance=instance).run_id for _ in range(4)]
        own = [len(events.get_logs_for_run(run)) for run in runs]
        assert len(events._engines) == 2 and min(own) > 5
        place = tmp_path / "home" / "dagster" / "history" / "runs"
        script = (
            "import sys; from dagster._core.storage.event_log import SqliteEventLogStorage as S; s = S(sys.argv[1]); "
            "print(*(len(s.get_logs_for_run(run)) for run in sys.argv[2:]))"
        )
        read = subprocess.run([sys.executable, "-c", script, str(place), *runs], capture_output=True, text=True)
    assert read.stdout.split() == [str(count) for count in own], read.stderr
    assert not events._engines, "closed with the instance"


def test_what_another_process_deleted_is_made_anew(instance: dg.DagsterInstance):
    with instance:
        events = instance.event_log_storage
        run = job.execute_in_process(instance=instance).run_id
        SqliteEventLogStorage(events._base_dir).wipe()
        assert not events.get_logs_for_run(run)
        again = job.execute_in_process(instance=instance).run_id
        assert events.get_logs_for_run(again)
        events.wipe()
        assert not events.get_logs_for_run(again)
