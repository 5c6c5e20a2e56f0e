"""A home's scoreboard as Markdown: all modes over all questions, by kind of question, and what is said of each."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from pipelines.answering.modes.names import ALL_MODES
from pipelines.answering.scoreboard.board import ALL, verdicts_of
from pipelines.answering.scoreboard.pairs import BASELINE, graph_verdict, signed

_HEAD = (
    "mode", "recall@5", "answered", "gold answer in it", "token F1", "difference to native", "cited document is gold",
    "refused without an answer", "tokens", "seconds",
)  # fmt: skip
_FIGURES = ("recall_at_5", "supported", "contains", "token_f1")
_REST = ("citation_precision", "refused", "prompt_tokens", "seconds")
_BY_KIND = ("recall_at_5", "supported", "contains", "token_f1")

Figures = Mapping[tuple[str, str, str], Mapping[str, Any]]


def figures_of(board: pa.Table) -> Figures:
    """Return the rows over all languages by mode, type and metric."""
    return {(row["mode"], row["type"], row["metric"]): row for row in board.to_pylist() if row["language"] == ALL}


def board_page(board: pa.Table) -> str:
    """Return the tables and the verdicts of a SCOREBOARD; `native` comes first."""
    rows = figures_of(board)
    modes = sorted({mode for mode, _, _ in rows}, key=lambda mode: (mode != BASELINE, mode))
    kinds = sorted({kind for _, kind, metric in rows if kind != ALL and metric == "recall_at_5"})
    verdicts = verdicts_of(board)
    parts = [_table(_HEAD, [_line(rows, mode) for mode in modes])]
    parts.append("By kind of question: recall@5 / answered / gold answer in it / token F1.")
    parts.append(
        _table(("mode", *kinds), [[f"`{mode}`", *(_kind(rows, mode, kind) for kind in kinds)] for mode in modes])
    )
    parts.append("Against `native`, over all questions:")
    parts.append("\n".join(f"- {line}" for line in verdicts.get(ALL, ())))
    told = [
        f"- {kind}: {line}"
        for kind in kinds
        for line in verdicts.get(kind, ())
        if line.endswith((": better", ": worse"))
    ]
    parts += ["By kind, where a difference is sure:", "\n".join(told)] if told else []
    left_out = [f"`{mode}`" for mode in ALL_MODES if mode not in modes]
    parts += [f"Not in this run's GRAFTLINE_MODES: {', '.join(left_out)}."] if left_out else []
    graph = graph_verdict(verdicts)
    parts += [f"**{graph[0].upper()}{graph[1:]}.**"] if graph else []
    return "\n\n".join(parts) + "\n"


def _line(rows: Figures, mode: str) -> list[str]:
    found = rows.get((mode, ALL, "token_f1"), {})
    difference = "–"
    if found.get("difference") is not None:
        low, high = signed(found["difference_low"]), signed(found["difference_high"])
        difference = f"{signed(found['difference'])} [{low}, {high}]"
    values = [_figure(rows, mode, ALL, name) for name in _FIGURES]
    return [f"`{mode}`", *values, difference, *(_figure(rows, mode, ALL, name) for name in _REST)]


def _kind(rows: Figures, mode: str, kind: str) -> str:
    return " / ".join(_figure(rows, mode, kind, name) for name in _BY_KIND)


def _figure(rows: Figures, mode: str, kind: str, name: str) -> str:
    row = rows.get((mode, kind, name))
    if row is None:
        return "–"
    return f"{row['value']:.0f}" if name == "prompt_tokens" else f"{row['value']:.2f}"


def _table(head: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *lines))
