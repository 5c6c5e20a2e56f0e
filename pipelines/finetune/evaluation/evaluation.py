"""The evaluation: every metric by row, and its means and paired differences by slice, each with its interval."""

from typing import Any

import numpy as np
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from pipelines.measuring.bootstrap import bootstrap, paired_bootstrap
from pipelines.measuring.intervals import DEFAULT_LEVEL, interval_label
from pipelines.measuring.metrics import metrics, score_texts

_TEXTS, _NUMBERS = ("recipe", "slice", "metric"), ("base", "adapter", "difference", "low", "high", "share", "level")


_BARS = ("base_low", "base_high", "adapter_low", "adapter_high")


EVALUATION = pa.schema(
    [(name, pa.string()) for name in _TEXTS]
    + [(name, pa.float64()) for name in (*_NUMBERS, *_BARS)]
    + [("rows", pa.int64())]
    + [(name, pa.string()) for name in ("base_model", "model", "dataset")]
)
"""`low` and `high` bound the paired difference, `share` is the part of the resamples where it is not above 0, and
`level` is that of all intervals of the row."""


class EvaluationSettings(BaseModel):
    """How the intervals are made, and what an evaluation must have to count."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    resamples: int = Field(default=10_000, gt=0, description="bootstrap resamples")
    level: float = Field(default=DEFAULT_LEVEL, gt=0, lt=1, description="coverage of the intervals")
    seed: int = Field(default=0, description="seed of the resampling")
    min_rows: int = Field(default=80, gt=0, description="held-out rows below which the gate fails")
    max_empty_share: float = Field(default=0.05, ge=0, le=1, description="share of empty adapter texts it allows")


def score_rows(predictions: pa.Table) -> pa.Table:
    """Return {row_id, language, base_<metric>, adapter_<metric> …} of PREDICTIONS, scores in 0..1."""
    columns = {name: predictions[name] for name in ("row_id", "language")}
    references = predictions["reference"].to_pylist()
    for who in ("base", "adapter"):
        scores = score_texts(predictions[who].to_pylist(), references)
        columns |= {f"{who}_{metric}": pa.array(scores[metric], pa.float64()) for metric in metrics()}
    return pa.table(columns)


def evaluate(recipe: str, predictions: pa.Table, settings: EvaluationSettings | None = None) -> pa.Table:
    """Return EVALUATION: means of base and adapter, and the paired difference, by slice (all, then language)."""
    settings = settings or EvaluationSettings()
    if predictions.num_rows == 0:
        return EVALUATION.empty_table()
    scores = score_rows(predictions)
    origin = {name: predictions[name][0].as_py() for name in ("base_model", "model", "dataset")}
    languages = np.array(scores["language"].to_pylist())
    rows: list[dict[str, Any]] = []
    for part in ("all", *sorted(set(languages.tolist()))):
        chosen = np.ones(len(languages), bool) if part == "all" else languages == part
        for metric in metrics():
            base, adapter = (scores[f"{who}_{metric}"].to_numpy()[chosen] for who in ("base", "adapter"))
            rows.append(
                {
                    "recipe": recipe,
                    "slice": part,
                    "metric": metric,
                    "rows": int(chosen.sum()),
                    **origin,
                    **_compare(base, adapter, settings),
                }
            )
    return pa.Table.from_pylist(rows, EVALUATION)


def _compare(base: np.ndarray, adapter: np.ndarray, settings: EvaluationSettings) -> dict[str, float]:
    how = (settings.resamples, settings.level, settings.seed)
    before, after = bootstrap(base.tolist(), *how), bootstrap(adapter.tolist(), *how)
    difference = paired_bootstrap(adapter.tolist(), base.tolist(), *how)
    return {
        "base": before.mean,
        "base_low": before.low,
        "base_high": before.high,
        "adapter": after.mean,
        "adapter_low": after.low,
        "adapter_high": after.high,
        "difference": difference.mean,
        "low": difference.low,
        "high": difference.high,
        "share": difference.share,
        "level": difference.level,
    }


def headline(evaluation: pa.Table) -> list[dict[str, Any]]:
    """Return the evaluation as rows for a reader: rounded, with the interval in one cell under its level."""
    return [
        {
            "slice": row["slice"],
            "metric": row["metric"],
            "rows": row["rows"],
            "base": f"{row['base']:.3f}",
            "adapter": f"{row['adapter']:.3f}",
            "difference": f"{row['difference']:+.3f}",
            interval_label(row["level"]): f"{row['low']:+.3f} … {row['high']:+.3f}",
        }
        for row in evaluation.to_pylist()
    ]


def flat_metrics(evaluation: pa.Table) -> dict[str, float]:
    """Return the numbers of the evaluation by name, `adapter_token_f1_zh`, for a run's metrics; and their level."""
    rows = evaluation.to_pylist()
    figures = {
        f"{what}_{row['metric']}_{row['slice']}": row[what]
        for row in rows
        for what in ("base", "adapter", "difference", "low", "high")
    }
    return {"interval_level": rows[0]["level"], **figures} if rows else {}
