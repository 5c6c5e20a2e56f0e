"""A question, its answer in one mode, what was read for it and what it scored: what a trace shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa


@dataclass(frozen=True)
class Case:
    """One answer with its passages (`id`, `document`, `text`, best first), its gold and its figures by metric."""

    case_id: str
    mode: str
    question: Mapping[str, Any]
    """A row of QUESTIONS."""
    answer: Mapping[str, Any]
    """A row of ANSWERS."""
    passages: tuple[Mapping[str, str], ...]
    figures: Mapping[str, float]


def cases_of(answers: pa.Table, questions: pa.Table, chunks: pa.Table, scores: pa.Table) -> list[Case]:
    """Return a case for each of ANSWERS to QUESTIONS, by mode and question; `scores` are their QUESTION_SCORES."""
    asked = {row["id"]: row for row in questions.to_pylist()}
    columns = [name for name in ("chunk_id", "path", "text") if name in chunks.column_names]
    places = {row["chunk_id"]: row for row in chunks.select(columns).to_pylist()}
    figures: dict[tuple[str, str], dict[str, float]] = {}
    for row in scores.to_pylist():
        figures.setdefault((row["mode"], row["question_id"]), {})[row["metric"]] = row["value"]
    return [
        Case(
            answer["answer_id"],
            answer["mode"],
            asked[answer["question_id"]],
            answer,
            tuple(
                {"id": key, "document": places[key]["path"], "text": places[key].get("text", "")}
                for key in answer["retrieved"]
                if key in places
            ),
            figures.get((answer["mode"], answer["question_id"]), {}),
        )
        for answer in sorted(answers.to_pylist(), key=lambda row: (row["mode"], row["question_id"]))
        if answer["question_id"] in asked
    ]
