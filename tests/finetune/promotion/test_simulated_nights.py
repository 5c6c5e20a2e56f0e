"""Chained nights, tonight's champion against tomorrow's candidates, through `decide` itself on fresh rows."""

from functools import cache
from math import comb

import numpy as np
import pytest

from pipelines.finetune.promotion.promotion import Candidate, Champion, PromotionSettings, decide
from pipelines.measuring.paired import error_rate
from pipelines.measuring.significance import smallest_visible
from tests.finetune.evaluation.predicting import predictions

NIGHTS, ROWS, WORDS = 200, 120, 10
REFERENCE = " ".join(f"word{number}" for number in range(WORDS))
SETTINGS = PromotionSettings(metrics=("token_f1", "rouge_l"), resamples=1_999)
RATE = error_rate(SETTINGS.level)


@cache
def answer(right: int) -> str:
    """Ten words of which so many are the reference's: token F1 and ROUGE-L are both a tenth of it."""
    return " ".join([f"word{number}" for number in range(right)] + ["no"] * (WORDS - right))


def answered(random: np.random.Generator, ease: np.ndarray, ability: float) -> list[int]:
    """How many words a model gets right, row by row: rows that are hard for one are hard for all."""
    return random.binomial(WORDS, np.clip(ease + ability, 0, 1)).tolist()


def promotions(seed: int, gain: float, recipes: int = 1, nights: int = NIGHTS) -> int:
    """Return on how many nights somebody was promoted, where every candidate is truly better by `gain`.

    A row's ease is that for the champion of its night, so that scores stay between 0 and 1 however long the chain is.
    """
    random, count, carrier = np.random.default_rng(seed), 0, "m-first"
    for night in range(nights):
        ease = random.uniform(0.2, 0.7, ROWS)
        base, standing = answered(random, ease, 0.0), answered(random, ease, 0.0)
        offered = {}
        for name in "abcde"[:recipes]:
            made = [answer(right) for right in answered(random, ease, gain)]
            table = predictions([REFERENCE] * ROWS, [answer(right) for right in base], made, model=f"m{night}{name}")
            offered[name] = Candidate(name, table, f"m{night}{name}", "d1")
        texts = {f"r{number:03}": answer(right) for number, right in enumerate(standing)}
        decision = decide(offered, Champion("old", carrier, str(night), texts), SETTINGS)
        if decision.verdict == "promote":
            count, carrier = count + 1, f"m{night}{decision.recipe}"
    return count


def most(nights: int, rate: float, chance: float = 0.001) -> int:
    """Return the count that so many nights of this rate exceed with less than this chance."""
    tail, count = 1.0, 0
    while tail >= chance:
        tail -= comb(nights, count) * rate**count * (1 - rate) ** (nights - count)
        count += 1
    return count - 1


@cache
def visible() -> float:
    """The smallest difference that a night's rows show, from the spread between two equal models."""
    random = np.random.default_rng(99)
    ease = random.uniform(0.2, 0.7, 20_000)
    spread = (np.array(answered(random, ease, 0.0)) - np.array(answered(random, ease, 0.0))) / WORDS
    return smallest_visible(spread, RATE) * np.sqrt(len(spread) / ROWS)


def test_the_bound_of_a_count_is_the_binomials() -> None:
    assert most(2, 0.5, 0.3) == 1  # more than one of two: a quarter
    assert most(2, 0.5, 0.2) == 2


def test_of_200_chained_nights_without_a_true_difference_no_more_promote_than_the_stated_rate() -> None:
    assert promotions(seed=1, gain=0.0) <= most(NIGHTS, RATE)


@pytest.mark.slow
def test_three_recipes_a_night_promote_wrongly_no_more_often_than_one() -> None:
    assert promotions(seed=2, gain=0.0, recipes=3) <= most(NIGHTS, RATE)


def test_of_200_chained_nights_with_twice_the_visible_gain_at_least_four_fifths_promote() -> None:
    assert promotions(seed=3, gain=2 * visible()) >= 0.8 * NIGHTS


@pytest.mark.slow
def test_a_gain_as_large_as_is_said_to_be_visible_is_seen_on_about_four_nights_of_five() -> None:
    assert 0.7 * NIGHTS <= promotions(seed=4, gain=visible()) <= 0.9 * NIGHTS
