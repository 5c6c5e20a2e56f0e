"""The evaluation: every metric by row, and its means and paired differences by slice, each with its interval."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from pipelines.core.identity import content_id
from pipelines.finetune.dataset.rows.measures import Measures
from pipelines.finetune.evaluation.noise import noise_floor
from pipelines.finetune.evaluation.scores import KINDS, SOURCE, WHO, Kinds, Scored, row_slices, score_all
from pipelines.measuring.bootstrap import Estimate, bootstrap, paired_bootstrap
from pipelines.measuring.corpus_bootstrap import corpus_bootstrap
from pipelines.measuring.intervals import DEFAULT_LEVEL, interval_label
from pipelines.measuring.metrics import metrics
from pipelines.measuring.slices import LEAST_ROWS

_TEXTS, _NUMBERS = ("recipe", "slice", "metric"), ("base", "adapter", "difference", "low", "high", "share", "level")


_BARS = ("base_low", "base_high", "adapter_low", "adapter_high")


EVALUATION = pa.schema(
    [(name, pa.string()) for name in _TEXTS]
    + [(name, pa.float64()) for name in (*_NUMBERS, *_BARS)]
    + [("noise", pa.float64()), ("rows", pa.int64())]
    + [(name, pa.string()) for name in ("base_model", "model", "dataset")]
)
"""`low` and `high` bound the paired difference, `share` is the part of the resamples where it is not above 0, and
`level` is that of all intervals of the row. `noise` is what two runs of the same weights differ by (`noise_floor`), of
all rows; null where it was not measured."""


class EvaluationSettings(BaseModel):
    """How the intervals are made, and what an evaluation must have to count."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    resamples: int = Field(default=10_000, gt=0, description="bootstrap resamples")
    level: float = Field(default=DEFAULT_LEVEL, gt=0, lt=1, description="coverage of the intervals")
    seed: int = Field(default=0, description="seed of the resampling")
    min_rows: int = Field(default=80, gt=0, description="held-out rows below which the gate fails")
    slices: tuple[Kinds, ...] = Field(default=KINDS, description="kinds of slices that are looked at by themselves")
    min_slice_rows: int = Field(default=LEAST_ROWS, gt=0, description="rows of the smallest slice, of a language any")
    max_empty_share: float = Field(default=0.05, ge=0, le=1, description="share of empty adapter texts it allows")


def score_rows(predictions: pa.Table, scored: Sequence[Scored] | None = None) -> pa.Table:
    """Return {row_id, language, base_<metric>, adapter_<metric> …} of PREDICTIONS by the metrics of a row.

    Null where a metric is not named for the row, or says nothing of it.
    """
    columns = {name: predictions[name] for name in ("row_id", "language")}
    scored = score_all(predictions, {}) if scored is None else scored
    by_row = [one for one in scored if one.metric.per_row]
    for who in WHO:
        columns |= {f"{who}_{one.metric.name}": pa.array(one.sides[who], pa.float64(), from_pandas=True)
                    for one in by_row}  # fmt: skip
    return pa.table(columns)


def evaluate(
    recipe: str,
    predictions: pa.Table,
    settings: EvaluationSettings | None = None,
    measures: Mapping[str, Measures] | None = None,
    scored: Sequence[Scored] | None = None,
) -> pa.Table:
    """Return EVALUATION: means of base and adapter, and the paired difference, by slice ("all" first).

    `measures` say by row id which metrics a row is measured by, unless the default ones, and its task. `rows` are
    those of which the metric says something; a metric that says nothing of a slice has no row there.
    """
    settings, measures = settings or EvaluationSettings(), measures or {}
    if predictions.num_rows == 0:
        return EVALUATION.empty_table()
    origin = {name: predictions[name][0].as_py() for name in ("base_model", "model", "dataset")}
    every = {"all": np.ones(predictions.num_rows, bool)}
    parts, _ = row_slices(predictions, measures, settings.slices, settings.min_slice_rows)
    scored, rows = score_all(predictions, measures) if scored is None else scored, []
    for part, mask in (every | parts).items():
        for one in scored:
            chosen = mask & one.measured
            if chosen.any():
                about = {"recipe": recipe, "slice": part, "metric": one.metric.name, "rows": int(chosen.sum())}
                noise = noise_floor(predictions.filter(pa.array(chosen)), [one.metric.name]) if part == "all" else {}
                about["noise"] = noise.get(one.metric.name)
                rows.append({**about, **origin, **_compare(one, chosen, settings)})
    return pa.Table.from_pylist(rows, EVALUATION)


def unmeasured(scored: Sequence[Scored]) -> dict[str, int]:
    """Return by metric how many of the rows that it is named for it says nothing of, where there are some."""
    missing = {one.metric.name: int((one.named & ~one.measured).sum()) for one in scored}
    return {name: count for name, count in missing.items() if count}


def _compare(scored: Scored, chosen: np.ndarray, settings: EvaluationSettings) -> dict[str, float]:
    how = (settings.resamples, settings.level, settings.seed)
    base, adapter = (scored.sides[who][chosen] for who in WHO)
    if scored.metric.per_row:
        before, after = bootstrap(base.tolist(), *how), bootstrap(adapter.tolist(), *how)
        return _figures(before, after, paired_bootstrap(adapter.tolist(), base.tolist(), *how))
    after, before, difference = corpus_bootstrap(adapter, base, scored.metric.of_sums, *how)
    return _figures(before, after, difference)


def _figures(before: Estimate, after: Estimate, difference: Estimate) -> dict[str, float]:
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
            "metric": row["metric"] + ("" if _higher_is_better(row["metric"]) else " (lower is better)"),
            "rows": row["rows"],
            "base": f"{row['base']:.3f}",
            "adapter": f"{row['adapter']:.3f}",
            "difference": f"{row['difference']:+.3f}",
            interval_label(row["level"]): f"{row['low']:+.3f} … {row['high']:+.3f}",
        }
        for row in evaluation.to_pylist()
    ]


def flat_metrics(evaluation: pa.Table) -> dict[str, float]:
    """Return the numbers of the evaluation by name, `adapter_token_f1_zh`, for a run's metrics; and their level.

    Sources are left to the table: there may be hundreds.
    """
    rows = evaluation.to_pylist()
    figures = {
        f"{what}_{row['metric']}_{_flat_name(row['slice'])}": row[what]
        for row in rows
        if not row["slice"].startswith(f"{SOURCE}=")
        for what in ("base", "adapter", "difference", "low", "high")
    }
    return {"interval_level": rows[0]["level"], **figures} if rows else {}


def _flat_name(part: str) -> str:
    """Return a slice's name as MLflow takes it; one that loses a letter by that has a digest behind it."""
    name = part.replace("=", "_", 1)
    kept = re.sub(r"[^/\w. -]", "_", name)
    return kept if kept == name else f"{kept}-{content_id(part)[:6]}"


def _higher_is_better(metric: str) -> bool:
    known = metrics().get(metric)  # a stored evaluation may name one of a package that is gone
    return known is None or known.higher_is_better
