"""Two models on the same rows: how they differ, how sure that is, and what so few rows could have shown."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipelines.measuring.bootstrap import Estimate, estimate, resampled_means
from pipelines.measuring.intervals import DEFAULT_LEVEL
from pipelines.measuring.significance import mcnemar, sign_flip, smallest_visible


@dataclass(frozen=True)
class PairedTest:
    """A metric's paired difference, new minus old, with the one-sided p-values of both directions.

    `better` and `worse` are uncorrected, each against a difference of `noise`; `mcnemar` is the exact two-sided p-value
    of wins against losses. `visible` is the smallest difference that these rows show at power 0.8.
    """

    rows: int
    wins: int
    losses: int
    difference: Estimate
    better: float
    worse: float
    mcnemar: float
    visible: float
    noise: float = 0.0

    @property
    def ties(self) -> int:
        return self.rows - self.wins - self.losses

    def told(self) -> str:
        """Return the figures as one reads them: difference, interval, and the rows won and lost."""
        gain = self.difference
        return f"{gain.mean:+.3f} [{gain.low:+.3f}, {gain.high:+.3f}], {self.wins} won and {self.losses} lost"


def error_rate(level: float) -> float:
    """Return how often a verdict of one direction may be wrong: what an interval of this level leaves out on one side.

    >>> round(error_rate(0.95), 6)
    0.025
    """
    return (1 - level) / 2


def compare_pairs(
    new: Sequence[float] | np.ndarray,
    old: Sequence[float] | np.ndarray,
    level: float = DEFAULT_LEVEL,
    noise: float = 0.0,
    resamples: int = 10_000,
    seed: int = 0,
    tests: int = 1,
) -> PairedTest:
    """Return how `new` differs from `old`, scores of the same rows in the same order.

    A p-value is the larger of the paired bootstrap's (Koehn 2004; of a mean above the noise) and of the sign-flip
    test's, which for ones and zeros is McNemar's. `tests` are as many as are corrected for in what is `visible`.
    """
    if len(new) != len(old):
        raise ValueError(f"{len(new)} new rows and {len(old)} old ones are not pairs")
    values = np.asarray(new, dtype=np.float64) - np.asarray(old, dtype=np.float64)
    means = resampled_means(values, resamples, seed)
    wins, losses = int((values > 0).sum()), int((values < 0).sum())
    return PairedTest(
        rows=values.size,
        wins=wins,
        losses=losses,
        difference=estimate(values, means, level),
        better=max(_never_zero(means <= noise), sign_flip(values, resamples, seed)),
        worse=max(_never_zero(means >= -noise), sign_flip(values, resamples, seed, above=False)),
        mcnemar=mcnemar(wins, losses),
        visible=smallest_visible(values, error_rate(level) / tests, noise),
        noise=noise,
    )


def noise_between(first: Sequence[float], second: Sequence[float]) -> float:
    """Return how far apart two runs of the same weights score: the mean absolute difference of their rows' scores.

    No choice of these rows' signs gives their means a larger difference.

    >>> noise_between([1.0, 0.5, 0.0, 0.0], [1.0, 0.0, 0.5, 0.0])
    0.25
    """
    return float(np.abs(np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)).mean())


def _never_zero(found: np.ndarray) -> float:
    return (1 + int(found.sum())) / (1 + found.size)
