"""One reader a format, by the end of a file's name: from a file to its text and what its format says of it.

Markdown, text and source code stay as they are, to the character. The others become simple Markdown ("# heading",
"- item", "| cell |"), so that what comes after sees one form. LlamaIndex's file readers give pages and records
as documents of their own, without places in one text, and decode UTF-8 only; the libraries beneath them are used
directly (`tests/knowledge/documents/formats/test_readers.py` shows it).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

from pipelines.core.formats import CODE, FORMAT_OF
from pipelines.knowledge.documents.formats.extracted import Extracted
from pipelines.knowledge.documents.formats.html import read_html
from pipelines.knowledge.documents.formats.limits import Limits
from pipelines.knowledge.documents.formats.pdf import read_pdf
from pipelines.knowledge.documents.formats.plain import read_markdown, read_text
from pipelines.knowledge.documents.formats.records import read_csv, read_json, read_json_lines
from pipelines.knowledge.documents.formats.slides import read_pptx
from pipelines.knowledge.documents.formats.word import read_docx

Read = Callable[[Path, Limits], Extracted]


PLAIN: dict[str, Read] = {"markdown": read_markdown, "text": read_text}


PARSED: dict[str, Read] = {
    "html": read_html,
    "pdf": read_pdf,
    "docx": read_docx,
    "pptx": read_pptx,
    "csv": read_csv,
    "json": read_json,
    "jsonl": read_json_lines,
}
"""Read in a process of their own: a few bytes of them can ask for all memory, or for ever."""


_PACKAGES = {
    "html": ("beautifulsoup4", "lxml"),
    "pdf": ("pypdf", "pdfplumber"),
    "docx": ("python-docx",),
    "pptx": ("python-pptx",),
}


@dataclass(frozen=True)
class Reader:
    """How one format is read; `version` changes whenever the extracted text may."""

    format: str

    @cached_property
    def version(self) -> str:
        packages = (f"{package}-{version(package)}" for package in _PACKAGES.get(self.format, ()))
        return "-".join([self.format, "3", *packages])

    @property
    def titled(self) -> bool:
        """Whether a text of the format can say its own title; code and data are called by their file's name."""
        return self.format not in CODE and self.format not in ("csv", "json", "jsonl")

    @property
    def parsed(self) -> bool:
        """Whether the format is read in a process of its own."""
        return self.format in PARSED

    def read(self, path: Path, limits: Limits) -> Extracted:
        """Read the file in this process."""
        read = PARSED.get(self.format) or PLAIN.get(self.format) or read_text
        return read(path, limits)


READERS = {ending: Reader(format) for ending, format in FORMAT_OF.items()}
"""By the end of the file name, in small letters."""
