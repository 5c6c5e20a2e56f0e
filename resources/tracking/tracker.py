"""The tracker: MLflow runs, one a training, and the registered model with its aliases."""

import json
import logging
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from pipelines.core.child_process import ChildError, run_child
from pipelines.core.errors import ServiceError
from pipelines.core.identity import json_digest
from pipelines.core.masked import without_user
from resources.tracking.run_logging import log_contents, log_looks, log_numbers
from resources.tracking.tracking_server import require_database, require_server, take_credentials

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mlflow import MlflowClient

    from pipelines.finetune.training.record import TrainingRun

log = logging.getLogger("graftline")

EXPERIMENT = "graftline-finetune"
MODEL = "graftline"
KEY_TAG, RECIPE_TAG, EVALUATION_TAG, REASON_TAG = (
    "graftline.key",
    "graftline.recipe",
    "graftline.evaluation",
    "graftline.reason",
)
PARENT_TAG = "mlflow.parentRunId"
DECIDED_TAG = "graftline.decided"
"""Of a run: the digest of the decision that was logged to it last."""
_TAG_LENGTH = 5000


@dataclass(frozen=True)
class ModelVersion:
    """One version of the registered model."""

    version: str
    run_id: str
    key: str
    tags: Mapping[str, str]
    created: float = 0.0


