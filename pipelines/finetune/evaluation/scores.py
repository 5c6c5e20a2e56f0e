"""What each row scores: base and adapter by every metric that is named for the row."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pyarrow as pa

from pipelines.finetune.dataset.rows.measures import Measures
from pipelines.measuring.metrics import default_metrics, metrics
from pipelines.measuring.scores.metric import Answers, Metric
from pipelines.measuring.slices import slices_of

WHO = ("base", "adapter")
Kinds = Literal["language", "length", "source", "task"]
KINDS: tuple[Kinds, ...] = get_args(Kinds)
LANGUAGE, _, SOURCE, _ = KINDS


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
    predictions: pa.Table, measures: Mapping[str, Measures], kinds: Sequence[str], least: int
) -> tuple[dict[str, np.ndarray], int]:
    """Return masks of PREDICTIONS' rows by slice, "zh" and "length=long", and how many slices had too few rows.

    A language is a slice however few its rows are; of the other kinds as `slices_of` says.
    """
    languages = np.array(predictions["language"].to_pylist(), dtype=object)
    labels: dict[str, list[str]] = {
        LANGUAGE: languages.tolist(),
        "source": predictions["source"].to_pylist(),
        "task": [measures.get(row, Measures()).task for row in predictions["row_id"].to_pylist()],
    }
    wanted = {kind: column for kind, column in labels.items() if kind in (LANGUAGE, *kinds)}
    found, small = slices_of(wanted, predictions["reference"].to_pylist(), least)
    spoken = {name: languages == name for name in sorted(set(languages.tolist()))}
    if len(spoken) > 1:
        small -= sum(int(mask.sum()) < least for mask in spoken.values())
    others = {name: mask for name, mask in found.items() if name.partition("=")[0] in kinds}
    others = {name: mask for name, mask in others.items() if not name.startswith(f"{LANGUAGE}=")}
    return (spoken if LANGUAGE in kinds else {}) | others, small
