"""PDF: the text layer page by page with wrapped lines joined, and ruled tables as rows of cells."""

import contextlib
import logging
import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from pipelines.core.errors import InputError
from pipelines.knowledge.documents.formats.extracted import (
    PAGE_FURNITURE,
    Extracted,
    declared_author,
    declared_title,
    exception_line,
    iso_date,
    joined_pages,
    table_row,
    unreadable,
)
from pipelines.knowledge.documents.formats.limits import Limits
from pipelines.text.lines import wraps
from pipelines.text.page_lines import (
    cell_in_a_line,
    gap_between,
    join_lines,
    leads_on,
    leads_over_page,
    vocabulary_of,
    with_whole_words,
    without_furniture,
)

_RULES = re.compile(rb"(?<![^\s\]>)])(?:re|l)(?=\s)")
_FEWEST_RULES, _MOST_RULES = 6, 20_000
_LINES = {"vertical_strategy": "lines", "horizontal_strategy": "lines"}


def read_pdf(path: Path, limits: Limits) -> Extracted:
    """Return the text of a PDF; its pages start where the text of each begins."""
    import pypdf

    for name in ("pypdf", "pdfminer", "pdfplumber"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        with pypdf.PdfReader(path) as reader, contextlib.ExitStack() as stack:
            if reader.is_encrypted and not reader.decrypt(""):
                raise unreadable(path.name, "a PDF that asks for a password", "one without", "save it unprotected")
            if len(reader.pages) > limits.pages:
                raise unreadable(
                    path.name, f"{len(reader.pages)} pages", f"at most {limits.pages} pages", "split it into volumes"
                )
            tables = _Tables(path, stack)
            lines = [_page(number, page, tables).splitlines() for number, page in enumerate(reader.pages)]
            kept = without_furniture(lines)
            left_out = {PAGE_FURNITURE: dropped} if (dropped := _filled(lines) - _filled(kept)) else {}
            text, pages = joined_pages(_texts(with_whole_words(kept)), _between_pages)
            about = reader.metadata
    except InputError:
        raise
    except Exception as error:  # pypdf raises what its parsing trips over: KeyError, RecursionError, its own
        raise unreadable(
            path.name, f"a damaged PDF ({exception_line(error, path)})", "a PDF that opens", "print it to PDF anew"
        ) from error
    if not text:
        raise unreadable(path.name, "a PDF without text, perhaps a scan", "a PDF with text", "run ocrmypdf on it")
    if about is None:
        return Extracted(text, pages=pages, left_out=left_out)
    date = iso_date(about.get("/CreationDate")) or iso_date(about.get("/ModDate"))
    title, author = declared_title(about.title), declared_author(about.author)
    return Extracted(text, title, author, date, pages, left_out=left_out)


def _filled(pages: Sequence[Sequence[str]]) -> int:
    return sum(bool(line.strip()) for page in pages for line in page)


class _Tables:
    """The pages of one file as pdfplumber sees them, which costs ten times pypdf's reading: opened when needed."""

    def __init__(self, path: Path, stack: contextlib.ExitStack) -> None:
        self._path, self._stack = path, stack
        self._pages: list[Any] | None = None

    def page(self, number: int) -> Any:
        import pdfplumber

        if self._pages is None:
            self._pages = list(self._stack.enter_context(pdfplumber.open(self._path)).pages)
        return self._pages[number]


def _page(number: int, page: Any, tables: _Tables) -> str:
    if _ruled(page):
        try:
            found = _with_tables(tables.page(number))
        except Exception:  # a page that only pdfplumber trips over still has its text layer
            found = ""
        if found:
            return found
    return str(page.extract_text())


def _ruled(page: Any) -> bool:
    """Say whether the page draws enough lines and boxes to hold a table."""
    contents = page.get_contents()
    return contents is not None and _FEWEST_RULES <= len(_RULES.findall(contents.get_data())) <= _MOST_RULES


def _with_tables(page: Any) -> str:
    """Return the page with its ruled tables as rows, where they stand; "" where it has none of two columns."""
    grids = [table for table in page.find_tables(_LINES) if len(table.rows) > 1 and len(table.columns) > 1]
    if not grids:
        return ""
    parts, top = [], page.bbox[1]
    for grid in sorted(grids, key=lambda grid: grid.bbox[1]):
        if grid.bbox[1] > top:
            parts.append(_text_between(page, top, grid.bbox[1]))
        cells = [[cell_in_a_line(cell) for cell in line] for line in _filled_grid(grid)]
        parts.append("\n".join(table_row(line) for line in cells if any(cell.strip() for cell in line)))
        top = max(top, grid.bbox[3])
    if page.bbox[3] > top:
        parts.append(_text_between(page, top, page.bbox[3]))
    return "\n\n".join(part for part in parts if part.strip())


def _filled_grid(grid: Any) -> list[list[str]]:
    """Return the cells of a grid; one that reaches over several rows stands in each of them."""
    found: list[list[str]] = []
    over: dict[int, tuple[str, float]] = {}  # by column: the text of the last cell, and where it ends
    for row, texts in zip(grid.rows, grid.extract(), strict=True):
        line = []
        for column, (cell, text) in enumerate(zip(row.cells, texts, strict=True)):
            if cell is not None:
                over[column] = (text or "", cell[3])
            elif over.get(column, ("", 0.0))[1] <= row.bbox[1] + 1:
                over.pop(column, None)
            line.append(over[column][0] if column in over else "")
        found.append(line)
    return found


def _text_between(page: Any, top: float, bottom: float) -> str:
    left, _, right, _ = page.bbox
    return page.crop((left, top, right, bottom)).extract_text() or ""


def _texts(pages: Sequence[Sequence[str]]) -> list[str]:
    """Return the text of each page, its wrapped lines joined."""
    words = vocabulary_of(pages)
    return ["\n".join(join_lines(lines, _goes_on(lines), words)) for lines in pages]


def _goes_on(lines: Sequence[str]) -> list[bool]:
    pairs = pairwise([*lines, ""])
    return [more or leads_on(*pair) for more, pair in zip(wraps(lines), pairs, strict=True)]


def _between_pages(above: str, below: str) -> str:
    """Return what stands between two pages: a blank line, but where a sentence goes on."""
    last, first = _last_line(above), below.partition("\n")[0]
    return gap_between(last, first) if leads_over_page(last, first) else "\n\n"


def _last_line(text: str) -> str:
    return text[text.rfind("\n") + 1 :]
