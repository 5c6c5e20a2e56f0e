"""How alike two texts are: MinHash over pairs of words, of characters for Chinese, banded (LSH); then `near_pairs`.

Broder 1997; Leskovec, Rajaraman, Ullman, Mining of Massive Datasets, chapter 3.
"""

import hashlib
import re
import unicodedata
from functools import cache, lru_cache

import numpy as np

from pipelines.text.characters import HAN
from pipelines.text.languages.language import Language
from pipelines.text.languages.languages import all_languages, spaced_language

BANDS, ROWS_A_BAND = 25, 5
"""Two texts of similarity s become candidates with 1 - (1 - s^5)^25: 0.9999 at 0.8, 0.55 at 0.5."""
GRAM = 2
"""Length of an n-gram in tokens: a longer one finds no question of usual length alike after one changed word."""
_TOKEN = re.compile(rf"[{HAN}]|[^\W_{HAN}]+")
_SEED = 20_261_125
_FACTORS, _TERMS = (
    np.random.default_rng(_SEED + n).integers(1, 2**63, BANDS * ROWS_A_BAND, dtype=np.uint64) * np.uint64(2)
    + np.uint64(1)
    for n in (0, 1)
)
_PRIME = np.uint64(0x9E3779B97F4A7C15)


def tokens(text: str) -> list[str]:
    """Return the text's words without case, marks and width; a Chinese character is a word."""
    return _TOKEN.findall(unicodedata.normalize("NFKC", text).lower())


def meant(text: str) -> list[str]:
    """Return the text's words without what only asks in another way; all of them where there are no others.

    >>> meant("Could I pay the bill, please?") == meant("Can I pay a bill?")
    True
    >>> meant("请问怎么申请退货？") == meant("如何申请退货")
    True
    """
    plain = unicodedata.normalize("NFKC", text).lower()
    if not plain.isascii():
        ways, pattern = _unspaced_ways(all_languages())
        plain = pattern.sub(lambda way: ways[way[0]], plain)
    reworded = spaced_language(text).questions.reworded
    words = [reworded.get(word, word) for word in _TOKEN.findall(plain)]
    return [word for word in words if word] or tokens(text)


@cache
def _unspaced_ways(languages: tuple[Language, ...]) -> tuple[dict[str, str], re.Pattern[str]]:
    """Return the ways to ask the same in languages without spaces, and the pattern of any of them, longest first."""
    ways: dict[str, str] = {}
    for language in languages:
        ways |= {} if language.spaced else language.questions.reworded
    return ways, re.compile("|".join(sorted(ways, key=len, reverse=True)) or "(?!)")


def grams(text: str) -> np.ndarray:
    """Return the sorted unique hashes (uint64) of the n-grams of what the text means; a shorter one is one n-gram."""
    return gram_hashes(meant(text))


def gram_hashes(words: list[str], length: int = GRAM) -> np.ndarray:
    """Return the sorted unique hashes of the n-grams of these tokens."""
    length = min(length, len(words))
    if not words:
        return np.zeros(0, dtype=np.uint64)
    hashes = np.array([_hash(word) for word in words], dtype=np.uint64)
    combined = np.zeros(len(words) - length + 1, dtype=np.uint64)
    for place in range(length):
        combined = (combined ^ hashes[place : place + len(combined)]) * _PRIME
        combined ^= combined >> np.uint64(29)
    return np.unique(combined)


def text_key(words: list[str]) -> int:
    """Return the key (64 bits) of a text that does not see case, marks and width."""
    return int.from_bytes(hashlib.blake2b("\x1f".join(words).encode(), digest_size=8).digest(), "big")


def band_keys(hashes: np.ndarray) -> np.ndarray:
    """Return the keys (uint64, BANDS) of a text's MinHash bands; texts that share one are candidates."""
    if not len(hashes):
        return np.zeros(BANDS, dtype=np.uint64)
    least = ((hashes[None, :] * _FACTORS[:, None] + _TERMS[:, None]) >> np.uint64(32)).min(axis=1)
    rows = least.reshape(BANDS, ROWS_A_BAND)
    keys = np.arange(1, BANDS + 1, dtype=np.uint64)
    for place in range(ROWS_A_BAND):
        keys = (keys ^ rows[:, place]) * _PRIME
        keys ^= keys >> np.uint64(31)
    return keys


def jaccard(one: np.ndarray, other: np.ndarray) -> float:
    """Return the share of n-grams in common, of all that either has."""
    both = np.intersect1d(one, other, assume_unique=True).size
    return both / (one.size + other.size - both) if one.size + other.size else 0.0


@lru_cache(maxsize=1 << 17)
def _hash(word: str) -> int:
    return int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "big")
