"""Text without stops: what is far too long for a sentence is cut at weaker marks, at spaces, in the end by length."""

import re
from collections.abc import Iterator
from functools import cache

from pipelines.text.languages.language import Language
from pipelines.text.languages.languages import all_languages, unspaced_in

_LETTERS_FOR_ONE = 4
"""Letters that say as much as one character of a language without spaces between words."""
_LONGEST, _PART = 600, 240
"""Letters of the longest sentence that stays whole, and of the parts of a longer one: what a prompt shows of one."""


def parts_of_long(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Return text[start:end] whole where a sentence may be so long, else its parts, all of it but white space."""
    if end - start <= _LONGEST // _LETTERS_FOR_ONE or _size(text, start, end) <= _LONGEST:
        return [(start, end)]
    return [*_parts(text, start, end)]


def _parts(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    while start < end:
        stop = _fitting(text, start, end)
        if stop < end:
            stop = _break(text, start + (stop - start) // 2, stop)
        last = stop
        while last > start + 1 and text[last - 1].isspace():
            last -= 1
        yield start, last
        start = stop
        while start < end and (text[start].isspace() or text[start] == "\ufeff"):
            start += 1


def _break(text: str, earliest: int, latest: int) -> int:
    """Return where a part ends: behind the last of the strongest marks there, else between two words."""
    for mark in _marks(all_languages()):
        ends = [match.end() for match in mark.finditer(text, earliest, latest + 1) if match.end() <= latest]
        if ends:
            return ends[-1]
    language = unspaced_in(text[earliest:latest])
    if language is not None and language.segment is not None:
        words = language.segment(text[earliest:latest])
        if len(words) > 1:
            return latest - len(words[-1])  # the last word may go on behind the place
    return latest


def _size(text: str, start: int, end: int) -> int:
    return end - start + (_LETTERS_FOR_ONE - 1) * len(_unspaced(all_languages()).findall(text, start, end))


def _fitting(text: str, start: int, end: int) -> int:
    """Return the end of as much as makes a part."""
    unspaced = _unspaced(all_languages())
    size, place = 0, start
    while place < end and size < _PART:
        size += _LETTERS_FOR_ONE if unspaced.match(text, place) else 1
        place += 1
    return place


@cache
def _unspaced(languages: tuple[Language, ...]) -> re.Pattern[str]:
    return re.compile(f"[{''.join(one.characters for one in languages if not one.spaced)}]")


@cache
def _marks(languages: tuple[Language, ...]) -> list[re.Pattern[str]]:
    """Return what parts a sentence, the strongest first; a space in a language without them stands for a mark."""
    letter = _unspaced(languages).pattern
    return [
        re.compile(rf"[；：…。！？]+|[;:.!?](?=\s)|(?<={letter})\s+(?={letter})|—+"),
        re.compile(r"[，、]|,(?=\s)"),
        re.compile(r"\s+"),
    ]
