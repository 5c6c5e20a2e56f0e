import numpy as np
import pytest

from pipelines.measuring.corpus_bootstrap import corpus_bootstrap
from pipelines.measuring.scores.bleu import bleu_counts, bleu_of_sums
from pipelines.measuring.scores.metric import Answers


def test_a_corpus_is_resampled_by_row() -> None:
    # Of two rows, one with sum 1 and one with 3: the draws are 2 (twice row 0), 4 or 6, and the metric is their half.
    new, old = np.array([[1.0], [3.0]]), np.array([[1.0], [1.0]])
    after, before, gain = corpus_bootstrap(new, old, lambda sums: sums[..., 0] / 2, resamples=2000, level=0.9)
    assert (after.mean, after.low, after.high) == (2.0, 1.0, 3.0)
    assert (before.mean, before.low, before.high, before.share) == (1.0, 1.0, 1.0, 0.0)
    assert (gain.mean, gain.low, gain.high) == (1.0, 0.0, 2.0) and gain.share == pytest.approx(0.25, abs=0.04)


def test_equal_answers_differ_in_no_resample() -> None:
    counts = np.array(bleu_counts(Answers(["a b c d e", "七天无理由退货"], ["a b c d f", "七天退货"])), dtype=float)
    _, _, gain = corpus_bootstrap(counts, counts, bleu_of_sums, resamples=50)
    assert (gain.low, gain.high, gain.mean) == (0.0, 0.0, 0.0)


def test_rows_that_are_no_pairs_are_refused() -> None:
    with pytest.raises(ValueError, match="not pairs"):
        corpus_bootstrap(np.ones((2, 1)), np.ones((3, 1)), lambda sums: sums[..., 0])
    with pytest.raises(ValueError, match="no rows"):
        corpus_bootstrap(np.ones((0, 1)), np.ones((0, 1)), lambda sums: sums[..., 0])
