"""The scoreboard against the last one: the same questions, paired, so that a loss is told from other questions."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from pipelines.answering.scoreboard.pairs import signed
from pipelines.answering.scoreboard.scoring import QUALITY
from pipelines.measuring.bootstrap import paired_bootstrap
from pipelines.measuring.intervals import DEFAULT_LEVEL

CHANGES = pa.schema(
    [
        ("mode", pa.string()),
        ("metric", pa.string()),
        ("before", pa.float64()),
        ("now", pa.float64()),
        ("difference", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("level", pa.float64()),
        ("questions", pa.int64()),
    ]
)
"""One row a mode and quality that both boards have, over the questions that stand in both as they were."""


def changes_since(scores: pa.Table, previous: pa.Table, level: float = DEFAULT_LEVEL) -> pa.Table:
    """Return CHANGES from the last board's QUESTION_SCORES to these.

    A question whose text, gold answer or gold documents were edited is another one.
    """
    before = {_key(row): row["value"] for row in previous.to_pylist()}
    groups: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for row in scores.to_pylist():
        if row["metric"] in QUALITY and _key(row) in before:
            groups.setdefault((row["mode"], row["metric"]), []).append((row["value"], before[_key(row)]))
    rows = []
    for key, pairs in sorted(groups.items()):
        new, old = zip(*pairs, strict=True)
        found = paired_bootstrap(new, old, level=level)
        means = (sum(old) / len(old), sum(new) / len(new), found.mean, found.low, found.high, found.level, len(pairs))
        rows.append(dict(zip(CHANGES.names, (*key, *means), strict=True)))
    return pa.Table.from_pylist(rows, schema=CHANGES)


def regressions(changes: pa.Table) -> list[str]:
    """Return a line for each change whose interval lies wholly below 0."""
    return [_line(row) for row in changes.to_pylist() if row["high"] < 0]


def night_verdict(changes: pa.Table, lost: Sequence[str]) -> str:
    """Return what the comparison says in one line."""
    if not changes.num_rows:
        return "nothing to compare with"
    if lost:
        return f"{len(lost)} of {changes.num_rows} figures fell: {'; '.join(lost[:5])}"
    return f"none of {changes.num_rows} figures fell"


def _key(row: dict[str, Any]) -> tuple[str, str, str, str]:
    return row["question_id"], row["asked"], row["mode"], row["metric"]


def _line(row: dict[str, Any]) -> str:
    span = f"{signed(row['difference'])} [{signed(row['low'])}, {signed(row['high'])}]"
    return f"{row['mode']} {row['metric']} {row['before']:.2f} → {row['now']:.2f}: {span}"
