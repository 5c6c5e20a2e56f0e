"""The nights' MLflow runs: one a night, with its digest as artifacts and its figures beside those of other nights."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from resources.tracking.run_logging import log_numbers, log_parameters
from resources.tracking.tracker import KEY_TAG, Tracker

EXPERIMENT = "graftline-nights"
_STATUS = {"done": "FINISHED", "cancelled": "KILLED"}


class NightTracker(Tracker):
    """The tracker's connection and errors, with an experiment of its own."""

    experiment = EXPERIMENT

    def log_night(
        self,
        key: str,
        state: str,
        parameters: Mapping[str, str],
        figures: Mapping[str, float],
        files: Sequence[Path],
    ) -> str:
        """Log a night as one run and return its id; `key` names the night, whose earlier run gives way."""
        with self._reached() as client:
            for earlier in self._runs(key):
                client.delete_run(earlier.info.run_id)
            number = self._experiment(client)
            run_id = client.create_run(number, run_name=f"night-{key}", tags={KEY_TAG: key}).info.run_id
            log_parameters(client, run_id, {"state": state, **parameters})
            log_numbers(client, run_id, figures)
            for file in files:
                client.log_artifact(run_id, str(file), "digest")
            client.set_terminated(run_id, _STATUS.get(state, "FAILED"))
            return run_id
