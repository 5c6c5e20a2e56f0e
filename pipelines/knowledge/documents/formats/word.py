"""Word documents: paragraphs and tables in their order, as simple Markdown."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipelines.knowledge.documents.formats.extracted import Extracted, table_row, tidy_text
from pipelines.knowledge.documents.formats.limits import Limits
from pipelines.knowledge.documents.formats.office import check_archive, core_properties, damaged_file_error

_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_PARAGRAPH, _TABLE, _ROW, _CELL = (f"{_WORD}{name}" for name in ("p", "tbl", "tr", "tc"))
_TWICE = ("{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback", f"{_WORD}moveFrom")
_MOST_COLUMNS = 63
"""Of a table in Word."""
_MARKS = {f"{_WORD}tab": "\t", f"{_WORD}br": "\n", f"{_WORD}cr": "\n", f"{_WORD}noBreakHyphen": "-"}


def read_docx(path: Path, limits: Limits) -> Extracted:
    """Return the text of a Word document, notes below what they are to; deleted text is left out."""
    import docx

    check_archive(path, "Word document", ".docx", limits)
    try:
        document = docx.Document(str(path))
        body = document.element.body
        # What the reader sees once only: no second rendering of drawings, no place that text was moved from.
        for twice in [*body.iter(*_TWICE)]:
            twice.getparent().remove(twice)
        blocks = _blocks(body, document, _notes(document))
        return Extracted(tidy_text("\n".join(blocks)), **core_properties(document.core_properties))
    except Exception as error:  # zip, XML and key errors, by what is missing
        raise damaged_file_error(path, "Word document", ".docx", error) from error


def _notes(document: Any) -> dict[tuple[str, str], str]:
    """Return the texts of footnotes and endnotes by kind and number."""
    from lxml import etree

    found = {}
    for relation in document.part.rels.values():
        kind = relation.reltype.rpartition("/")[2].removesuffix("s")
        if kind in ("footnote", "endnote") and not relation.is_external:
            root = etree.fromstring(relation.target_part.blob, etree.XMLParser(resolve_entities=False))
            for note in root.iter(f"{_WORD}{kind}"):
                text = " ".join(" ".join(_text(paragraph) for paragraph in note.iter(_PARAGRAPH)).split())
                found[kind, note.get(f"{_WORD}id", "")] = text
    return found


def _notes_to(element: Any, notes: dict[tuple[str, str], str]) -> list[str]:
    marks = element.iter(f"{_WORD}footnoteReference", f"{_WORD}endnoteReference")
    keys = ((mark.tag[len(_WORD) :].removesuffix("Reference"), mark.get(f"{_WORD}id", "")) for mark in marks)
    return [f"{notes[key]}\n" for key in keys if notes.get(key)]


def _blocks(parent: Any, document: Any, notes: dict[tuple[str, str], str]) -> list[str]:
    blocks = []
    for element in parent:
        if element.tag == _PARAGRAPH:
            blocks += [_paragraph(element, document), *_notes_to(element, notes)]
        elif element.tag == _TABLE:
            blocks += [*_table(element), *_notes_to(element, notes)]
        elif element.tag in (f"{_WORD}sdt", f"{_WORD}sdtContent", f"{_WORD}ins", f"{_WORD}moveTo"):
            blocks += _blocks(element, document, notes)
    return blocks


def _paragraph(element: Any, document: Any) -> str:
    from docx.text.paragraph import Paragraph

    text = _text(element).strip()
    style = (Paragraph(element, document._body).style or document.styles["Normal"]).name or ""
    level = re.fullmatch(r"Heading ([1-6])", style)
    if not text:
        return ""
    if level or style == "Title":
        return f"\n{'#' * int(level.group(1) if level else 1)} {text}\n"
    if style.startswith("List") or element.find(f"{_WORD}pPr/{_WORD}numPr") is not None:
        return f"- {text}"
    return f"{text}\n"


def _table(element: Any) -> list[str]:
    """Return a table's rows, and then the tables that stand in its cells, each once."""
    lines, inner = [], []
    above: dict[int, str] = {}
    for line in _own(element, _ROW):
        cells = [*_own(line, _CELL)]
        above = _columns(line, cells, above)
        lines.append(table_row(above.get(column, "") for column in range(max(above, default=-1) + 1)))
        inner += [table for cell in cells for table in _own(cell, _TABLE, _PARAGRAPH)]
    text = "\n".join(line for line in lines if line.strip("| "))
    return [f"\n{text}\n", *(block for table in inner for block in _table(table))]


def _columns(line: Any, cells: list[Any], above: dict[int, str]) -> dict[int, str]:
    """Return a row's texts by column; a cell that goes on from the row above has its text again."""
    found: dict[int, str] = {}
    column = _number(line, "trPr", "gridBefore", 0)
    for cell in cells:
        text = " ".join(_text(p) for p in _own(cell, _PARAGRAPH, _TABLE))
        merged = cell.find(f"{_WORD}tcPr/{_WORD}vMerge")
        goes_on = merged is not None and merged.get(f"{_WORD}val") != "restart"
        width = _number(cell, "tcPr", "gridSpan", 1)
        found |= dict.fromkeys(range(column, column + width), "") | {column: above.get(column, "") if goes_on else text}
        column += width
    return found


def _number(element: Any, properties: str, name: str, otherwise: int) -> int:
    found = element.find(f"{_WORD}{properties}/{_WORD}{name}")
    value = found.get(f"{_WORD}val", "") if found is not None else ""
    return min(int(value), _MOST_COLUMNS) if value.isdecimal() else otherwise


def _own(element: Any, tag: str, *closed: str) -> Iterator[Any]:
    """Yield the nearest elements of a tag below one, whatever wraps them, but for those within `closed` ones."""
    for child in element:
        if child.tag == tag:
            yield child
        elif child.tag not in closed:
            yield from _own(child, tag, *closed)


def _text(paragraph: Any) -> str:
    return "".join(
        (piece.text or "") if piece.tag == f"{_WORD}t" else _MARKS.get(piece.tag, "")
        for run in paragraph.iter(f"{_WORD}r")
        for piece in run
    )
