"""HTML pages: what they show, and what their head says of them."""

import copy
import re
import sys
from pathlib import Path
from typing import Any

from pipelines.knowledge.documents.encodings.encodings import decode
from pipelines.knowledge.documents.formats.extracted import Extracted, declared_author, iso_date, unreadable
from pipelines.knowledge.documents.formats.html_blocks import page_text
from pipelines.knowledge.documents.formats.limits import Limits

_AUTHOR = ("author", "article:author", "dc.creator", "dcterms.creator")
_DATE = ("date", "article:published_time", "dc.date", "dcterms.created", "dcterms.date", "article:modified_time")
_FRAMES_A_LEVEL = 3
_MOST_SPANNED = 1000
"""Rows and columns that a cell may reach over, as in browsers."""


def read_html(path: Path, limits: Limits) -> Extracted:
    """Return the text of a page; title, author and date from its head."""
    from bs4 import BeautifulSoup

    text, encoding = decode(path.read_bytes(), path.name, declared=True)
    soup = BeautifulSoup(text, "lxml")
    depth = _depth(soup)
    if depth > limits.depth:
        raise unreadable(
            path.name, f"elements nested {depth} deep", f"at most {limits.depth} levels", "save the page's content anew"
        )
    sys.setrecursionlimit(max(sys.getrecursionlimit(), 1000 + _FRAMES_A_LEVEL * limits.depth))
    title = " ".join(soup.title.get_text().split()) if soup.title else ""
    author, date = _meta(soup, _AUTHOR), _meta(soup, _DATE)
    _fill_spans(soup)
    shown, left_out = page_text(soup)
    return Extracted(shown, title, declared_author(author), iso_date(date), encoding=encoding, left_out=left_out)


def _meta(soup: Any, names: tuple[str, ...]) -> str:
    found: dict[str, str] = {}
    for tag in soup.find_all("meta"):
        name = str(tag.get("name") or tag.get("property") or "").lower()
        found.setdefault(name, str(tag.get("content") or "").strip())
    return next((found[name] for name in names if found.get(name)), "")


def _depth(soup: Any) -> int:
    """Return how deep the elements are nested, without recursion."""
    deepest, waiting = 0, [(soup, 0)]
    while waiting:
        node, depth = waiting.pop()
        deepest = max(deepest, depth)
        waiting += [(child, depth + 1) for child in node.children if getattr(child, "name", None)]
    return deepest


def _fill_spans(page: Any) -> None:
    """Give each row of the page's tables all its cells: again what comes from above, empty what a cell reaches over."""
    for table in page.find_all("table"):
        rows = [line for line in table.find_all("tr") if line.find_parent("table") is table]
        spans = [cell for line in rows for cell in _cells(line) if _spans(cell)]
        if spans:
            _fill(page, rows)


def _fill(page: Any, rows: list[Any]) -> None:
    from_above: dict[int, tuple[Any, int]] = {}
    for line in rows:
        column = 0
        for cell in [*_cells(line)]:
            column = _put_from_above(page, cell, from_above, column)
            width, height = _span(cell, "colspan"), _span(cell, "rowspan")
            for place in range(column, column + width):
                if height > 1:
                    from_above[place] = (cell if place == column else None, height)
            for _ in range(width - 1):
                cell.insert_after(page.new_tag(cell.name))
            column += width
        _put_behind(page, line, from_above, column)
        from_above = {place: (cell, left - 1) for place, (cell, left) in from_above.items() if left > 1}


def _put_from_above(page: Any, cell: Any, from_above: dict[int, tuple[Any, int]], column: int) -> int:
    while column in from_above:
        cell.insert_before(_copied(page, cell.name, from_above[column][0]))
        column += 1
    return column


def _put_behind(page: Any, line: Any, from_above: dict[int, tuple[Any, int]], column: int) -> None:
    for place in range(column, max(from_above, default=-1) + 1):
        if place not in from_above:
            return
        line.append(_copied(page, "td", from_above[place][0]))


def _copied(page: Any, name: str, cell: Any) -> Any:
    return page.new_tag(name) if cell is None else copy.copy(cell)


def _spans(cell: Any) -> bool:
    return _span(cell, "colspan") > 1 or _span(cell, "rowspan") > 1


def _span(cell: Any, name: str) -> int:
    digits = re.fullmatch(r"\s*(\d{1,4})\s*", str(cell.get(name) or ""))
    return min(_MOST_SPANNED, max(1, int(digits.group(1)))) if digits else 1


def _cells(line: Any) -> list[Any]:
    return list(line.find_all(["td", "th"], recursive=False))
