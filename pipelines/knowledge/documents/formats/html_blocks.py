"""What a browser shows of HTML, block by block, as simple Markdown: lists keep their levels, code keeps its lines."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from pipelines.knowledge.documents.formats.extracted import NAVIGATION, REFERENCE_MARKS, table_row, without_controls

_HIDDEN_TAGS = {"script", "style", "noscript", "template", "head", "svg", "math", "iframe", "object"}
_HIDDEN_STYLE = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)\b", re.IGNORECASE)
_BLOCK_TAGS = {
    *("address", "article", "aside", "blockquote", "body", "caption", "dd", "details", "div", "dl", "dt", "fieldset"),
    *("figcaption", "figure", "footer", "form", "header", "hr", "html", "main", "nav", "p", "pre"),
    *("section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr"),
}
_HEADING = re.compile("h[1-6]")
_ITEM = re.compile(r"\s*(?:-|\d+\.|\|) ")
_REFERENCE = re.compile(r"(?:\[[^\[\]]{1,24}\])+")
_FURNITURE = {
    *("navigation", "doc-noteref", "navbox", "navbox-styles", "vertical-navbox", "navbar", "catlinks", "mw-jump-link"),
    *("mw-editsection", "breadcrumb", "breadcrumbs", "noprint"),
}
"""Roles and classes of what leads elsewhere."""
_TICKS = re.compile("`{3,}")


def page_text(page: Any) -> tuple[str, dict[str, int]]:
    """Return what a parsed page shows without its navigation, and how much was left out; it goes out of the page."""
    whole, left_out = _shown(page), Counter[str]()
    for element in [*page.find_all(_is_furniture)]:
        if element.find_parent(_is_furniture) is None and _is_seen(element):
            mark = element.name == "sup"
            left_out[REFERENCE_MARKS if mark else NAVIGATION] += 1 if mark else _lines(element)
        element.extract()
    if text := _shown(page):
        return text, {kind: count for kind, count in left_out.items() if count}
    return whole, {}  # a page of links alone is what it shows


def _shown(page: Any) -> str:
    blocks = _Blocks()
    blocks.children(page)
    return "\n".join(blocks.finished())


def _lines(element: Any) -> int:
    return sum(bool(line.strip()) for line in _shown(element).splitlines())


def _is_seen(element: Any) -> bool:
    return _is_shown(element) and all(_is_shown(parent) for parent in element.parents if parent.name != "[document]")


def _is_furniture(tag: Any) -> bool:
    """Say whether an element only leads elsewhere: navigation, its boxes in a wiki, marks of references."""
    if tag.name == "sup":
        return bool(_REFERENCE.fullmatch("".join(tag.get_text().split())))
    roles = {str(tag.get("role") or "").lower(), *(str(name).lower() for name in tag.get("class") or ())}
    return tag.name == "nav" or not roles.isdisjoint(_FURNITURE)


class _Blocks:
    """The lines of a page so far; text goes to the last one until a block ends it."""

    def __init__(self, in_a_line: bool = False) -> None:
        self._in_a_line = in_a_line
        self._lines: list[str] = []
        self._text: list[str] = []
        self._blank = False
        self._indent = ""
        self._mark = ""
        """What the next line begins with in place of its last indentation: "- " at the start of a list item."""

    def finished(self) -> list[str]:
        self.line()
        return self._lines

    def line(self) -> None:
        """End the line; one without words is none."""
        words = "".join(self._text).strip(" \t")
        self._text = []
        if words:
            self._add([words])

    def blank(self) -> None:
        """End the line; a blank one comes before the next, but not between items of lists or rows of tables."""
        self.line()
        self._blank = True

    def _add(self, lines: list[str]) -> None:
        begin = self._indent[: len(self._indent) - len(self._mark)] + self._mark
        self._mark = ""
        first, *others = [begin + lines[0], *(self._indent + line for line in lines[1:])]
        if self._blank and self._lines and not _go_together(self._lines[-1], first):
            self._lines.append("")
        self._blank = False
        self._lines += [line.rstrip() for line in (first, *others)]

    def children(self, node: Any) -> None:
        for child in node.children:
            if isinstance(child, str):
                if _is_text(child):
                    self._text.append(re.sub(r"\s+", " ", without_controls(child)))
            elif _is_shown(child):
                self._element(child)

    def _element(self, tag: Any) -> None:
        if tag.name == "br":
            self._blank |= not self._text  # two breaks are how old pages part paragraphs
            self.line()
        elif _HEADING.fullmatch(tag.name):
            self._block([f"{'#' * int(tag.name[1])} {_in_a_line(tag)}"])
        elif tag.name == "pre" and not self._in_a_line:
            self._block(_fenced(tag))
        elif tag.name in ("ul", "ol"):
            self._list(tag)
        elif tag.name == "li":
            self._item(tag, "- ")
        elif tag.name == "tr" and not _lays_out_code(tag):
            self.line()
            self._add([table_row(_in_a_line(cell) for cell in _cells(tag))])
        elif tag.name in _BLOCK_TAGS:
            self.blank()
            self.children(tag)
            self.blank()
        else:
            self.children(tag)

    def _block(self, lines: list[str]) -> None:
        self.blank()
        if any(line.strip("# ") for line in lines):
            self._add(lines)
        self.blank()

    def _list(self, tag: Any) -> None:
        # A list within a list goes on in its item; any other one is a block of its own.
        end = self.line if self._indent else self.blank
        end()
        number = _whole(tag.get("start"), 1)
        for child in tag.children:
            if getattr(child, "name", None) == "li" and _is_shown(child):
                number = _whole(child.get("value"), number)
                self._item(child, f"{number}. " if tag.name == "ol" else "- ")
                number += 1
            elif not isinstance(child, str) and _is_shown(child):
                self._element(child)
        end()

    def _item(self, tag: Any, mark: str) -> None:
        self.line()
        outer = self._indent
        self._indent, self._mark = outer + " " * len(mark), mark
        self.children(tag)
        self.line()
        self._indent, self._mark = outer, ""


def _is_text(node: str) -> bool:
    from bs4 import NavigableString

    return type(node) is NavigableString  # and neither a comment nor a declaration


def _is_shown(tag: Any) -> bool:
    if tag.name in ("html", "body"):
        return True  # a page that hides all of itself waits for a script to show it
    hidden = tag.name in _HIDDEN_TAGS or tag.has_attr("hidden") or _HIDDEN_STYLE.search(str(tag.get("style") or ""))
    return not hidden


def _go_together(line: str, following: str) -> bool:
    """Say whether two lines are items of lists, or rows of tables."""
    marks = [match and match.group().strip() == "|" for match in map(_ITEM.match, (line, following))]
    return None not in marks and marks[0] == marks[1]


def _lays_out_code(line: Any) -> bool:
    """Say whether a table's row holds a code block, such as one with numbers beside it: it is no row of values."""
    return any("\n" in block.get_text().strip() for block in line.find_all("pre"))


