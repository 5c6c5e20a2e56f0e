"""The scoreboard's MLflow run: one for each scoreboard that differs, none when nothing changed."""

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from pipelines.core.identity import content_id, table_digest
from resources.tables.tables import TableStore
from resources.tracking.tracker import KEY_TAG, Tracker

EXPERIMENT = "graftline-scoreboard"
_RECORD = "scoreboard_run"


def log_scoreboard(
    tracker: Tracker,
    tables: TableStore,
    board: pa.Table,
    values: Mapping[str, float],
    best: Mapping[str, str],
    picture: Path,
) -> str:
    """Log figures, best modes, table and picture as one run and return its id.

    An equal scoreboard keeps the run that it has, and MLflow is not even imported. Raises ServiceError.
    """
    digest = table_digest(board)
    key = content_id(digest, tracker.uri)
    if tables.digest(_RECORD) != key:
        run_id = _ScoreboardTracker(tracker.uri, tracker.home).log(digest, board, values, best, picture)
        tables.write_record(_RECORD, {"run_id": run_id, "digest": key}, key)
    return str(tables.read_record(_RECORD)["run_id"])


class _ScoreboardTracker(Tracker):
    """The tracker's connection and errors, with an experiment of its own."""

    def log(
        self, digest: str, board: pa.Table, values: Mapping[str, float], best: Mapping[str, str], picture: Path
    ) -> str:
        from mlflow.entities import Metric, Param, RunTag

        with self._reached() as client:
            known = client.get_experiment_by_name(EXPERIMENT)
            place = None if self.uri.startswith("http") else (self.home / "mlflow" / "artifacts").absolute().as_uri()
            number = known.experiment_id if known else client.create_experiment(EXPERIMENT, artifact_location=place)
            same = f"tags.`{KEY_TAG}` = '{digest}' and attributes.status = 'FINISHED'"
            found = client.search_runs([number], same)
            if found:
                return found[0].info.run_id
            run = client.create_run(number, run_name=f"scoreboard-{digest[:8]}")
            run_id, made = run.info.run_id, run.info.start_time
            client.log_batch(
                run_id,
                [Metric(name, value, made, 0) for name, value in sorted(values.items())],
                [Param(f"best_mode.{kind}", mode) for kind, mode in sorted(best.items())],
                [RunTag(KEY_TAG, digest)],
            )
            client.log_table(run_id, board.to_pydict(), "scoreboard.json")
            client.log_artifact(run_id, str(picture), "plots")
            client.set_terminated(run_id, "FINISHED")
            return run_id
