"""How a dataset's rows are measured, where `dataset_info.json` says so: `metrics` and `task` of an entry."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.core.errors import InputError
from pipelines.core.inputs.as_of import is_there, text_of
from pipelines.measuring.metrics import meant_metric, metric_names

REGISTRY = "dataset_info.json"


@dataclass(frozen=True)
class Measures:
    """Of a row: its task's name, and the metrics that it is measured by, () for those of the recipe or the usual."""

    task: str = ""
    metrics: tuple[str, ...] = ()


def entry_measures(path: Path, dataset: str, entry: Mapping[str, Any]) -> Measures:
    """Return what an entry says; InputError that names file and entry for a metric that is unknown."""
    given = entry.get("metrics") or ()
    names = given.split(",") if isinstance(given, str) else given
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise InputError(f"{path}, {dataset}", f"metrics {given!r}", "names of metrics", "write a list of texts")
    names = tuple(dict.fromkeys(name.strip() for name in names if name.strip()))
    for name in names:
        if name not in metric_names():
            known = ", ".join(metric_names())
            raise InputError(f"{path}, {dataset}", f"the metric '{name}'", known, f"write {meant_metric(name)}")
    return Measures(str(entry.get("task") or dataset), names)


def registered_measures(folder: Path) -> dict[str, Measures]:
    """Return what the folder's registry says, by dataset; {} without one."""
    path = folder / REGISTRY
    entries = json.loads(text_of(path)) if is_there(path) else {}
    return {name: entry_measures(path, name, entry) for name, entry in entries.items() if isinstance(entry, dict)}


def row_measures(
    rows: Iterable[Mapping[str, Any]], registered: Mapping[str, Measures], asked: tuple[str, ...] = ()
) -> dict[str, Measures]:
    """Return by row id what holds: the registry's metrics of its dataset, else those `asked` for (by a recipe)."""
    found = {}
    for row in rows:
        own = registered.get(row["dataset"], Measures(row["dataset"]))
        found[row["row_id"]] = Measures(own.task, own.metrics or asked)
    return found
