"""Excel workbooks: sheet by sheet, every row a line that says what each value is, as of CSV."""

import datetime
import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pipelines.core.errors import InputError
from pipelines.knowledge.documents.formats.extracted import (
    Extracted,
    declared_author,
    declared_title,
    iso_date,
    labelled_row,
    tidy_text,
    unreadable,
)
from pipelines.knowledge.documents.formats.limits import Limits
from pipelines.knowledge.documents.formats.office import check_archive, damaged_file_error

_CORE = "docProps/core.xml"
_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml")
_TYPE_OF_TEXT = rb't="str"'
_FORMULA_ALONE = re.compile(
    rb"<c\b(?![^>]*" + _TYPE_OF_TEXT + rb")[^>]*>\s*<f\b[^>]*(?:/>|>[^<]*</f>)\s*(?:<v\s*/>|<v></v>)?\s*</c>"
)
"""A cell whose formula no program has computed yet; an empty text is a value."""
_MERGED = re.compile(rb'<mergeCell\b[^>]*\bref="([A-Z]+)(\d+):[A-Z]+(\d+)"')
_DIGITS = 15
"""Significant digits that Excel itself keeps of a number."""


def read_xlsx(path: Path, limits: Limits) -> Extracted:
    """Return each sheet as a heading and its rows as "| column: value | … |"; values are those last computed."""
    import openpyxl

    check_archive(path, "workbook", ".xlsx", limits)
    try:
        if missing := _formulas_alone(path):
            raise unreadable(
                path.name,
                f"{missing} formulas without their values, as programs write them",
                "a workbook with computed values",
                "open it in Excel or LibreOffice and save it",
            )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what openpyxl does not keep: validation, drawings
            workbook = openpyxl.load_workbook(path, read_only=True, data_only=True)
            try:
                merged = _merged_down(path)
                sheets = [(sheet, merged.get(sheet._worksheet_path.lstrip("/"), [])) for sheet in workbook.worksheets]
                lines = [line for sheet, ranges in sheets for line in _sheet(sheet, ranges)]
            finally:
                workbook.close()
        return Extracted(tidy_text("\n".join(lines)), *_properties(path))
    except InputError:
        raise
    except Exception as error:  # zip, XML and key errors, by what is missing
        raise damaged_file_error(path, "workbook", ".xlsx", error) from error


def _formulas_alone(path: Path) -> int:
    with zipfile.ZipFile(path) as archive:
        sheets = [name for name in archive.namelist() if _SHEET.fullmatch(name)]
        return sum(len(_FORMULA_ALONE.findall(archive.read(name))) for name in sheets)


def _merged_down(path: Path) -> dict[str, list[tuple[int, int, int]]]:
    """Return by sheet the (column, first row, last row) of cells that reach over several rows, from 0."""
    from openpyxl.utils import column_index_from_string

    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if _SHEET.fullmatch(name)]
        found = {name: _MERGED.findall(archive.read(name)) for name in names}
    return {
        name: [
            (column_index_from_string(column.decode()) - 1, int(top) - 1, int(end) - 1) for column, top, end in ranges
        ]
        for name, ranges in found.items()
    }


def _with_merged(rows: list[list[str]], ranges: Sequence[tuple[int, int, int]]) -> list[list[str]]:
    """Return rows with the value of a cell that reaches over several of them in each that has other values."""
    for column, top, end in ranges:
        value = rows[top][column] if top < len(rows) and column < len(rows[top]) else ""
        for row in rows[top + 1 : end + 1]:
            if _count(row):
                row += [""] * (column + 1 - len(row))
                row[column] = value
    return rows


def _sheet(sheet: Any, merged: Sequence[tuple[int, int, int]]) -> list[str]:
    sheet.reset_dimensions()  # a declared size of a million rows would be filled up with empty cells
    lines = [*_lines(_with_merged([[_value(cell) for cell in row] for row in sheet.iter_rows()], merged))]
    return ["", f"## {' '.join(str(sheet.title).split())}", "", *lines] if lines else []


def _lines(rows: Iterable[list[str]]) -> Iterator[str]:
    """Yield the lines of a sheet: what stands alone above its table as text, then the rows under the names of columns.

    A row of names below an empty one begins another table.
    """
    filled = [*rows]
    several = any(_count(row) > 1 for row in filled)
    columns: list[str] | None = None
    alone = ""
    for before, row, after in zip([[], *filled], filled, [*filled[1:], []], strict=False):
        if not _count(row):
            continue
        if columns is None and several and _count(row) == 1:
            yield from (*(value for value in row if value), "")
        elif columns is None or (not _count(before) and _names_columns(row, after)):
            yield from [alone] if alone else []
            columns, alone = row, labelled_row([], row)
        else:
            alone = ""
            yield labelled_row(columns, row)
    yield from [alone] if alone else []


def _count(row: list[str]) -> int:
    return sum(map(bool, row))


def _names_columns(row: list[str], following: list[str]) -> bool:
    """Say whether a row holds words alone where the one below it has a number or a day."""
    own = [value for value in row if value]
    return len(own) > 1 and not any(map(_is_number, own)) and any(map(_is_number, following))


def _is_number(value: str) -> bool:
    return value[:1].isdigit() or (value[:1] == "-" and value[1:2].isdigit())


def _value(cell: Any) -> str:
    """Return what a cell holds, days as ISO, shares as their per cent, in one line."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime.datetime):
        midnight = value.time() == datetime.time()
        return value.date().isoformat() if midnight else value.replace(microsecond=0).isoformat(" ")
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, int | float):
        if str(cell.number_format).endswith("%"):
            return f"{value * 100:.{_DIGITS}g}%"
        return str(value) if isinstance(value, int) else f"{value:.{_DIGITS}g}"
    return " ".join(str(value).split())


def _properties(path: Path) -> tuple[str, str, str]:
    """Return title, author and date of the file itself: openpyxl gives today where there is none."""
    from lxml import etree

    with zipfile.ZipFile(path) as archive:
        if _CORE not in archive.namelist():
            return "", "", ""
        root = etree.fromstring(archive.read(_CORE), etree.XMLParser(resolve_entities=False))
    found = {etree.QName(child).localname: (child.text or "") for child in root if isinstance(child.tag, str)}
    author = declared_author(found.get("creator") or found.get("lastModifiedBy"))
    return declared_title(found.get("title")), author, iso_date(found.get("created")) or iso_date(found.get("modified"))
