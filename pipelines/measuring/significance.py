"""How probable chance alone is: exact tests of paired rows, corrected for their number, and what none could see."""

import math
from collections.abc import Hashable, Mapping, Sequence
from statistics import NormalDist
from typing import TypeVar

import numpy as np

Name = TypeVar("Name", bound=Hashable)

POWER = 0.8
_EXACT_DISCORDANT = 1_000
_ENUMERATED = 12
_SAME_SIZE = 1e-12
_DRAWS_AT_ONCE = 4_000_000


def mcnemar(wins: int, losses: int, one_sided: bool = False) -> float:
    """Return the p-value of McNemar (1947): of rows that only one of two got right, is either's share above a half?

    Exact, by the binomial distribution, up to 1,000 such rows; above, the normal approximation with continuity
    correction (Edwards 1948). One-sided, it asks whether `wins` are more than chance makes.

    >>> mcnemar(5, 0), mcnemar(5, 0, one_sided=True)
    (0.0625, 0.03125)
    """
    discordant, most = wins + losses, wins if one_sided else max(wins, losses)
    sides = 1 if one_sided else 2
    if discordant <= _EXACT_DISCORDANT:
        tail = sum(math.comb(discordant, count) for count in range(most, discordant + 1))
        return min(1.0, sides * tail / 2**discordant)
    score = (2 * most - discordant - 1) / math.sqrt(discordant)
    return min(1.0, sides * (1 - NormalDist().cdf(score)))


def sign_flip(
    differences: Sequence[float] | np.ndarray, resamples: int = 10_000, seed: int = 0, above: bool = True
) -> float:
    """Return the one-sided p-value that the mean is above (or below) 0, by changing signs (Fisher 1935).

    It is what McNemar's exact test is for scores of any size, and that test where all differences have one size: where
    few rows differ, resampling them finds too much. All 2^n signs are tried up to 12 rows that differ; above, so many
    random ones, with (1 + found) / (1 + drawn), which is never 0 (Phipson and Smyth 2010).
    """
    values = np.asarray(differences, dtype=np.float64)
    values = (values if above else -values)[values != 0]
    sizes = np.abs(values)
    if values.size == 0:
        return 1.0
    if np.ptp(sizes) <= _SAME_SIZE:
        wins = int((values > 0).sum())
        return mcnemar(wins, values.size - wins, one_sided=True)
    reached = float(values[values > 0].sum()) - 1e-9 * float(sizes.sum())
    if values.size <= _ENUMERATED:
        signs = (np.arange(2**values.size)[:, None] >> np.arange(values.size)) & 1
        return float((signs @ sizes >= reached).mean())
    random, found = np.random.default_rng(seed), 0
    block = max(1, _DRAWS_AT_ONCE // values.size)
    for start in range(0, resamples, block):
        signs = random.integers(0, 2, (min(block, resamples - start), values.size), dtype=np.int8)
        found += int((signs @ sizes >= reached).sum())
    return (1 + found) / (1 + resamples)


def holm(p_values: Mapping[Name, float]) -> dict[Name, float]:
    """Return the p-values of one family corrected by Holm (1979): below a level, no more than that level errs.

    >>> holm({"a": 0.01, "b": 0.04, "c": 0.03})
    {'a': 0.03, 'c': 0.06, 'b': 0.06}
    """
    corrected: dict[Name, float] = {}
    largest = 0.0
    for place, name in enumerate(sorted(p_values, key=lambda name: p_values[name])):
        largest = max(largest, min(1.0, (len(p_values) - place) * p_values[name]))
        corrected[name] = largest
    return corrected


def smallest_visible(differences: Sequence[float] | np.ndarray, alpha: float, noise: float = 0.0) -> float:
    """Return the smallest true difference that this many rows would have shown in 80 of 100 tests.

    noise + (z(1 - alpha) + z(0.8)) * sd / sqrt(n), `alpha` one-sided (Bloom 1995), with the standard deviation of the
    paired differences. No exact test can be below alpha with fewer than log2(1 / alpha) rows that differ: where all
    differences are whole (or none is seen) it is at least that share of the rows.
    """
    values = np.asarray(differences, dtype=np.float64)
    if values.size == 0:
        raise ValueError("no rows to test on")
    normal = NormalDist()
    deviation = float(values.std(ddof=1)) if values.size > 1 else 0.0
    seen = noise + (normal.inv_cdf(1 - alpha) + normal.inv_cdf(POWER)) * deviation / math.sqrt(values.size)
    whole = bool(np.isin(np.abs(values), (0.0, 1.0)).all())
    fewest = math.ceil(-math.log2(alpha)) / values.size if whole else 0.0
    return max(seen, fewest)
