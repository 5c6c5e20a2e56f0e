"""What of a training goes into its MLflow run, piece by piece, each in as few calls as MLflow allows."""

import json
import posixpath
import re
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlflow import MlflowClient

    from pipelines.finetune.training.record import TrainingRun

_PARAMETER_LENGTH = 500
_PARAMETERS = 100  # MLflow takes at most so many parameters in one call
_BATCH = 1000  # and so many metrics
_NAME_LENGTH = 250
_NOT_IN_NAMES = re.compile(r"[^\w.\- /:]")
_TABLES_TAG = "mlflow.loggedArtifacts"  # of mlflow.utils.mlflow_tags, as `MlflowClient.log_table` sets it
_NO_METRIC = ("step", "total_steps", "sample", "time")


def log_contents(client: "MlflowClient", run_id: str, run: "TrainingRun", start: int) -> None:
    """Log everything of a training under an open run that began at `start` (milliseconds)."""
    log_parameters(client, run_id, {**run.parameters, "dataset_digest": run.dataset_digest})
    _log_dataset(client, run_id, run)
    _log_rows(client, run_id, run.log_rows, start)
    _log_samples(client, run_id, run.samples)
    log_numbers(client, run_id, {**run.summary, **{f"dataset.{name}": value for name, value in run.counts.items()}})
    if run.ledger:
        log_table(client, run_id, run.ledger, "dataset/ledger.json")
    if run.notes:
        client.log_text(run_id, "\n".join(run.notes) + "\n", "recipe-notes.txt")
    for path in run.plots:
        client.log_artifact(run_id, str(path), "plots")
    if (run.adapter / "recipe.yaml").exists():
        client.log_artifact(run_id, str(run.adapter / "recipe.yaml"))
    client.log_artifacts(run_id, str(run.adapter), "adapter")


def log_parameters(client: "MlflowClient", run_id: str, parameters: Mapping[str, Any]) -> None:
    """Log values as parameters; long ones are cut."""
    from mlflow.entities import Param

    made = [Param(name, str(value)[:_PARAMETER_LENGTH]) for name, value in sorted(parameters.items())]
    for first in range(0, len(made), _PARAMETERS):
        client.log_batch(run_id, params=made[first : first + _PARAMETERS])


def log_numbers(client: "MlflowClient", run_id: str, numbers: Mapping[str, float]) -> None:
    """Log numbers without a step, under names that MLflow takes."""
    from mlflow.entities import Metric

    now = int(time.time() * 1000)
    _log_metrics(client, run_id, [Metric(name, float(value), now, 0) for name, value in safe_names(numbers).items()])


def safe_names(numbers: Mapping[str, float]) -> dict[str, float]:
    """Return the numbers under names that MLflow takes, none of them lost.

    >>> safe_names({"a, b": 1, "a; b": 2, "../c//d": 3})
    {'a_ b': 1, 'a_ b_2': 2, '_/c/d': 3}
    """
    made: dict[str, float] = {}
    for name, value in numbers.items():
        safe = wanted = _metric_name(name)
        number = 1
        while safe in made:
            number += 1
            safe = f"{wanted[: _NAME_LENGTH - 8]}_{number}"
        made[safe] = value
    return made


def _metric_name(name: str) -> str:
    """MLflow refuses a whole run for a comma; a name is a path to it, which must not lead elsewhere."""
    path = posixpath.normpath(_NOT_IN_NAMES.sub("_", name)).lstrip("/")
    return re.sub(r"^\.+", "_", path)[:_NAME_LENGTH].rstrip("/") or "_"


def log_looks(
    client: "MlflowClient",
    run_id: str,
    folder: str,
    tables: Mapping[str, Sequence[Mapping[str, Any]]],
    plots: Sequence[Path],
) -> None:
    """Write tables below the folder, under the same names in every run, and PNGs below `plots`.

    By a tag MLflow knows the tables, so that its page of evaluations lays those of several runs beside each other.
    """
    paths = {name: f"{folder}/{name}.json" for name in tables}
    for name, rows in tables.items():
        log_table(client, run_id, rows, paths[name])
    for path in plots:
        client.log_artifact(run_id, str(path), "plots")
    known = json.loads(client.get_run(run_id).data.tags.get(_TABLES_TAG, "[]"))
    known += [entry for path in paths.values() if (entry := {"path": path, "type": "table"}) not in known]
    client.set_tag(run_id, _TABLES_TAG, json.dumps(known))


def log_table(client: "MlflowClient", run_id: str, rows: Sequence[Mapping[str, Any]], path: str) -> None:
    """Write rows as a table that MLflow's UI shows, in place of an earlier one under that path."""
    columns = list(rows[0]) if rows else []
    data = [[row.get(column) for column in columns] for row in rows]
    client.log_text(run_id, json.dumps({"columns": columns, "data": data}, ensure_ascii=False), path)


def _log_dataset(client: "MlflowClient", run_id: str, run: "TrainingRun") -> None:
    from mlflow.data.huggingface_dataset import from_huggingface
    from mlflow.entities import DatasetInput, InputTag

    inputs = []
    for part in run.parts:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # hints about integer columns and about which local path this is
            named = from_huggingface(part.rows, name=part.name, digest=part.digest, source=str(run.dataset_path))
            entity = named._to_mlflow_entity()
        inputs.append(DatasetInput(entity, [InputTag("mlflow.data.context", part.context)]))
    if inputs:
        client.log_inputs(run_id, inputs)


def _log_rows(client: "MlflowClient", run_id: str, rows: Sequence[Mapping[str, float]], start: int) -> None:
    from mlflow.entities import Metric

    _log_metrics(client, run_id, [
        Metric(name, float(value), start + int(row["seconds"] * 1000), int(row["step"]))
        for row in rows for name, value in row.items() if name not in _NO_METRIC
    ])  # fmt: skip


def _log_samples(client: "MlflowClient", run_id: str, samples: Sequence[Mapping[str, Any]]) -> None:
    from mlflow.entities import Metric

    _log_metrics(client, run_id, [
        Metric(f"system/{name}", float(value), int(row["time"]), int(row["sample"]))
        for row in samples for name, value in row.items() if name not in (*_NO_METRIC, "seconds")
    ])  # fmt: skip


def _log_metrics(client: "MlflowClient", run_id: str, metrics: Sequence[Any]) -> None:
    for first in range(0, len(metrics), _BATCH):
        client.log_batch(run_id, metrics=metrics[first : first + _BATCH])
