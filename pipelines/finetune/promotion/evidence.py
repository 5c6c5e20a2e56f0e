"""What the held-out rows say about one candidate: paired tests against champion and base, in all rows and in slices."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from pipelines.core.errors import ConfigurationError
from pipelines.measuring.intervals import DEFAULT_LEVEL
from pipelines.measuring.metrics import deciding_scores
from pipelines.measuring.paired import PairedTest, compare_pairs
from pipelines.measuring.slices import LEAST_ROWS, slices_of

ALL, BASE, CHAMPION = "all", "base", "champion"
REPORTED = "exact_match"
"""Compared in all rows whatever decides: its wins and losses are whole answers, and its p-value is McNemar's."""
_LABELS = ("language", "source", "task")


@dataclass(frozen=True)
class Testing:
    """How pairs are tested; `noise` is the floor by metric, `recipes` how many are tested in one night."""

    metrics: Sequence[str]
    level: float = DEFAULT_LEVEL
    noise: Mapping[str, float] | None = None
    resamples: int = 10_000
    seed: int = 0
    least_rows: int = LEAST_ROWS
    recipes: int = 1


@dataclass(frozen=True)
class Comparison:
    """One paired test: against whom (base or champion), in which rows, by which metric, and whether it decides."""

    against: str
    slice: str
    metric: str
    decides: bool
    test: PairedTest


@dataclass(frozen=True)
class Evidence:
    """All comparisons of a candidate, and how many slices had too few rows to be tested."""

    rows: int
    opponent: str
    comparisons: Sequence[Comparison]
    small_slices: int

    def overall(self, against: str = "") -> list[Comparison]:
        """Return the deciding comparisons over all rows, against the one that would be replaced or another."""
        wanted = against or self.opponent
        return [one for one in self.comparisons if one.decides and one.slice == ALL and one.against == wanted]

    def sliced(self) -> list[Comparison]:
        """Return the comparisons in slices, against the one that would be replaced."""
        return [one for one in self.comparisons if one.slice != ALL]

    def of(self, against: str, metric: str) -> PairedTest:
        """Return the test over all rows by a metric; KeyError where it was not made."""
        found = [one.test for one in self.comparisons if (one.against, one.slice, one.metric) == (against, ALL, metric)]
        if not found:
            raise KeyError((against, metric))
        return found[0]


def gather(predictions: pa.Table, champion: Sequence[str] | None, how: Testing) -> Evidence:
    """Return the evidence of PREDICTIONS against base and, with its answers to the same rows, the champion."""
    references = predictions["reference"].to_pylist()
    deciding = [*how.metrics, *({REPORTED} - set(how.metrics))]
    idle = sorted(set(how.noise or {}) - set(how.metrics))
    if idle:
        raise ConfigurationError(
            "the noise floor", f"of {', '.join(idle)}", f"of {', '.join(how.metrics)}, which decide", "leave it out"
        )
    new = _scores(predictions["adapter"].to_pylist(), references, deciding)
    texts = {BASE: predictions["base"].to_pylist()} | ({CHAMPION: list(champion)} if champion is not None else {})
    old = {who: _scores(answers, references, deciding) for who, answers in texts.items()}
    found = [
        Comparison(who, ALL, metric, metric in how.metrics, _test(new[metric], scores[metric], metric, how))
        for who, scores in old.items()
        for metric in deciding
    ]
    opponent = CHAMPION if champion is not None else BASE
    labels = {name: predictions[name].to_pylist() for name in _LABELS if name in predictions.column_names}
    masks, small = slices_of(labels, references, how.least_rows)
    found += [
        Comparison(opponent, part, metric, True, _test(new[metric][mask], old[opponent][metric][mask], metric, how))
        for part, mask in masks.items()
        for metric in how.metrics
    ]
    return Evidence(len(references), opponent, found, small)


def _scores(texts: Sequence[str], references: Sequence[str], names: Sequence[str]) -> dict[str, np.ndarray]:
    found = deciding_scores(texts, references, names, "the metrics that decide")
    return {name: np.array(scores, dtype=np.float64) for name, scores in found.items()}


def _test(new: np.ndarray, old: np.ndarray, metric: str, how: Testing) -> PairedTest:
    noise = (how.noise or {}).get(metric, 0.0)
    return compare_pairs(new, old, how.level, noise, how.resamples, how.seed, how.recipes)
