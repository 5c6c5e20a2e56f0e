"""Word documents: paragraphs and tables in their order, as simple Markdown."""

import re
from pathlib import Path
from typing import Any

from pipelines.knowledge.reading.extracted import Extracted, row, tidy
from pipelines.knowledge.reading.limits import Limits
from pipelines.knowledge.reading.office import check_archive, damaged, properties

_WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_TWICE = ("{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback", f"{_WORD}moveFrom")
_MARKS = {f"{_WORD}tab": "\t", f"{_WORD}br": "\n", f"{_WORD}cr": "\n", f"{_WORD}noBreakHyphen": "-"}


def read_docx(path: Path, limits: Limits) -> Extracted:
    """Return the text of a Word document; deleted text is left out."""
    import docx

    check_archive(path, "Word document", ".docx", limits)
    try:
        document = docx.Document(str(path))
        body = document.element.body
        # What the reader sees once only: no second rendering of drawings, no place that text was moved from.
        for twice in [*body.iter(*_TWICE)]:
            twice.getparent().remove(twice)
        return Extracted(tidy("\n".join(_blocks(body, document))), **properties(document.core_properties))
    except Exception as error:  # zip, XML and key errors, by what is missing
        raise damaged(path, "Word document", ".docx", error) from error


def _blocks(parent: Any, document: Any) -> list[str]:
    blocks = []
    for element in parent:
        if element.tag == f"{_WORD}p":
            blocks.append(_paragraph(element, document))
        elif element.tag == f"{_WORD}tbl":
            rows = [_row(part) for part in element.iter(f"{_WORD}tr")]
            blocks.append("\n" + "\n".join(line for line in rows if line.strip("| ")) + "\n")
        elif element.tag in (f"{_WORD}sdt", f"{_WORD}sdtContent", f"{_WORD}ins", f"{_WORD}moveTo"):
            blocks += _blocks(element, document)
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


def _row(element: Any) -> str:
    return row(" ".join(_text(p) for p in cell.iter(f"{_WORD}p")) for cell in element.findall(f"{_WORD}tc"))


def _text(paragraph: Any) -> str:
    return "".join(
        (piece.text or "") if piece.tag == f"{_WORD}t" else _MARKS.get(piece.tag, "")
        for run in paragraph.iter(f"{_WORD}r")
        for piece in run
    )
