"""`graftline plan`: what the next run would do with the documents; it reads only files whose size or time changed."""

import time
from typing import Any

from pipelines.knowledge.document_changes import indexed_versions, limits_digest
from pipelines.knowledge.manifest import plan, scan
from pipelines.knowledge.sources import list_files
from resources.settings import Settings
from resources.tables import TableStore

_SHOWN = 20
_KINDS = ("new", "changed", "renamed", "gone", "rejected", "same")


def planned(settings: Settings) -> dict[str, Any]:
    """Return {"counts": by kind, and by kind the paths}; `renamed` are {"from", "to"}. Nothing is written.

    "rejected" are the files that the last run could not read and that are as they were, or that no reader is for.
    """
    tables = TableStore(settings.home / "tables")
    states = scan(
        list_files(settings.documents, settings.documents_cache).files,
        tables.find("documents_manifest"),
        time.time_ns(),
    )
    found = plan(states, indexed_versions(tables.amendable("documents")), limits_digest(settings.limits))
    paths: dict[str, list[Any]] = {kind: list(getattr(found, kind)) for kind in _KINDS}
    paths["renamed"] = [{"from": old, "to": new} for old, new in found.renamed]
    return {"counts": {kind: len(paths[kind]) for kind in _KINDS}, **paths}


def printed(found: dict[str, Any]) -> str:
    """Return the plan for a person: a line a path, the first of each kind, and the counts."""
    marks = {"new": "+", "changed": "~", "renamed": ">", "gone": "-", "rejected": "!"}
    lines = []
    for kind, mark in marks.items():
        for path in found[kind][:_SHOWN]:
            lines.append(f"{mark} {path['from']} -> {path['to']}" if kind == "renamed" else f"{mark} {path}")
        if len(found[kind]) > _SHOWN:
            lines.append(f"{mark} … and {len(found[kind]) - _SHOWN} more {kind}")
    return "\n".join([*lines, ", ".join(f"{count} {kind}" for kind, count in found["counts"].items())])
