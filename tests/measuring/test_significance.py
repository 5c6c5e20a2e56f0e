"""Exact tests of paired rows, Holm's correction and the smallest visible difference, with values by hand."""

import math
from math import comb

import numpy as np
import pytest

from pipelines.measuring.significance import holm, mcnemar, sign_flip, smallest_visible


@pytest.mark.parametrize(
    ("wins", "losses", "both", "one"),
    [
        (5, 0, 2 / 32, 1 / 32),
        (6, 0, 2 / 64, 1 / 64),
        (8, 2, 2 * 56 / 1024, 56 / 1024),  # 45 + 10 + 1 ways of at least 8 of 10
        (2, 8, 2 * 56 / 1024, 1013 / 1024),  # 1 - 11 / 1024
        (3, 3, 1.0, 42 / 64),
        (0, 0, 1.0, 1.0),
    ],
)
def test_mcnemar_is_the_binomials_tail_of_the_rows_that_only_one_got_right(
    wins: int, losses: int, both: float, one: float
) -> None:
    assert mcnemar(wins, losses) == pytest.approx(both)
    assert mcnemar(wins, losses, one_sided=True) == pytest.approx(one)


def test_above_a_thousand_rows_the_normal_approximation_agrees_with_the_binomial() -> None:
    exact = 2 * sum(comb(1002, count) for count in range(530, 1003)) / 2**1002
    assert mcnemar(530, 472) == pytest.approx(exact, rel=0.01)
    assert mcnemar(471, 531, one_sided=True) > 0.97


def test_sign_flips_of_ones_are_mcnemar_and_of_few_rows_exact() -> None:
    assert sign_flip([1.0] * 8 + [-1.0] * 2 + [0.0] * 90) == mcnemar(8, 2, one_sided=True)
    # Of the 8 signs of (3, 2, -1) the sums that reach 4 are 6 and 4.
    assert sign_flip([3.0, 2.0, -1.0]) == 2 / 8 and sign_flip([-3.0, -2.0, 1.0], above=False) == 2 / 8
    assert sign_flip([3.0, 2.0, -1.0], above=False) == 7 / 8  # all but the sum of 6 are at most 4
    assert sign_flip([0.0, 0.0]) == 1.0


def test_drawn_signs_agree_with_all_signs_and_are_never_zero() -> None:
    values = np.linspace(-0.4, 1.0, 14)
    signs = (np.arange(2**14)[:, None] >> np.arange(14)) & 1
    exact = float((signs @ np.abs(values) >= values[values > 0].sum() - 1e-9).mean())
    assert sign_flip(values, resamples=20_000) == pytest.approx(exact, abs=0.003)
    assert sign_flip(np.linspace(0.5, 1, 40), resamples=999) == 1 / 1000


def test_holm_multiplies_by_what_is_left_and_never_falls() -> None:
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx({"a": 0.03, "c": 0.06, "b": 0.06})
    assert holm({"a": 0.02, "b": 0.9}) == pytest.approx({"a": 0.04, "b": 0.9})
    assert holm({"a": 0.6, "b": 0.7}) == {"a": 1.0, "b": 1.0} and holm({"only": 0.02}) == {"only": 0.02}
    assert holm({}) == {}


def test_the_smallest_visible_difference_is_the_formulas() -> None:
    # 50 times +0.1 and 50 times -0.1: sd 0.1 * sqrt(100 / 99); z is 1.95996 and 0.84162.
    expected = (1.95996 + 0.84162) * 0.1 * math.sqrt(100 / 99) / 10
    assert smallest_visible([0.1, -0.1] * 50, 0.025) == pytest.approx(expected, rel=1e-4)
    assert smallest_visible([0.1, -0.1] * 50, 0.025, noise=0.01) == pytest.approx(expected + 0.01, rel=1e-4)
    assert smallest_visible([0.1, -0.1] * 50, 0.0125) > expected


def test_rows_that_do_not_differ_do_not_make_every_difference_visible() -> None:
    # Six rows must differ, all one way, before a one-sided exact test is below 0.025: 2^-6 = 0.0156.
    assert smallest_visible([0.0] * 100, 0.025) == 6 / 100
    assert smallest_visible([1.0] + [0.0] * 99, 0.025) == 6 / 100
    with pytest.raises(ValueError, match="no rows"):
        smallest_visible([], 0.025)


def test_an_exact_test_that_can_be_made_at_all_finds_what_is_said_to_be_visible() -> None:
    found = 0
    for seed in range(300):
        random = np.random.default_rng(seed)
        spread = random.normal(0, 0.3, 120)
        visible = smallest_visible(spread, 0.025)
        found += sign_flip(spread - spread.mean() + random.normal(visible, 0.3 / math.sqrt(120)), 999) <= 0.025
    assert found / 300 == pytest.approx(0.8, abs=0.07)
