"""Perplexity of the references, from log-probabilities that an engine has given."""

import math
from collections.abc import Sequence

import numpy as np

from pipelines.core.errors import ConfigurationError
from pipelines.measuring.scores.metric import LOG_PROBABILITIES, Answers, Metric


def perplexity_counts(answers: Answers) -> list[Sequence[float] | None]:
    """Return (sum of log-probabilities, tokens) by row; None for a row without any.

    ConfigurationError for a value above 0 or one that is no number: those are probabilities, or of another base.
    """
    given = answers.log_probabilities or [None] * len(answers.references)
    counts: list[Sequence[float] | None] = []
    for row in given:
        wrong = next((value for value in row or () if math.isnan(value) or value > 0), None)
        if wrong is not None:
            raise ConfigurationError(
                "log-probabilities", f"{wrong:g}", "natural logarithms, 0 at most", "give the engine's logprobs"
            )
        counts.append([math.fsum(row), len(row)] if row else None)
    return counts


def perplexity_of_sums(sums: np.ndarray) -> np.ndarray:
    """Return exp(-sum / tokens) of summed counts (…, 2): every token weighs alike."""
    with np.errstate(over="ignore"):
        return np.exp(-sums[..., 0] / sums[..., 1])


PERPLEXITY = Metric(
    name="perplexity",
    source="Jelinek et al. 1977: exp of the mean negative log-likelihood of a token of the references",
    empty="reads no answer; rows without log-probabilities are left out",
    low=1.0,
    high=math.inf,
    higher_is_better=False,
    needs=(LOG_PROBABILITIES,),
    counts=perplexity_counts,
    value=perplexity_of_sums,
)