class Tracker:
    """MLflow behind one class; ServiceError where it does not answer. No secret and no environment goes there.

    A server's address may carry a user and a password: they go to MLflow by its own variables, and `uri` is without.
    """

    experiment: ClassVar[str] = EXPERIMENT

    def __init__(self, uri: str, home: Path) -> None:
        self.uri, self.home = take_credentials(uri), home
        self._client: MlflowClient | None = None

    def check(self) -> None:
        """Raise ServiceError where MLflow does not answer."""
        with self._reached() as client:
            client.search_experiments(max_results=1)

    def find_run(self, key: str, parent: str | None = None) -> str | None:
        """Return the id of the finished run of this training (with `parent`: as that sweep's member), or None."""
        found = self._runs(key, parent)
        return next((run.info.run_id for run in found if run.info.status == "FINISHED"), None)

    def log_training(self, run: "TrainingRun") -> str:
        """Log a training as one run and return its id; a training that has its run already gets no second one."""
        existing = self.find_run(run.key, run.parent)
        if existing:
            return existing
        with self._reached() as client:
            for half in self._runs(run.key, run.parent):
                client.delete_run(half.info.run_id)
            seconds = float(run.log_rows[-1]["seconds"]) if run.log_rows else 0.0
            start = int((time.time() - seconds) * 1000)
            tags = {KEY_TAG: run.key, RECIPE_TAG: run.recipe, **run.tags}
            tags |= {PARENT_TAG: run.parent} if run.parent else {}
            made = client.create_run(self._experiment(client), start_time=start, run_name=run.name, tags=tags)
            log_contents(client, made.info.run_id, run, start)
            client.set_terminated(made.info.run_id, "FINISHED")
            return made.info.run_id

    def log_metrics(self, run_id: str, metrics: Mapping[str, float]) -> None:
        """Log numbers without a step."""
        with self._reached() as client:
            log_numbers(client, run_id, metrics)

    def log_evaluation(
        self,
        run_id: str,
        metrics: Mapping[str, float],
        tables: Mapping[str, Sequence[Mapping[str, Any]]],
        plots: Sequence[Path] = (),
    ) -> None:
        """Add an evaluation to a training's run: numbers, tables (lists of rows) and PNGs; once for equal content."""
        digest = json_digest([dict(metrics), {name: [dict(row) for row in rows] for name, rows in tables.items()}])
        with self._reached() as client:
            if client.get_run(run_id).data.tags.get(EVALUATION_TAG) == digest:
                return
            self.log_metrics(run_id, metrics)
            log_looks(client, run_id, "evaluation", tables, plots)
            client.set_tag(run_id, EVALUATION_TAG, digest)

    def log_decision(
        self,
        verdicts: Mapping[str, Mapping[str, str]],
        tables: Mapping[str, Sequence[Mapping[str, Any]]],
        plots: Sequence[Path],
    ) -> None:
        """Add a decision to the runs that it was about: each its tags, all its tables and PNGs; once for equal content.

        `verdicts` are the tags by run id.
        """
        told = {name: [dict(row) for row in rows] for name, rows in tables.items()}
        digest = json_digest([{run: dict(tags) for run, tags in verdicts.items()}, told])
        with self._reached() as client:
            for run_id, tags in verdicts.items():
                if client.get_run(run_id).data.tags.get(DECIDED_TAG) == digest:
                    continue
                for name, value in tags.items():
                    client.set_tag(run_id, name, value[:_TAG_LENGTH])
                log_looks(client, run_id, "decision", tables, plots)
                client.set_tag(run_id, DECIDED_TAG, digest)

    def register(self, run_id: str, key: str, model_path: Path, tags: Mapping[str, str]) -> ModelVersion:
        """Log a merged checkpoint under the run and register it; the same key is registered once.

        `mlflow.transformers.load_model("models:/graftline@champion")` gives a text-generation pipeline.
        """
        existing = next((known for known in self.versions() if known.key == key), None)
        if existing:
            return existing
        with self._reached() as client:
            number = self._log_and_register(run_id, key, model_path)
            for name, value in {**tags, KEY_TAG: key}.items():
                client.set_model_version_tag(MODEL, number, name, value)
            return ModelVersion(number, run_id, key, {**tags, KEY_TAG: key})

    def _log_and_register(self, run_id: str, key: str, model_path: Path) -> str:
        work = self.home.absolute() / "work" / "registering" / key
        result = work / "result.json"
        spec = {"run_id": run_id, "model": str(model_path), "name": MODEL, "result": str(result)}
        # The URI may carry a password: it goes through the environment, not through the file.
        environment = {"MLFLOW_TRACKING_URI": self.uri, "MLFLOW_REGISTRY_URI": self.uri}
        try:
            run_child("resources.tracking.register_child", spec, work, environment)
            number = json.loads(result.read_text(encoding="utf-8"))["version"]
        except ChildError as error:
            raise self._error(error.found) from error
        shutil.rmtree(work)
        return number

    def versions(self) -> list[ModelVersion]:
        """Return every registered version, the newest first."""
        with self._reached() as client:
            found = client.search_model_versions(f"name='{MODEL}'")
            made = [
                ModelVersion(
                    str(v.version), v.run_id or "", v.tags.get(KEY_TAG, ""), dict(v.tags), v.creation_timestamp / 1000
                )
                for v in found
            ]
            return sorted(made, key=lambda known: int(known.version), reverse=True)

    def champion(self, alias: str = "champion") -> ModelVersion | None:
        """Return the version that carries the alias, or None."""
        number = self.aliases().get(alias)
        return next((known for known in self.versions() if known.version == number), None) if number else None

    def aliases(self) -> dict[str, str]:
        """Return the version that each alias stands for."""
        with self._reached() as client:
            models = client.search_registered_models(f"name='{MODEL}'")
            return {alias: str(number) for alias, number in models[0].aliases.items()} if models else {}

    def set_alias(self, alias: str, number: str, reason: str) -> None:
        """Move an alias to a version and write why as its tag."""
        with self._reached() as client:
            client.set_model_version_tag(MODEL, number, f"{REASON_TAG}.{alias}", reason)
            client.set_registered_model_alias(MODEL, alias, number)

    def set_tags(self, number: str, tags: Mapping[str, str]) -> None:
        """Write tags on a version, such as why it was not promoted."""
        with self._reached() as client:
            for name, value in tags.items():
                client.set_model_version_tag(MODEL, number, name, value)

    def remove_tag(self, number: str, name: str) -> None:
        """Take a tag off a version."""
        with self._reached() as client:
            client.delete_model_version_tag(MODEL, number, name)

    def _runs(self, key: str, parent: str | None = None) -> list[Any]:
        with self._reached() as client:
            found = client.search_runs([self._experiment(client)], f"tags.`{KEY_TAG}` = '{key}'")
            return [run for run in found if run.data.tags.get(PARENT_TAG) == parent]

    def _experiment(self, client: "MlflowClient") -> str:
        known = client.get_experiment_by_name(self.experiment)
        if known:
            return known.experiment_id
        location = None if self.uri.startswith("http") else (self.home / "mlflow" / "artifacts").absolute().as_uri()
        return client.create_experiment(self.experiment, artifact_location=location)

    @contextmanager
    def _reached(self) -> "Iterator[MlflowClient]":
        """Yield the client; whatever says that MLflow does not answer becomes a ServiceError."""
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        import requests
        import sqlalchemy.exc
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException

        try:
            if self._client is None:
                self._require_answer()
                self._client = MlflowClient(self.uri, self.uri)
            yield self._client
        except (MlflowException, requests.RequestException, sqlalchemy.exc.SQLAlchemyError) as error:
            raise self._error(f"{type(error).__name__}: {str(error)[:300]}") from error

    def _require_answer(self) -> None:
        if self.uri.startswith("sqlite:///"):
            Path(self.uri.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
        if self.uri.startswith("http"):
            try:
                require_server(self.uri)
            except OSError as error:
                raise self._error(str(error)) from error
        elif "://" in self.uri and not self.uri.startswith("file"):
            require_database(self.uri)

    def _error(self, found: str) -> ServiceError:
        return ServiceError(
            f"MLflow at {without_user(self.uri)}",
            found,
            "a tracking server that answers",
            "start it (make ui), correct MLFLOW_TRACKING_URI, or unset it for the local store",
        )
