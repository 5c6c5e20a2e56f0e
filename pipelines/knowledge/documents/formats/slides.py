"""PowerPoint files: titles as headings, text, tables and speaker's notes, slide by slide."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pipelines.knowledge.documents.formats.extracted import Extracted, joined_pages, table_row
from pipelines.knowledge.documents.formats.limits import Limits
from pipelines.knowledge.documents.formats.office import check_archive, core_properties, damaged_file_error


def read_pptx(path: Path, limits: Limits) -> Extracted:
    """Return the text of a presentation; a page is a slide."""
    import pptx

    check_archive(path, "presentation", ".pptx", limits)
    try:
        presentation = pptx.Presentation(str(path))
        text, pages = joined_pages(_slide(slide) for slide in presentation.slides)
        return Extracted(text, **core_properties(presentation.core_properties), pages=pages)
    except Exception as error:  # zip, XML and key errors, by what is missing
        raise damaged_file_error(path, "presentation", ".pptx", error) from error


def _slide(slide: Any) -> str:
    title = slide.shapes.title
    heading = " ".join(title.text_frame.text.split()) if title is not None else ""
    parts = [f"## {heading}"] if heading else []
    parts += _shapes(slide.shapes, title.shape_id if title is not None else None)
    if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
        notes = slide.notes_slide.notes_text_frame.text.strip()
        parts += [f"Notes: {notes}"] if notes else []
    return "\n\n".join(parts)


def _is_furniture(shape: Any) -> bool:
    """Say whether a shape is what every slide repeats: its number, the day, the line at its foot."""
    from pptx.enum.shapes import PP_PLACEHOLDER

    repeated = (PP_PLACEHOLDER.SLIDE_NUMBER, PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.FOOTER)
    return shape.is_placeholder and shape.placeholder_format.type in repeated


def _shapes(shapes: Iterable[Any], title_id: int | None) -> Iterator[str]:
    for shape in shapes:
        if shape.shape_id == title_id or _is_furniture(shape):
            continue
        if hasattr(shape, "shapes"):
            yield from _shapes(shape.shapes, title_id)
        elif getattr(shape, "has_table", False):
            yield "\n".join(table_row(cell.text for cell in line.cells) for line in shape.table.rows)
        elif shape.has_text_frame and shape.text_frame.text.strip():
            lines = [line.text.replace("\v", "\n").strip() for line in shape.text_frame.paragraphs]
            lines = [line for line in lines if line]
            yield "\n".join(f"- {line}" if shape.is_placeholder and len(lines) > 1 else line for line in lines)
