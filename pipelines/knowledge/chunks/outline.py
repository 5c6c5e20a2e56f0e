"""Which sections a place of a text touches: below headings, in code in what it defines."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from pipelines.core.formats import CODE
from pipelines.knowledge.chunks.syntax import Definition, parse_syntax, path_of
from pipelines.text.sections import SEPARATOR, Sections, headings

_WITHOUT_HEADINGS = ("csv", "json", "jsonl")


class Outline(Protocol):
    """The sections of one text; a section's path is "A > B"."""

    def path(self, start: int, end: int) -> str:
        """Return the section that a place counts to, "" for none."""
        ...

    def paths(self, start: int, end: int) -> list[str]:
        """Return all sections that a place touches, in the text's order."""
        ...


def outline(text: str, format: str) -> Outline:
    """Return the outline of a text: by headings, by definitions where it is code, none where it is data."""
    if format in _WITHOUT_HEADINGS:
        return Sections([])
    if format not in CODE:
        return Sections(headings(text))
    tree = parse_syntax(text, format)
    return Definitions(tree.definitions() if tree else [])


class Definitions:
    """The definitions of one source file, outer ones before inner ones, as sections."""

    def __init__(self, found: Sequence[Definition]) -> None:
        self._found = list(found)
        self._paths: list[str] = []
        around: list[Definition] = []
        for one in self._found:
            around = [*(outer for outer in around if one.end <= outer.end), one]
            self._paths.append(SEPARATOR.join(outer.name for outer in around))

    def path(self, start: int, end: int) -> str:
        """Return the definitions that most of a place belongs to, outermost first."""
        return SEPARATOR.join(path_of(self._found, start, end))

    def paths(self, start: int, end: int) -> list[str]:
        """Return the paths of the definitions that a place touches."""
        return [path for one, path in zip(self._found, self._paths, strict=True) if one.start < end and start < one.end]


def with_those_around(paths: Iterable[str]) -> list[str]:
    """Return section paths, each after those of the sections that it stands in, none twice.

    >>> with_those_around(["A > B", "", "A > C"])
    ['A', 'A > B', 'A > C']
    """
    parts = [path.split(SEPARATOR) for path in paths if path]
    return list(dict.fromkeys(SEPARATOR.join(part[:depth]) for part in parts for depth in range(1, len(part) + 1)))
