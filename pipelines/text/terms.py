"""Words of a question and what it asks for: the terms that evidence has to hold, and the kind of its answer."""

import functools
import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise

from pipelines.text.languages.languages import unspaced_in
from pipelines.text.words import words

_SUFFIXES = ("ment", "ing", "ion", "ed", "er", "or", "ly", "e", "y")


_SHORTEST_ROOT = 4


# A word that no candidate has may also be a paraphrase: it must not outweigh all the others.
_HEAVIEST = 3.0


_PAIR = 0.4


@functools.lru_cache(1 << 16)
def word_root(word: str) -> str:
    """Return a form that English words of one family share: "managed", "manager" and "manages" meet in "manag"."""
    if not word.isascii() or not word.isalpha():
        return word
    cut = True
    while cut:
        cut = False
        for suffix in _SUFFIXES:
            if word.endswith(suffix) and len(word) - len(suffix) >= _SHORTEST_ROOT:
                word, cut = word[: -len(suffix)], True
                break
    return word


def terms(text: str) -> list[str]:
    """Return the content words of a text as roots; adjacent Chinese characters that are no word stay apart."""
    return [word_root(word) for word in words(text)]


def with_pairs(found: Sequence[str]) -> frozenset[str]:
    """Return terms and neighbouring pairs ("oslo shop"): a pair tells a thing from the things its words name apart."""
    return frozenset(found) | {f"{first} {second}" for first, second in pairwise(found)}


def term_weights(wanted: Collection[str], texts: Iterable[Collection[str]]) -> dict[str, float]:
    """Return the weight of each term by its rarity among term sets (inverse document frequency of BM25, capped)."""
    sets = list(texts)
    frequency = Counter(term for one in sets for term in wanted if term in one)
    weights = {}
    for term in wanted:
        rarity = math.log(1 + (len(sets) - frequency[term] + 0.5) / (frequency[term] + 0.5))
        weights[term] = min(rarity, _HEAVIEST) * (_PAIR if " " in term else 1.0)
    return weights


def coverage(weights: Mapping[str, float], found: Collection[str]) -> float:
    """Return the share of the weights whose terms are found, 0 to 1."""
    total = sum(weights.values())
    return sum(weight for term, weight in weights.items() if term in found) / total if total else 0.0


_SHORTEST_NAME = 2


def stands_in(name: str, text: str) -> bool:
    """Say whether a name stands in a text as a whole, not inside a longer word; without spaces there is none."""
    if len(name) < _SHORTEST_NAME:
        return False
    if unspaced_in(name):
        return name in text
    return re.search(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", text, re.IGNORECASE) is not None
