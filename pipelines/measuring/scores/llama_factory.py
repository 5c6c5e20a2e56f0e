"""What LLaMA-Factory's `predict` reports, under its names and on its scale of 0 to 100.

For a comparison with what somebody else measured; its BLEU is of characters in every language, and gives a right answer
of two characters 59.46.
"""

import math
import re
from collections import Counter

from pipelines.measuring.scores.metric import Metric, by_pair
from pipelines.measuring.scores.tokens import common_subsequence
from pipelines.text.segmenter import chinese_segmenter

_ORDER = 4
_TINY = 1e-8
_BREAKS = tuple(
    re.compile(rf"({end})({after})")
    for end, after in (
        ("[。！？?]", "[^”’]"),
        (r"\.{6}", "[^”’]"),
        ("…{2}", "[^”’]"),
        ("[。！？?][”’]", "[^，。！？?]"),
    )
)
"""Behind what rouge_chinese 1.0.3 begins a sentence, in its order."""


def bleu_4(prediction: str, reference: str) -> float:
    """Return NLTK's `sentence_bleu` of the characters, smoothed by its method 3 (NIST)."""
    shared, every = [], []
    for n in range(1, _ORDER + 1):
        found, wanted = _grams(prediction, n), _grams(reference, n)
        shared.append((found & wanted).total())
        every.append(max(1, found.total()))
    if not shared[0]:
        return 0.0
    missed, logarithms = 0, []
    for match, total in zip(shared, every, strict=True):
        missed += not match
        logarithms.append(math.log(match / total if match else 1 / (2**missed * total)) / _ORDER)
    brevity = math.exp(min(0.0, 1 - len(reference) / len(prediction)))
    return round(100 * brevity * math.exp(math.fsum(logarithms)), 4)


def rouge_word_1(prediction: str, reference: str) -> float:
    """Return rouge_chinese's rouge-1: F1 over the sets of jieba's words, punctuation among them."""
    return _rouge_n(prediction, reference, 1)


def rouge_word_2(prediction: str, reference: str) -> float:
    """Return rouge_chinese's rouge-2: F1 over the sets of pairs of neighbouring words."""
    return _rouge_n(prediction, reference, 2)


def rouge_word_l(prediction: str, reference: str) -> float:
    """Return rouge_chinese's rouge-l: F1 over the longest common subsequence of words."""
    found, wanted = _words(prediction), _words(reference)
    if not found or not wanted:
        return 0.0
    return _f1(common_subsequence(found, wanted), len(found), len(wanted))


def _rouge_n(prediction: str, reference: str, n: int) -> float:
    found, wanted = _words(prediction), _words(reference)
    if not found or not wanted:
        return 0.0
    first, second = (
        {tuple(words[place : place + n]) for place in range(len(words) - n + 1)} for words in (found, wanted)
    )
    return _f1(len(first & second), len(first), len(second))


def _f1(shared: int, found: int, wanted: int) -> float:
    precision, recall = shared / found if found else 0.0, shared / wanted if wanted else 0.0
    return round(100 * (2.0 * (precision * recall / (precision + recall + _TINY))), 4)


def _words(text: str) -> list[str]:
    """Return jieba's words; a blank line between two sentences is a word too, as it is to rouge_chinese."""
    joined = " ".join(chinese_segmenter().cut(text))
    if not joined.strip():
        return []
    for pattern in _BREAKS:
        joined = pattern.sub("\\1\n\\2", joined)
    sentences = [sentence for sentence in joined.rstrip().split("\n") if sentence]
    return [word for sentence in sentences for word in " ".join(sentence.split()).split(" ")]


def _grams(text: str, n: int) -> Counter[str]:
    return Counter(text[place : place + n] for place in range(len(text) - n + 1))


LLAMA_FACTORY = tuple(
    Metric(name=name, high=100.0, source=f"LLaMA-Factory's predict: {how}", empty="0", rows=by_pair(score))
    for name, how, score in (
        ("bleu-4", "NLTK's sentence_bleu of characters, smoothing method 3", bleu_4),
        ("rouge-1", "rouge_chinese over jieba's words", rouge_word_1),
        ("rouge-2", "rouge_chinese over jieba's words", rouge_word_2),
        ("rouge-l", "rouge_chinese over jieba's words", rouge_word_l),
    )
)
