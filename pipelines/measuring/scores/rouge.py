"""ROUGE-1, ROUGE-2 and ROUGE-L as Lin defined them, Chinese by character."""

from collections import Counter
from collections.abc import Sequence

from pipelines.measuring.scores.metric import Metric, by_pair
from pipelines.measuring.scores.tokens import common_subsequence, rouge_tokens


def rouge_1(prediction: str, reference: str) -> float:
    """Return F1 over the bags of tokens (ROUGE-N, Lin 2004, with beta 1)."""
    return _rouge_n(prediction, reference, 1)


def rouge_2(prediction: str, reference: str) -> float:
    """Return F1 over the bags of pairs of neighbours; of two texts without a pair, whether they are equal."""
    return _rouge_n(prediction, reference, 2)


def rouge_l(prediction: str, reference: str) -> float:
    """Return F1 = 2PR / (P + R) over the longest common subsequence of tokens (ROUGE-L, Lin 2004, with beta 1).

    Tokens are lower-case runs of letters and digits, a Chinese character each; no stemming.
    """
    predicted, expected = rouge_tokens(prediction), rouge_tokens(reference)
    if not predicted or not expected:
        return float(predicted == expected)
    return 2 * common_subsequence(predicted, expected) / (len(predicted) + len(expected))


def _rouge_n(prediction: str, reference: str, n: int) -> float:
    predicted, expected = rouge_tokens(prediction), rouge_tokens(reference)
    found, wanted = _grams(predicted, n), _grams(expected, n)
    if not found and not wanted:
        return float(predicted == expected)
    return 2 * (found & wanted).total() / (found.total() + wanted.total())


def _grams(tokens: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(tuple(tokens[place : place + n]) for place in range(len(tokens) - n + 1))


_EMPTY = "0, and 1 where the reference is empty too"
ROUGE = tuple(
    Metric(name=name, source="ROUGE (Lin 2004), F1, no stemming", empty=_EMPTY, rows=by_pair(score))
    for name, score in (("rouge_1", rouge_1), ("rouge_2", rouge_2), ("rouge_l", rouge_l))
)
