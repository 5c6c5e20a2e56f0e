"""Headings of a text and the section that each place of it stands in."""

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass

_MARKS = re.compile(r" {0,3}(#{1,6})(?:[ \t]+|$)")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_UNDERLINE = re.compile(r" {0,3}(=+|-{2,})[ \t]*$")
_NO_PARAGRAPH = ("#", "|", ">", "- ", "* ", "+ ", "```", "~~~")
_LONGEST = 160
SEPARATOR = " > "


@dataclass(frozen=True)
class Heading:
    """A heading line: where it starts, its level from 1, and its words."""

    start: int
    level: int
    title: str


class Sections:
    """The sections of one text.

    >>> Sections(headings("# A\\n\\nx\\n\\n## B\\n\\ny")).path(13, 14)
    'A > B'
    """

    def __init__(self, found: list[Heading]) -> None:
        self._starts = [heading.start for heading in found]
        self._paths: list[str] = []
        above: list[Heading] = []
        for heading in found:
            above = [*(outer for outer in above if outer.level < heading.level), heading]
            self._paths.append(SEPARATOR.join(outer.title for outer in above if outer.title))

    @property
    def starts(self) -> list[int]:
        """Where each section starts, in order."""
        return self._starts

    def path(self, start: int, end: int) -> str:
        """Return the titles from the outermost section down to the one at the start, "" before the first."""
        place = bisect_right(self._starts, start)
        return self._paths[place - 1] if place else ""

    def paths(self, start: int, end: int) -> list[str]:
        """Return the paths of all sections between start and end, in order; none stands for what is before them."""
        first = bisect_right(self._starts, start)
        return self._paths[max(first - 1, 0) : bisect_left(self._starts, end)]


def headings(text: str) -> list[Heading]:
    """Return the Markdown headings of a text in order, underlined ones too; lines of code and front matter are none."""
    found: list[Heading] = []
    fence, position, above = "", 0, ""
    lines = text.splitlines(keepends=True)
    body = _after_front_matter(lines)
    for number, line in enumerate(lines):
        start, position = position, position + len(line)
        if number < body:
            continue
        bare = line.rstrip().lstrip("\ufeff")[: 2 * _LONGEST]
        before, fence = fence, fence_after(bare, fence)
        if before or fence:
            above = ""
        else:
            if marks := _MARKS.match(bare):
                indent = len(line) - len(line.lstrip(" \ufeff"))
                found.append(Heading(start + indent, len(marks.group(1)), _words(bare[marks.end() :])))
            elif (under := _UNDERLINE.match(bare)) and above and not above.lstrip().startswith(_NO_PARAGRAPH):
                level = 1 if under.group(1)[0] == "=" else 2
                found.append(Heading(start - len(lines[number - 1]), level, _words(above)))
            blank_before = number == body or not lines[number - 1].strip()
            above = bare if bare.strip() and blank_before and not marks else ""
    return found


def marked_headings(text: str) -> frozenset[int]:
    """Return where the headings that are marked with "#" start."""
    return frozenset(heading.start for heading in headings(text) if text[heading.start] == "#")


def fence_after(line: str, fence: str) -> str:
    """Return the fence of the code block that is open after a line, "" where none is; `fence` was open before it.

    >>> fence_after("```bash", ""), fence_after("```bash", "```"), fence_after("```", "```"), fence_after("```x```", "")
    ('```', '```', '', '')
    """
    mark = _FENCE.match(line)
    if not mark:
        return fence
    marks, behind = mark.group(1), line[mark.end() :].strip()
    if fence:
        return "" if marks.startswith(fence) and not behind else fence
    return "" if marks[0] == "`" and "`" in behind else marks  # code within a line, by CommonMark


def _after_front_matter(lines: list[str]) -> int:
    if not lines or lines[0].strip("\ufeff \r\n") != "---":
        return 0
    ends = (number for number, line in enumerate(lines[1:200], start=1) if line.strip() in ("---", "..."))
    return next(ends, -1) + 1


def _words(title: str) -> str:
    return " ".join(title.strip().strip("#").split())[:_LONGEST]
