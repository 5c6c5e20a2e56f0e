"""Two models on the same rows: p-values both ways, what resampling few rows overrates, noise, and a public case."""

import math
from statistics import NormalDist

import numpy as np
import pytest

from pipelines.measuring.paired import compare_pairs, error_rate, noise_between
from pipelines.measuring.significance import mcnemar


def test_five_rows_won_and_none_lost_are_no_proof_though_resampling_takes_them_for_one() -> None:
    found = compare_pairs([1.0] * 5 + [0.0] * 95, [0.0] * 100)
    assert found.difference.low > 0 and found.difference.share < 0.025  # 0.95^100 = 0.006
    assert found.better == mcnemar(5, 0, one_sided=True) == 1 / 32 > error_rate(0.95)
    assert (found.wins, found.losses, found.ties, found.rows) == (5, 0, 95, 100)
    assert found.mcnemar == 2 / 32


def test_few_rows_of_a_graded_metric_are_no_proof_either() -> None:
    found = compare_pairs([0.31, 0.42, 0.23, 0.54, 0.35] + [0.0] * 95, [0.0] * 100)
    assert found.difference.low > 0 and found.better == 1 / 32


def test_both_directions_are_tested_and_mirror_each_other() -> None:
    new, old = [0.5, 0.9, 0.7, 0.8] * 10, [0.4, 0.6, 0.6, 0.7] * 10
    up, down = compare_pairs(new, old, resamples=999), compare_pairs(old, new, resamples=999)
    assert up.better == down.worse == 1 / 1000 and up.worse == down.better == 1.0
    assert up.visible == pytest.approx(down.visible)


def test_a_gain_within_the_noise_is_not_better() -> None:
    new, old = [0.52, 0.54] * 40, [0.5] * 80
    assert compare_pairs(new, old).better < 0.001
    assert compare_pairs(new, old, noise=0.04).better > 0.5 and compare_pairs(old, new, noise=0.04).worse > 0.5
    assert compare_pairs(new, old, noise=0.04).visible > 0.04


def test_two_runs_of_the_same_weights_show_the_noise() -> None:
    assert noise_between([0.5] * 50, [0.5] * 50) == 0.0
    first, second = [1.0, 0.0] * 25, [1.0, 0.0] * 23 + [0.0, 1.0] * 2
    # Four of 50 rows changed by 1, two each way: their means are alike, and 0.08 is what they could differ by.
    assert noise_between(first, second) == noise_between(second, first) == pytest.approx(0.08)


def test_rows_of_another_number_are_not_pairs() -> None:
    with pytest.raises(ValueError, match="not pairs"):
        compare_pairs([1.0], [1.0, 0.0])


def test_what_both_get_right_hides_no_difference() -> None:
    """lm-evaluation-harness's issue 3831: a test of two means forgets that the rows are the same, and sees nothing."""
    both, won, lost, neither = 110, 30, 11, 69
    new = [1.0] * (both + won) + [0.0] * (lost + neither)
    old = [1.0] * both + [0.0] * won + [1.0] * lost + [0.0] * neither
    means = [np.mean(new), np.mean(old)]
    spread = math.sqrt(sum(mean * (1 - mean) / (len(new) - 1) for mean in means))
    unpaired = 2 * (1 - NormalDist().cdf((means[0] - means[1]) / spread))
    found = compare_pairs(new, old)
    assert unpaired > 0.05 and found.mcnemar < 0.01 and found.better < error_rate(0.95) and found.difference.low > 0
