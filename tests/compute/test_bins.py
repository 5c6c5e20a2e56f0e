import random

import pytest

from pipelines.compute.bins import fill_bins


def test_bins_are_filled_by_the_best_fit_first():
    assert fill_bins([6, 5, 4, 3, 2], 10) == [[0, 2], [1, 3, 4]]
    assert fill_bins([5, 9, 2, 4, 1], 10) == [[0, 3], [1, 4], [2]]
    assert fill_bins([], 5) == []
    with pytest.raises(ValueError, match="7 tokens do not fit 5"):
        fill_bins([7], 5)


def test_every_position_is_in_one_bin_and_no_bin_is_over():
    lengths = random.Random(2).choices(range(1, 40), k=500)
    bins = fill_bins(lengths, 64)
    assert sorted(position for chosen in bins for position in chosen) == list(range(500))
    assert max(sum(lengths[position] for position in chosen) for chosen in bins) <= 64
    assert len(bins) <= 1.05 * sum(lengths) / 64
