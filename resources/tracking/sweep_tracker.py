"""A sweep's MLflow runs: one that holds table and picture, and nested below it one a member, failed ones too."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from resources.tracking.run_logging import log_numbers, log_table
from resources.tracking.tracker import KEY_TAG, PARENT_TAG, RECIPE_TAG, Tracker

_ERROR_TAG = "graftline.error"
_TAG_LENGTH = 5000


class SweepTracker(Tracker):
    """The tracker, with sweeps."""

    def open_sweep(self, key: str, name: str, recipe: str) -> str:
        """Return the run of this sweep, opened again where it was there already."""
        with self._reached() as client:
            for run in self._runs(key):
                client.update_run(run.info.run_id, status="RUNNING")
                return run.info.run_id
            tags = {KEY_TAG: key, RECIPE_TAG: recipe, "graftline.sweep": "true"}
            return client.create_run(self._experiment(client), run_name=name, tags=tags).info.run_id

    def log_failure(self, key: str, name: str, recipe: str, parent: str, error: str) -> str:
        """Log a member that failed as one failed run with its error, in place of an earlier one; return its id."""
        with self._reached() as client:
            for earlier in self._runs(key, parent):
                client.delete_run(earlier.info.run_id)
            tags = {KEY_TAG: key, RECIPE_TAG: recipe, PARENT_TAG: parent, _ERROR_TAG: error[:_TAG_LENGTH]}
            run_id = client.create_run(self._experiment(client), run_name=name, tags=tags).info.run_id
            client.set_terminated(run_id, "FAILED")
            return run_id

    def close_sweep(self, run_id: str, rows: Sequence[Mapping[str, Any]], picture: Path, failed: int) -> None:
        """Write table, picture and the best member's figures; the run is failed only where every member is."""
        losses = [(row["held_out_loss"], row["setting"]) for row in rows if row["held_out_loss"] is not None]
        with self._reached() as client:
            log_table(client, run_id, rows, "sweep.json")
            client.log_artifact(run_id, str(picture), "plots")
            numbers = {"members": float(len(rows)), "failed_members": float(failed)}
            if losses:
                loss, setting = min(losses)
                numbers["best_held_out_loss"] = loss
                client.set_tag(run_id, "graftline.best", setting)
            log_numbers(client, run_id, numbers)
            client.set_terminated(run_id, "FINISHED" if losses else "FAILED")
