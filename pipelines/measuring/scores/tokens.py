"""Texts as the tokens that metrics compare: words of letters and digits, a Chinese character each."""

import re
import string
import unicodedata
from collections.abc import Hashable, Sequence

from pipelines.text.characters import HAN

_WORD = re.compile(rf"[{HAN}]|[^\s{HAN}]+")
_ARTICLES = re.compile(r"\b(a|an|the)\b")
_ASCII_PUNCTUATION = set(string.punctuation)


def answer_tokens(text: str) -> list[str]:
    """Return SQuAD's normalised tokens: lower case, no punctuation, no English articles, Chinese by character.

    Full-width forms count as their ordinary ones (NFKC) and Chinese punctuation as punctuation.
    """
    text = "".join(character for character in plain(text) if not _is_punctuation(character))
    return _WORD.findall(_ARTICLES.sub(" ", text))


def rouge_tokens(text: str) -> list[str]:
    """Return lower-case runs of letters and digits; punctuation separates; Chinese by character."""
    text = "".join(" " if _is_punctuation(character) else character for character in plain(text))
    return _WORD.findall(text)


def plain(text: str) -> str:
    """Return a text in small letters and ordinary forms (NFKC)."""
    return unicodedata.normalize("NFKC", text).lower()


def _is_punctuation(character: str) -> bool:
    return character in _ASCII_PUNCTUATION or unicodedata.category(character).startswith("P")


def common_subsequence(first: Sequence[Hashable], second: Sequence[Hashable]) -> int:
    """Return the length of the longest common subsequence, a row of the table in one number (Hyyrö 2004)."""
    places: dict[Hashable, int] = {}
    for place, token in enumerate(first):
        places[token] = places.get(token, 0) | 1 << place
    whole = row = (1 << len(first)) - 1
    for token in second:
        matched = row & places.get(token, 0)
        row = ((row + matched) | (row - matched)) & whole
    return len(first) - row.bit_count()
