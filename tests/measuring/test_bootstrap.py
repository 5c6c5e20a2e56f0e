import pytest

from pipelines.measuring.bootstrap import bootstrap, paired_bootstrap
from pipelines.measuring.intervals import Interval, percent


def test_a_difference_that_is_the_same_in_every_row_has_no_width() -> None:
    interval = paired_bootstrap([0.5, 0.75, 1.0], [0.25, 0.5, 0.75])
    assert (interval.mean, interval.low, interval.high, interval.share) == (0.25, 0.25, 0.25, 0.0)


def test_the_interval_is_the_binomials_for_ones_and_zeros() -> None:
    # Mean of 100 draws with p = 0.5: standard error 0.05, so 0.5 ± 1.96 * 0.05.
    interval = bootstrap([0.0, 1.0] * 50)
    assert interval.low == pytest.approx(0.402, abs=0.011) and interval.high == pytest.approx(0.598, abs=0.011)


def test_the_share_counts_resamples_that_are_not_better() -> None:
    # Of two rows, one better and one as much worse: the mean is above 0 in one resample of four.
    assert bootstrap([1.0, -1.0]).share == pytest.approx(0.75, abs=0.02)


def test_the_same_seed_gives_the_same_interval() -> None:
    values = [number**0.5 for number in range(30)]
    assert bootstrap(values, seed=3) == bootstrap(values, seed=3)
    assert bootstrap(values, seed=3) != bootstrap(values, seed=4)


def test_rows_that_are_not_pairs_are_refused() -> None:
    with pytest.raises(ValueError, match="not pairs"):
        paired_bootstrap([1.0], [1.0, 0.0])


def test_a_higher_level_is_a_wider_interval_of_the_same_mean_under_its_own_name() -> None:
    values = [number**0.5 for number in range(30)]
    narrow, wide = bootstrap(values, level=0.9), bootstrap(values, level=0.99)
    assert wide.low < narrow.low < narrow.mean == wide.mean < narrow.high < wide.high
    assert (narrow.label, wide.label) == ("90 % interval", "99 % interval")


def test_a_level_is_printed_as_it_is_said() -> None:
    assert [percent(level) for level in (0.57, 0.95, 0.99, 0.999)] == ["57 %", "95 %", "99 %", "99.9 %"]
    assert Interval(0, 1, 0.975).label == "97.5 % interval"
