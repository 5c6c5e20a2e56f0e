"""Sentences as exact character spans, several languages in one text.

LlamaIndex's `SentenceSplitter` splits after "Dr." and searches for its chunks afterwards, so that a repeated
sentence can get another one's place; citations need the place itself (`tests/text/test_sentences.py`).
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from pipelines.text.languages.language import Language
from pipelines.text.languages.languages import all_languages
from pipelines.text.lines import is_table_row, wraps
from pipelines.text.long_sentences import parts_of_long
from pipelines.text.words import name_letters

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")
_CLOSERS = frozenset("”’」』）》】)]}")
_EITHER = frozenset("\"'*_`")
_LAST_WORD = re.compile(r"[^\s(\[{\"'“‘（*_/]+$")
_ITEM_NUMBER = re.compile(r"\s*(?:[-*+>]\s+)?(?:\d{1,3}|[A-Za-z])$")
_NEAR = 40
_NOT_BLANK = re.compile(r"\S")
_BLANK = " \t\r\n\f\v\u00a0\u3000\ufeff"


@dataclass(frozen=True)
class _Marks:
    """What ends a sentence in any of the languages, and what only looks like an end."""

    stop: re.Pattern[str]
    at_once: frozenset[str]
    unspaced: re.Pattern[str]
    abbreviations: frozenset[str]
    before_numbers: frozenset[str]


@cache
def _marks(languages: tuple[Language, ...]) -> _Marks:
    stops = "".join(one.stops + one.clause_stops for one in languages)
    unspaced = "".join(one.characters for one in languages if not one.spaced)
    return _Marks(
        re.compile(f"[{re.escape(stops)}…]+"),
        frozenset("".join(one.stops + one.clause_stops for one in languages if not one.stops_need_space)),
        re.compile(f"[{unspaced}]"),
        frozenset().union(*(one.abbreviations for one in languages)),
        frozenset().union(*(one.abbreviations_before_numbers for one in languages)),
    )


def sentences(text: str) -> list[tuple[int, int]]:
    """Return the (start, end) of each sentence, in order, without surrounding white space; they cover all the rest.

    Headings, list items, table rows and the lines of a code block are sentences of their own; a wrapped line is not.
    What goes on for too long without a stop is cut at weaker marks.
    """
    found = []
    marks = _marks(all_languages())
    for start, end in _paragraphs(text):
        for first, last in _split(text[start:end], marks):
            span = _trim(text, start + first, start + last)
            if span:
                found += [span] if is_table_row(text[span[0] : span[1]]) else parts_of_long(text, *span)
    return found


def _paragraphs(text: str) -> Iterator[tuple[int, int]]:
    spans = [match.span() for match in _LINE.finditer(text) if match.group()]
    goes_on = wraps([text[start:end].rstrip("\r\n") for start, end in spans])
    begin = None
    for (start, end), more in zip(spans, goes_on, strict=True):
        begin = start if begin is None else begin
        if not more:
            yield begin, end
            begin = None


def _split(block: str, marks: _Marks) -> Iterator[tuple[int, int]]:
    begin = 0
    if not is_table_row(block):
        quotes = {mark: [m.start() for m in re.finditer(re.escape(mark) + "+", block)] for mark in _EITHER}
        for match in marks.stop.finditer(block):
            end = _after_closers(block, match.end(), quotes)
            if match.start() >= begin and _ends_sentence(block, match.group(), match.start(), end, marks):
                yield begin, end
                begin = end
    yield begin, len(block)


def _after_closers(block: str, position: int, quotes: dict[str, list[int]]) -> int:
    """Return where the closing quotes, brackets and emphasis marks after a full stop end."""
    while position < len(block):
        mark = block[position]
        if mark in _EITHER:
            behind = position
            while block[behind : behind + 1] == mark:
                behind += 1
            # After an odd number of its kind this one closes, and so does one that ends a word.
            if block[behind : behind + 1].strip() and bisect_left(quotes[mark], position) % 2 == 0:
                return position
            position = behind
        elif mark in _CLOSERS:
            position += 1
        else:
            return position
    return position


def _ends_sentence(block: str, stop: str, start: int, end: int, marks: _Marks) -> bool:
    ahead = _NOT_BLANK.search(block, end)
    following = ahead.group() if ahead else ""
    if not following or marks.at_once.intersection(stop):
        return True
    if not block[end].isspace():
        # No space: Chinese goes on after a Latin stop, or this is 14.90, a file name or an address.
        if not marks.unspaced.match(following):
            return False
        return "." not in stop or bool(marks.unspaced.match(block[start - 1 : start]))
    if following.islower():
        return False
    return stop != "." or not _is_abbreviation(block, start, following, marks)


def _is_abbreviation(block: str, start: int, following: str, marks: _Marks) -> bool:
    begin = max(0, start - 12)
    if _ITEM_NUMBER.match(block[begin:start]) and not (begin and _NOT_BLANK.search(block, 0, begin)):
        return True
    match = _LAST_WORD.search(block[max(0, start - 40) : start])
    word = match.group() if match else ""
    if len(word) == 1 and word.isupper() and word != "I":
        near = max(0, start - _NEAR)
        return following.isupper() and start - 1 - near not in name_letters(block[near : start + _NEAR])
    if word.lower() in marks.abbreviations:
        return True
    return word.lower() in marks.before_numbers and following.isdigit()


def _trim(text: str, start: int, end: int) -> tuple[int, int] | None:
    while start < end and (text[start] in _BLANK or text[start].isspace()):
        start += 1
    while end > start and (text[end - 1] in _BLANK or text[end - 1].isspace()):
        end -= 1
    return (start, end) if start < end else None
