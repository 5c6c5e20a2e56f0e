"""Exact match and token F1, as SQuAD has them, in both languages."""

from collections import Counter

from pipelines.measuring.scores.metric import Metric, by_pair
from pipelines.measuring.scores.tokens import answer_tokens


def exact_match(prediction: str, reference: str) -> float:
    """Return 1 where both are equal after normalisation, else 0 (SQuAD, Rajpurkar et al. 2016)."""
    return float(answer_tokens(prediction) == answer_tokens(reference))


def token_f1(prediction: str, reference: str) -> float:
    """Return F1 = 2PR / (P + R) over the bags of normalised tokens (SQuAD, Rajpurkar et al. 2016).

    P and R are the shared tokens over the prediction's and the reference's; two empty texts agree, one empty does not.
    """
    predicted, expected = answer_tokens(prediction), answer_tokens(reference)
    if not predicted or not expected:
        return float(predicted == expected)
    shared = sum((Counter(predicted) & Counter(expected)).values())
    return 2 * shared / (len(predicted) + len(expected))


_SQUAD = "SQuAD (Rajpurkar et al. 2016)"
EXACT_MATCH = Metric(
    name="exact_match", source=_SQUAD, empty="0, and 1 where the reference is empty too", rows=by_pair(exact_match)
)
TOKEN_F1 = Metric(
    name="token_f1", source=_SQUAD, empty="0, and 1 where the reference is empty too", rows=by_pair(token_f1)
)
