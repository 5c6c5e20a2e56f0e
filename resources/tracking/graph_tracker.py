"""The knowledge graph's MLflow runs: one a version of the graph, with its page and pictures, none for an equal one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.core.identity import content_id
from resources.tables.tables import TableStore
from resources.tracking.run_logging import log_numbers, log_parameters, log_table
from resources.tracking.tracker import KEY_TAG, Tracker

EXPERIMENT = "graftline-graph"
_RECORD = "knowledge_graph_run"


@dataclass(frozen=True)
class LoggedGraph:
    """What of a version of the graph goes into its run."""

    digest: str
    parameters: Mapping[str, Any]
    figures: Mapping[str, float]
    view: Path
    pictures: Sequence[Path]
    changes: Sequence[Mapping[str, Any]]


def log_graph(tracker: Tracker, tables: TableStore, logged: LoggedGraph) -> str:
    """Log a version of the graph and return its run's id.

    The version that was logged last keeps the run that it has, and MLflow is not even imported. Raises ServiceError.
    """
    key = content_id(logged.digest, tracker.uri)
    if tables.digest(_RECORD) != key:
        run_id = _GraphTracker(tracker.uri, tracker.home).log(logged)
        tables.write_record(_RECORD, {"run_id": run_id, "digest": key}, key)
    return str(tables.read_record(_RECORD)["run_id"])


class _GraphTracker(Tracker):
    """The tracker's connection and errors, with an experiment of its own."""

    experiment = EXPERIMENT

    def log(self, logged: LoggedGraph) -> str:
        with self._reached() as client:
            number = self._experiment(client)
            found = client.search_runs([number], f"tags.`{KEY_TAG}` = '{logged.digest}'")
            finished = [run for run in found if run.info.status == "FINISHED"]
            if finished:
                return finished[0].info.run_id
            for half in found:
                client.delete_run(half.info.run_id)
            tags = {KEY_TAG: logged.digest}
            run_id = client.create_run(number, run_name=f"graph-{logged.digest[:8]}", tags=tags).info.run_id
            log_parameters(client, run_id, logged.parameters)
            log_numbers(client, run_id, logged.figures)
            client.log_artifact(run_id, str(logged.view))
            for picture in logged.pictures:
                client.log_artifact(run_id, str(picture), "plots")
            log_table(client, run_id, logged.changes, "changes.json")
            client.set_terminated(run_id, "FINISHED")
            return run_id
