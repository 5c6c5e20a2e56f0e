"""The scoreboard: retrieval, answers, refusals and citations of every mode, each figure with its interval."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.answering.grounding.answer import CLAIMS, PROVEN
from pipelines.measuring.bootstrap import bootstrap
from pipelines.measuring.intervals import DEFAULT_LEVEL
from pipelines.measuring.metrics import answer_tokens, token_f1

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
    ]
)
"""One row a mode, type ("all" too), language ("all" too) and metric; `low` and `high` bound the interval of `level`."""


ALL = "all"


UNANSWERABLE = "unanswerable"


METRICS = (
    "recall_at_5",
    "token_f1",
    "contains",
    "supported",
    "refused",
    "citation_precision",
    "grounded",
    "prompt_tokens",
)


_MARKS = re.compile(r" ?\[\d+\]")


def measure(answer: Mapping[str, Any], question: Mapping[str, Any], document_of: Mapping[str, str]) -> dict[str, float]:
    """Return the metrics that apply to one answer, each 0 to 1 but `prompt_tokens`.

    Unanswerable questions have `refused` only; citation precision needs a citation, `grounded` (the share of claims
    that the sources bear out) a claim of a model.
    """
    if question["type"] == UNANSWERABLE:
        return {"refused": float(not answer["supported"]), "prompt_tokens": float(answer["prompt_tokens"])}
    gold = set(question["documents"])
    found = {document_of[chunk] for chunk in answer["retrieved"][:5] if chunk in document_of}
    text = _MARKS.sub("", answer["answer"])
    wanted, got = "".join(answer_tokens(question["answer"])), "".join(answer_tokens(text))
    figures = {
        "token_f1": token_f1(text, question["answer"]) if answer["supported"] else 0.0,
        "contains": float(bool(wanted) and wanted in got),
        "supported": float(answer["supported"]),
        "prompt_tokens": float(answer["prompt_tokens"]),
    }
    if gold:
        figures["recall_at_5"] = len(gold & found) / len(gold)
    if gold and answer["citations"]:
        figures["citation_precision"] = float(
            np.mean([citation["document"] in gold for citation in answer["citations"]])
        )
    claims = [one["status"] for one in answer.get("sentences") or [] if one["status"] in CLAIMS]
    if claims:
        figures["grounded"] = sum(status in PROVEN for status in claims) / len(claims)
    return figures


def score_answers(answers: pa.Table, questions: pa.Table, chunks: pa.Table, level: float = DEFAULT_LEVEL) -> pa.Table:
    """Return the SCOREBOARD of ANSWERS to QUESTIONS; `chunks` say which document a retrieved chunk belongs to."""
    document_of = dict(zip(chunks["chunk_id"].to_pylist(), chunks["path"].to_pylist(), strict=True))
    asked = {row["id"]: row for row in questions.to_pylist()}
    groups: dict[tuple[str, str, str, str], list[float]] = {}
    for answer in sorted(answers.to_pylist(), key=lambda row: (row["mode"], row["question_id"])):
        question = asked.get(answer["question_id"])
        if question is None:
            continue
        for metric, value in measure(answer, question, document_of).items():
            for kind in (question["type"], ALL):
                for language in (question["language"], ALL):
                    groups.setdefault((answer["mode"], kind, language, metric), []).append(value)
    rows = []
    for key, values in sorted(groups.items()):
        mean = bootstrap(values, level=level)
        row = (*key, mean.mean, mean.low, mean.high, mean.level, len(values))
        rows.append(dict(zip(SCOREBOARD.names, row, strict=True)))
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
