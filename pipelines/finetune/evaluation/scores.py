"""What each row scores: base and adapter by every metric that is named for the row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipelines.finetune.dataset.rows.measures import Measures
from pipelines.measuring.metrics import default_metrics, metrics
from pipelines.measuring.scores.metric import Answers, Metric
from pipelines.measuring.scores.tokens import answer_tokens
from pipelines.measuring.slices import LANGUAGE, LENGTH, SOURCE, TASK, Slice, find_slices, length_halves

WHO = ("base", "adapter")


@dataclass(frozen=True)
class Scored:
    """One metric: for each of WHO the scores (rows,) or, of a corpus, the counts (rows, k); NaN where it says nothing.

    `named` are the rows that it is named for, `measured` those of which it says something for both.
    """

    metric: Metric
    named: np.ndarray
    sides: Mapping[str, np.ndarray]
    measured: np.ndarray


def named_metrics(row_ids: Sequence[str], measures: Mapping[str, Measures]) -> dict[str, np.ndarray]:
    """Return by metric, in the order of the table, which rows are measured by it: what is named, else the defaults."""
    wanted = [measures.get(row, Measures()).metrics or default_metrics() for row in row_ids]
    masks = {name: np.array([name in names for names in wanted], dtype=bool) for name in metrics()}
    return {name: mask for name, mask in masks.items() if mask.any()}


def score_all(predictions: pa.Table, measures: Mapping[str, Measures]) -> list[Scored]:
    """Return the scores of PREDICTIONS by metric; a metric sees only the rows that it is named for."""
    scored = []
    for name, mask in named_metrics(predictions["row_id"].to_pylist(), measures).items():
        metric = metrics()[name]
        chosen = predictions.filter(pa.array(mask))
        sides = {who: _spread(_scores(metric, chosen, who), mask) for who in WHO}
        known = [~np.isnan(side.reshape(len(side), -1)).any(axis=1) for side in sides.values()]
        scored.append(Scored(metric, mask, sides, np.logical_and.reduce(known)))
    return scored


def _scores(metric: Metric, rows: pa.Table, who: str) -> list[float | Sequence[float] | None]:
    column = f"{who}_log_probabilities"
    known = rows[column].to_pylist() if column in rows.column_names else None
    answers = Answers(rows[who].to_pylist(), rows["reference"].to_pylist(), known)
    return list(metric.rows(answers)) if metric.rows is not None else list(metric.row_counts(answers))


def _spread(values: Sequence[float | Sequence[float] | None], mask: np.ndarray) -> np.ndarray:
    """Return the values at the places of the mask, NaN elsewhere."""
    width = next((len(value) for value in values if isinstance(value, Sequence)), 0)
    spread = np.full((len(mask), width) if width else len(mask), np.nan)
    nothing = [np.nan] * width if width else np.nan
    spread[mask] = np.array([nothing if value is None else value for value in values], dtype=np.float64)
    return spread


def row_slices(
    predictions: pa.Table, measures: Mapping[str, Measures], kinds: Sequence[str], fewest: int
) -> tuple[list[Slice], dict[str, tuple[int, int]]]:
    """Return the parts of PREDICTIONS of these kinds, and by kind how many were too small, and their rows."""
    languages = predictions["language"].to_pylist()
    lengths = [len(answer_tokens(reference)) for reference in predictions["reference"].to_pylist()]
    columns = {
        LANGUAGE: languages,
        LENGTH: length_halves(lengths, languages),
        SOURCE: predictions["source"].to_pylist(),
        TASK: [measures.get(row, Measures()).task for row in predictions["row_id"].to_pylist()],
    }
    return find_slices({kind: column for kind, column in columns.items() if kind in kinds}, fewest)
