"""Metrics of a generated text against its reference, each in 0..1; Chinese is compared by character."""

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from pipelines.core import extensions
from pipelines.core.extensions import extended
from pipelines.text.characters import HAN

CHRF_ORDER, CHRF_BETA = 6, 2.0
_WORD = re.compile(rf"[{HAN}]|[^\s{HAN}]+")
_ARTICLES = re.compile(r"\b(a|an|the)\b")
_ASCII_PUNCTUATION = set(string.punctuation)


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


def rouge_l(prediction: str, reference: str) -> float:
    """Return F1 = 2PR / (P + R) over the longest common subsequence of tokens (ROUGE-L, Lin 2004, with beta 1).

    Tokens are lower-case runs of letters and digits, a Chinese character each; no stemming.
    """
    predicted, expected = rouge_tokens(prediction), rouge_tokens(reference)
    if not predicted or not expected:
        return float(predicted == expected)
    return 2 * _longest_common_subsequence(predicted, expected) / (len(predicted) + len(expected))


def chrf(prediction: str, reference: str) -> float:
    """Return chrF2 (Popović 2015): F-beta over character n-grams of order 1 to 6, beta 2, white space left out.

    sacreBLEU's `sentence_chrf` over 100, without word n-grams and without epsilon smoothing.
    """
    from sacrebleu.metrics import CHRF

    scorer = CHRF(char_order=CHRF_ORDER, word_order=0, beta=int(CHRF_BETA))
    return float(scorer.sentence_score(prediction, [reference]).score) / 100.0


_OWN: dict[str, Callable[[str, str], float]] = {
    "exact_match": exact_match,
    "token_f1": token_f1,
    "rouge_l": rouge_l,
    "chrf": chrf,
}


def metrics() -> Mapping[str, Callable[[str, str], float]]:
    """Return the metrics by name, (prediction, reference) to 0..1; those of installed packages last."""
    return extended(extensions.METRICS, _OWN)


def score_texts(predictions: Sequence[str], references: Sequence[str]) -> dict[str, list[float]]:
    """Return every metric by row; both sequences have the same length."""
    pairs = list(zip(predictions, references, strict=True))
    return {name: [metric(*pair) for pair in pairs] for name, metric in metrics().items()}


def answer_tokens(text: str) -> list[str]:
    """Return SQuAD's normalised tokens: lower case, no punctuation, no English articles, Chinese by character.

    Full-width forms count as their ordinary ones (NFKC) and Chinese punctuation as punctuation.
    """
    text = "".join(character for character in _plain(text) if not _is_punctuation(character))
    return _WORD.findall(_ARTICLES.sub(" ", text))


def rouge_tokens(text: str) -> list[str]:
    """Return lower-case runs of letters and digits; punctuation separates; Chinese by character."""
    text = "".join(" " if _is_punctuation(character) else character for character in _plain(text))
    return _WORD.findall(text)


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower()


def _is_punctuation(character: str) -> bool:
    return character in _ASCII_PUNCTUATION or unicodedata.category(character).startswith("P")


def _longest_common_subsequence(first: Sequence[str], second: Sequence[str]) -> int:
    lengths = [0] * (len(second) + 1)
    for token in first:
        diagonal = 0
        for place, other in enumerate(second, start=1):
            above = lengths[place]
            lengths[place] = diagonal + 1 if token == other else max(above, lengths[place - 1])
            diagonal = above
    return lengths[-1]
