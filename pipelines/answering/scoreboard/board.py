"""The scoreboard: every mode's figures with intervals, the paired differences to `native`, and what they say."""

import pyarrow as pa

from pipelines.answering.scoreboard.pairs import compare_with_baseline
from pipelines.measuring.bootstrap import bootstrap
from pipelines.measuring.intervals import DEFAULT_LEVEL

SCOREBOARD = pa.schema(
    [
        ("mode", pa.string()),
        ("type", pa.string()),
        ("language", pa.string()),
        ("metric", pa.string()),
        ("value", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("level", pa.float64()),
        ("questions", pa.int64()),
        ("difference", pa.float64()),
        ("difference_low", pa.float64()),
        ("difference_high", pa.float64()),
        ("pairs", pa.int64()),
        ("verdict", pa.string()),
    ]
)
"""One row a mode, type ("all" too), language ("all" too) and metric; `low` and `high` bound the interval of `level`.

Over both languages a mode is compared with `native`: the mean `difference` over the `pairs` of questions that both have
the metric of, and for qualities what it says in words.
"""


ALL = "all"


def scoreboard_of(scores: pa.Table, level: float = DEFAULT_LEVEL) -> pa.Table:
    """Return the SCOREBOARD of QUESTION_SCORES."""
    groups: dict[tuple[str, str, str, str], dict[str, float]] = {}
    for score in sorted(scores.to_pylist(), key=lambda row: (row["mode"], row["question_id"])):
        for kind in (score["type"], ALL):
            for language in (score["language"], ALL):
                group = groups.setdefault((score["mode"], kind, language, score["metric"]), {})
                group[score["question_id"]] = score["value"]
    compared = compare_with_baseline(
        {(mode, kind, metric): values for (mode, kind, language, metric), values in groups.items() if language == ALL},
        level,
    )
    rows = []
    for key, values in sorted(groups.items()):
        mean = bootstrap(list(values.values()), level=level)
        row = dict(zip(SCOREBOARD.names, (*key, mean.mean, mean.low, mean.high, mean.level, len(values)), strict=False))
        mode, kind, language, metric = key
        pair = compared.get((mode, kind, metric)) if language == ALL else None
        if pair is not None:
            difference = pair.difference
            row |= {"difference": difference.mean, "difference_low": difference.low, "difference_high": difference.high}
            row |= {"pairs": pair.questions, "verdict": pair.verdict}
        rows.append(row)
    return pa.Table.from_pylist(rows, schema=SCOREBOARD)


def best_modes(board: pa.Table, metric: str = "token_f1") -> dict[str, str]:
    """Return the mode with the highest metric by question type; among equals the first by name."""
    best: dict[str, tuple[float, str]] = {}
    for row in board.to_pylist():
        wanted = row["metric"] == metric and row["language"] == ALL
        if wanted and row["value"] > best.get(row["type"], (-1.0, ""))[0]:
            best[row["type"]] = (row["value"], row["mode"])
    return {kind: mode for kind, (_, mode) in sorted(best.items())}


def scoreboard_figures(board: pa.Table) -> dict[str, float]:
    """Return the figures over both languages by name ("local.multi-hop.token_f1"), as metrics of a run."""
    rows = (row for row in board.to_pylist() if row["language"] == ALL)
    return {f"{row['mode']}.{row['type']}.{row['metric']}": row["value"] for row in rows}


def verdicts_of(board: pa.Table) -> dict[str, list[str]]:
    """Return by question type what is said of each mode's answers, of its retrieval where there are no answers."""
    rows = [row for row in board.to_pylist() if row["verdict"]]
    metric = "token_f1" if any(row["metric"] == "token_f1" for row in rows) else "recall_at_5"
    found: dict[str, list[str]] = {}
    for row in rows:
        if row["metric"] == metric:
            found.setdefault(row["type"], []).append(row["verdict"])
    return found
