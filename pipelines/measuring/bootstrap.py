"""Intervals for means and for paired differences, by resampling rows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipelines.measuring.intervals import DEFAULT_LEVEL, Interval

_DRAWS_AT_ONCE = 4_000_000


@dataclass(frozen=True)
class Estimate(Interval):
    """A mean with its percentile interval; `share` is the part of the resamples in which it is not above 0."""

    mean: float
    share: float


def bootstrap(
    values: Sequence[float] | np.ndarray, resamples: int = 10_000, level: float = DEFAULT_LEVEL, seed: int = 0
) -> Estimate:
    """Return the mean of `values` and its percentile bootstrap interval (Efron and Tibshirani 1993, chapter 13).

    Given paired differences it is the paired bootstrap test of Koehn (2004), `share` its one-sided p-value.
    """
    return estimate(values, resampled_means(values, resamples, seed), level)


def resampled_means(values: Sequence[float] | np.ndarray, resamples: int = 10_000, seed: int = 0) -> np.ndarray:
    """Return the mean of so many resamples of the rows, each as large as they are."""
    array = np.asarray(values, dtype=np.float64)
    if array.size == 0:
        raise ValueError("no rows to resample")
    random = np.random.default_rng(seed)
    block = max(1, _DRAWS_AT_ONCE // array.size)
    return np.concatenate(
        [
            array[random.integers(0, array.size, (min(block, resamples - start), array.size))].mean(axis=1)
            for start in range(0, resamples, block)
        ]
    )


def estimate(values: Sequence[float] | np.ndarray, means: np.ndarray, level: float = DEFAULT_LEVEL) -> Estimate:
    """Return the mean of `values` with the interval that the means of their resamples give it."""
    tail = (1 - level) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return Estimate(float(low), float(high), level, float(np.mean(values)), float((means <= 0).mean()))


def paired_bootstrap(
    new: Sequence[float], old: Sequence[float], resamples: int = 10_000, level: float = DEFAULT_LEVEL, seed: int = 0
) -> Estimate:
    """Return the interval of the mean of `new - old`, the same rows in the same order."""
    if len(new) != len(old):
        raise ValueError(f"{len(new)} new rows and {len(old)} old ones are not pairs")
    return bootstrap(np.asarray(new, dtype=np.float64) - np.asarray(old, dtype=np.float64), resamples, level, seed)
