"""How an asset reports: a digest as its data version, counters, a preview, and a ledger that a check can read."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa

from pipelines.core.delta import Work
from pipelines.core.errors import Problem
from pipelines.core.identity import table_digest
from pipelines.measuring.gates import Checks, GateRecord, GateStore, Verdict, faultless, first_faults, keep_record
from resources.tables.amended_table import LanceTable

OWNERS = ["team:graftline"]
_PREVIEW_ROWS, _PREVIEW_WIDTH = 5, 120


def markdown_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return rows as a Markdown table; long cells are cut."""
    if not rows:
        return "*no rows*"
    columns = list(rows[0])
    lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    for row in rows:
        cells = (str(row[column]).replace("|", "\\|").replace("\n", " ") for column in columns)
        cells = (cell if len(cell) <= _PREVIEW_WIDTH else cell[: _PREVIEW_WIDTH - 1] + "…" for cell in cells)
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def preview(table: pa.Table) -> dg.MetadataValue:
    """Return the first rows as Markdown, without vectors."""
    columns = [name for name in table.column_names if name != "vector"]
    return dg.MetadataValue.md(markdown_table(table.select(columns).slice(0, _PREVIEW_ROWS).to_pylist()))


def plot(path: Path) -> dg.MetadataValue:
    """Return a PNG as inline Markdown, so that the UI shows it."""
    import base64

    return dg.MetadataValue.md(f"![{path.stem}](data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()})")


def problems_metadata(problems: Sequence[Problem], total: int) -> dict[str, Any]:
    """Return the ledger's metadata: how many were rejected of how many, and each with its reason."""
    rows = [{"file": p.file, "row": p.row, "found": p.found, "expected": p.expected, "next": p.fix} for p in problems]
    return {
        "rejected": len(problems),
        "rejected_share": len(problems) / total if total else 0.0,
        "ledger": dg.MetadataValue.md(markdown_table(rows[:200])),
    }


def table_result(table: pa.Table, work: Work | None = None, **metadata: Any) -> dg.MaterializeResult:
    """Return the materialisation of a table: value, digest as data version, counters and preview."""
    digest = table_digest(table)
    counters = work.metadata() if work else {}
    return dg.MaterializeResult(
        value=table,
        data_version=dg.DataVersion(digest),
        metadata={"rows": table.num_rows, "digest": digest, **counters, **metadata, "preview": preview(table)},
    )


def stored_result(table: LanceTable, work: Work, **metadata: Any) -> dg.MaterializeResult:
    """Return the materialisation of a table that was amended in the store: nothing of it is read but the preview."""
    first = table.dataset.head(_PREVIEW_ROWS)
    return dg.MaterializeResult(
        value=table,
        data_version=dg.DataVersion(table.digest),
        metadata={"rows": len(table), "digest": table.digest, **work.metadata(), **metadata, "preview": preview(first)},
    )


def record_result(record: dict[str, Any], **metadata: Any) -> dg.MaterializeResult:
    """Return the materialisation of a small JSON record, whose `digest` is its data version."""
    return dg.MaterializeResult(
        value=record,
        data_version=dg.DataVersion(record["digest"]),
        metadata={"digest": record["digest"], **metadata, "record": dg.MetadataValue.json(record)},
    )


def gate(
    store: GateStore,
    check: str,
    asset: str,
    version: str | None,
    verdicts: Verdict | Checks,
    recipe: str = "",
    figures: Mapping[str, Any] | None = None,
    made_from: Sequence[str] = (),
) -> dg.AssetCheckResult:
    """Report what a blocking check found about a version, and keep it for what is built on that in later runs.

    `figures` are metadata beside it, for the terminal and the UI. An asset's checks share one gate: what another of
    them found about the same version stays in it. `made_from` names what is stored of the asset's inputs: their
    versions are kept, so that promotion refuses what was made from others than stand.
    """
    checks = {check: verdicts} if isinstance(verdicts, Verdict) else verdicts
    inputs = {name: store.digest(name) for name in made_from}
    keep_record(store, GateRecord(asset, recipe, version or "", checks, frozenset([check]), inputs))
    passed = all(verdict.passed for verdict in checks.values())
    one = isinstance(verdicts, Verdict)
    reasons = {} if one else {name: verdict.reason for name, verdict in checks.items()}
    description = checks[check].reason if one else None
    return dg.AssetCheckResult(passed=passed, description=description, metadata={**reasons, **(figures or {})})


def faults_gate(
    store: GateStore, check: str, asset: str, version: str | None, faults: Sequence[str]
) -> dg.AssetCheckResult:
    """Report a blocking check that lists what is wrong, and keep it: see `gate`."""
    figures = {"faults": len(faults), "first": first_faults(faults)}
    return gate(store, check, asset, version, faultless(faults), figures=figures)
