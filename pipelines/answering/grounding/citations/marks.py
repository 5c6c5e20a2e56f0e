"""Citation marks in an answer: [1], [2][3], [1, 3], [2-4], 【1】, [Source 2], (source 3), [来源1], [ID:1]."""

import re
from dataclasses import dataclass

_NOUN = r"(?:sources?|passages?|documents?|docs?|refs?|来源|资料|文献|段落)"
_IN_BRACKETS = rf"(?:{_NOUN}|ids?)"
_ONE = rf"\^?(?:{_IN_BRACKETS}\s*[:：]?\s*)?#?\d{{1,3}}"
_LIST = rf"{_ONE}(?:\s*(?:[,，、;；–-]|and|&|和)\s*{_ONE})*"
_TEXT_ENDS = r"(?:†[^】\]]*)?"
_MARK = re.compile(
    rf"\[\s*({_LIST})\s*{_TEXT_ENDS}\](?!\()|【\s*({_LIST})\s*{_TEXT_ENDS}】|［\s*({_LIST})\s*］"
    rf"|[(（]\s*({_NOUN}\s*[:：]?\s*{_LIST})\s*[)）]",
    re.IGNORECASE,
)
_RANGE = re.compile(r"(\d+)\s*[–-]\s*(?:\D*?)(\d+)")
_LONGEST_RANGE = 30


@dataclass(frozen=True)
class Mark:
    """One mark: its place in the answer and the numbers of the sources that it names."""

    start: int
    end: int
    numbers: tuple[int, ...]


def find_marks(text: str) -> list[Mark]:
    """Return the citation marks of a text, in order; a Markdown link is none.

    >>> [mark.numbers for mark in find_marks("So [1, 3]. And [2-4] but [5](https://example.org).")]
    [(1, 3), (2, 3, 4)]
    """
    return [Mark(*match.span(), _numbers(next(filter(None, match.groups())))) for match in _MARK.finditer(text)]


def without_marks(text: str, marks: list[Mark]) -> str:
    """Return the text with spaces in the place of its marks: every other character stays where it is."""
    for mark in marks:
        text = text[: mark.start] + " " * (mark.end - mark.start) + text[mark.end :]
    return text


def _numbers(listed: str) -> tuple[int, ...]:
    found = {int(digits) for digits in re.findall(r"\d+", listed)}
    for first, last in _RANGE.findall(listed):
        if 0 < int(last) - int(first) <= _LONGEST_RANGE:
            found.update(range(int(first), int(last) + 1))
    return tuple(sorted(found))
