"""How much each sign weighs for a sentence being borne out: a logistic regression over labelled sentences."""

from collections.abc import Mapping

from pipelines.answering.grounding.citations.weighing.signs import Likeness, Signs

LEAST = 0.25
"""What a sentence has to weigh, in logarithms of odds; chosen as `benchmarks/curves/claim_weights.py` says."""
CONSTANT = 0.78
WEIGHTS: Mapping[str, float] = {
    "share": 0.80,
    "single": 0.74,
    "missing_verbs": -0.01,
    "missing_direction": -0.24,
    "unsaid": -1.02,
    "content": -0.12,
    "together": 1.18,
    "no_items": -0.66,
    "derived": 1.29,
    "shown": 0.35,
    "crosses": -0.07,
    "together_across": 1.41,
    "denies_apart": -0.34,
}
LIKENESS: Mapping[str, float] = {
    "whole": 1.24,
    "across": 0.40,
    "unlike_part": -0.94,
}


def by_signs(one: Signs) -> float:
    """Return what the signs weigh, in logarithms of odds, the constant with them."""
    return CONSTANT + sum(weight * getattr(one, name) for name, weight in WEIGHTS.items())


def by_likeness(one: Likeness) -> float:
    """Return what likeness in meaning weighs, in logarithms of odds."""
    return sum(weight * getattr(one, name) for name, weight in LIKENESS.items())


def least_likeness(one: Signs) -> float:
    """Return the least that likeness can weigh beside these signs: where it is enough, no text need be embedded."""
    weights = (LIKENESS["across" if one.crosses else "whole"], LIKENESS["unlike_part"] * one.unsaid)
    return sum(min(0.0, weight) for weight in weights)