def _cells(line: Any) -> Iterator[Any]:
    return (cell for cell in line.find_all(["td", "th"], recursive=False) if _is_shown(cell))


def _in_a_line(tag: Any) -> str:
    blocks = _Blocks(in_a_line=True)
    blocks.children(tag)
    return " ".join(" ".join(blocks.finished()).split())


def _fenced(tag: Any) -> list[str]:
    """Return preformatted text as a Markdown code block, [] where it is empty."""
    lines = without_controls("".join(_verbatim(tag))).replace("\r\n", "\n").split("\n")
    filled = [number for number, line in enumerate(lines) if line.strip()]
    if not filled:
        return []
    lines = lines[filled[0] : filled[-1] + 1]
    fence = max(["``", *_TICKS.findall("\n".join(lines))], key=len) + "`"
    return [fence, *lines, fence]


def _verbatim(node: Any) -> Iterator[str]:
    for child in node.children:
        if isinstance(child, str):
            if _is_text(child):
                yield child
        elif child.name == "br":
            yield "\n"
        elif _is_shown(child):
            yield from _verbatim(child)
            if child.name in _BLOCK_TAGS:
                yield "\n"


def _whole(value: Any, otherwise: int) -> int:
    digits = re.fullmatch(r"\s*(\d{1,6})\s*", str(value or ""))
    return int(digits.group(1)) if digits else otherwise
