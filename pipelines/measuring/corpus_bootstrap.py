"""Intervals for metrics of a corpus, which are no means of rows: their rows' counts are resampled and summed."""

from collections.abc import Callable

import numpy as np

from pipelines.measuring.bootstrap import Estimate, estimate
from pipelines.measuring.intervals import DEFAULT_LEVEL

_DRAWS_AT_ONCE = 4_000_000


def corpus_bootstrap(
    new: np.ndarray,
    old: np.ndarray,
    value: Callable[[np.ndarray], np.ndarray],
    resamples: int = 10_000,
    level: float = DEFAULT_LEVEL,
    seed: int = 0,
) -> tuple[Estimate, Estimate, Estimate]:
    """Return the estimates of new, of old and of new - old, all of the same resamples (Koehn 2004).

    `new` and `old` are counts (rows, k), the same rows in the same order; `value` makes the metric of their sums.
    """
    if new.shape != old.shape:
        raise ValueError(f"{len(new)} new rows and {len(old)} old ones are not pairs")
    if not len(new):
        raise ValueError("no rows to resample")
    rows, width = new.shape
    counts, random = np.hstack([new, old]).astype(np.float64), np.random.default_rng(seed)
    block, drawn = max(1, _DRAWS_AT_ONCE // rows), []
    for start in range(0, resamples, block):
        times = random.multinomial(rows, np.full(rows, 1 / rows), size=min(block, resamples - start))
        sums = times.astype(np.float64) @ counts
        drawn.append((value(sums[:, :width]), value(sums[:, width:])))
    after, before = (np.concatenate(side) for side in zip(*drawn, strict=True))
    now, then = (float(value(side.sum(axis=0, dtype=np.float64))) for side in (new, old))
    return (
        estimate([now], after, level),
        estimate([then], before, level),
        estimate([now - then], after - before, level),
    )
