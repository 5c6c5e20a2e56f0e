"""What is weighed for a sentence: every sign has a weight, more support never weighs less, likeness alone is little."""

import numpy as np
import pytest

from benchmarks.curves.claim_weights import regression
from pipelines.answering.grounding.citations.records import Passage, Source, Status
from pipelines.answering.grounding.citations.verify import verify
from pipelines.answering.grounding.citations.weighing.signs import Likeness, Signs, named
from pipelines.answering.grounding.citations.weighing.weights import LIKENESS, WEIGHTS, by_likeness, least_likeness

KNOWN = [Source(1, (Passage("c", "d", "v", "The boat has 12 sails. The kayak has no sail."),))]


def test_every_sign_has_a_weight_and_nothing_else_has():
    assert set(WEIGHTS) == set(named(Signs))
    assert set(LIKENESS) == set(named(Likeness))


@pytest.mark.parametrize("name", ["share", "single", "together", "derived", "shown"])
def test_support_weighs_for_a_sentence(name: str):
    assert WEIGHTS[name] > 0


def test_the_least_that_likeness_weighs_is_that_of_an_unlike_part():
    parted = Signs(**{name: 0.0 for name in named(Signs)} | {"unsaid": 1.0})
    assert least_likeness(parted) == by_likeness(Likeness(0.0, 0.0, 1.0)) < 0
    assert least_likeness(Signs(**{name: 0.0 for name in named(Signs)})) == 0


def test_a_made_up_sentence_that_is_somewhat_like_its_source_is_not_borne_out():
    said = "Mariners admire the boat for elegant canvases in every harbour [1]."
    (claim,) = verify(said, KNOWN, lambda _, others: [0.3] * len(others)).claims
    assert claim.status is Status.UNVERIFIED


def test_no_likeness_bears_out_a_number_that_is_not_there():
    (claim,) = verify("The boat has 14 sails [1].", KNOWN, lambda _, others: [1.0] * len(others)).claims
    assert claim.status in (Status.UNVERIFIED, Status.CONTRADICTED)


def test_the_regression_finds_the_sign_that_tells_right_from_false():
    signs = np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 0.0], [0.0, 1.0]])
    weights = regression(signs, np.array([1.0, 1.0, 0.0, 0.0]))
    assert weights[0] > 0.5 and abs(weights[1]) < 1e-6
    assert weights[2] == pytest.approx(-weights[0] / 2, abs=1e-3)
