"""The scoreboard's MLflow runs: one for each scoreboard that differs with one a mode below it, none else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from pipelines.core.identity import content_id, table_digest
from resources.tables.tables import TableStore
from resources.tracking.run_logging import log_numbers
from resources.tracking.scoreboard_traces import log_traces
from resources.tracking.tracker import KEY_TAG, PARENT_TAG, Tracker

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from pipelines.answering.scoreboard.cases import Case

EXPERIMENT = "graftline-scoreboard"
MODE_TAG = "graftline.mode"
_RECORD = "scoreboard_run"
_EVALUATION = {"mlflow.runType": "genai_evaluate"}
"""By this tag MLflow lists a run among the evaluations of its GenAI pages."""


@dataclass(frozen=True)
class LoggedBoard:
    """What of a scoreboard goes into its runs; `values` are named "mode.type.metric", "all" for all types."""

    board: pa.Table
    values: Mapping[str, float]
    best: Mapping[str, str]
    pictures: Sequence[Path]
    cases: Sequence["Case"] = ()
    words: Sequence[str] = ()
    """What is said of the modes against `native`, a line each."""


def log_scoreboard(tracker: Tracker, tables: TableStore, logged: LoggedBoard) -> str:
    """Log a scoreboard, and each mode with a trace an answer below it; return the id of the run that holds all.

    An equal scoreboard keeps the run that it has, and MLflow is not even imported. Raises ServiceError.
    """
    digest = table_digest(logged.board)
    key = content_id(digest, tracker.uri)
    if tables.digest(_RECORD) != key:
        run_id = _ScoreboardTracker(tracker.uri, tracker.home).log(digest, logged)
        tables.write_record(_RECORD, {"run_id": run_id, "digest": key}, key)
    return str(tables.read_record(_RECORD)["run_id"])


class _ScoreboardTracker(Tracker):
    """The tracker's connection and errors, with an experiment of its own."""

    experiment = EXPERIMENT

    def log(self, digest: str, logged: LoggedBoard) -> str:
        from mlflow.entities import Param

        with self._reached() as client:
            number = self._experiment(client)
            found = client.search_runs([number], f"tags.`{KEY_TAG}` = '{digest}'")
            finished = [run for run in found if run.info.status == "FINISHED"]
            if finished:
                return finished[0].info.run_id
            for half in found:
                self._forget(client, number, half.info.run_id)
            run = client.create_run(number, run_name=f"scoreboard-{digest[:8]}", tags={KEY_TAG: digest})
            run_id = run.info.run_id
            client.log_batch(run_id, params=[Param(f"best_mode.{kind}", mode) for kind, mode in logged.best.items()])
            log_numbers(client, run_id, logged.values)
            client.log_table(run_id, logged.board.to_pydict(), "scoreboard.json")
            client.log_text(run_id, "\n".join(logged.words) + "\n", "against-native.txt")
            for picture in logged.pictures:
                client.log_artifact(run_id, str(picture), "plots")
            for mode in sorted({name.partition(".")[0] for name in logged.values}):
                self._log_mode(client, number, run_id, mode, logged)
            client.set_terminated(run_id, "FINISHED")
            return run_id

    def _log_mode(self, client: "MlflowClient", number: str, parent: str, mode: str, logged: LoggedBoard) -> None:
        tags = {PARENT_TAG: parent, MODE_TAG: mode, **_EVALUATION}
        run_id = client.create_run(number, run_name=mode, tags=tags).info.run_id
        own = {name.partition(".")[2]: value for name, value in logged.values.items() if name.startswith(f"{mode}.")}
        log_numbers(client, run_id, {name.removeprefix("all."): value for name, value in own.items()})
        log_traces(self.uri, number, run_id, [case for case in logged.cases if case.mode == mode])
        client.set_terminated(run_id, "FINISHED")

    def _forget(self, client: "MlflowClient", number: str, run_id: str) -> None:
        """Delete a run that was left half written, with those below it and their traces."""
        below = client.search_runs([number], f"tags.`{PARENT_TAG}` = '{run_id}'")
        for run in below:
            while traces := client.search_traces(locations=[number], run_id=run.info.run_id, include_spans=False):
                client.delete_traces(number, trace_ids=[trace.info.trace_id for trace in traces])
            client.delete_run(run.info.run_id)
        client.delete_run(run_id)
