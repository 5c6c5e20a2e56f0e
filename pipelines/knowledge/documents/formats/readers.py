"""From a file to its text and what its format says of it, by the reader that the format names.

Markdown, text and source code stay as they are, to the character. The others become simple Markdown ("# heading",
"- item", "| cell |"), so that what comes after sees one form. LlamaIndex's file readers give pages and records
as documents of their own, without places in one text, and decode UTF-8 only; the libraries beneath them are used
directly (`tests/knowledge/documents/formats/test_readers.py` shows it).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from importlib.metadata import version
from pathlib import Path, PurePath

from pipelines.core.formats import Format, format_of, formats
from pipelines.knowledge.documents.formats.extracted import Extracted
from pipelines.knowledge.documents.formats.limits import Limits

Read = Callable[[Path, Limits], Extracted]
_ROOM = __name__.rpartition(".")[0]


@dataclass(frozen=True)
class Reader:
    """How files of one format are read; `version` changes whenever the extracted text may."""

    format: str

    @cached_property
    def version(self) -> str:
        packages = (f"{package}-{version(package)}" for package in self._record.packages)
        return "-".join([self.format, "5", *packages])

    @property
    def titled(self) -> bool:
        """Whether a text of the format can say its own title; code and data are called by their file's name."""
        return self._record.titled

    @property
    def parsed(self) -> bool:
        """Whether the format is read in a process of its own."""
        return self._record.parsed

    def read(self, path: Path, limits: Limits) -> Extracted:
        """Read the file in this process; imports the parser with the first file of its format."""
        return self.function(path, limits)

    @cached_property
    def function(self) -> Read:
        """What reads a file; its parser is imported when this is first asked for."""
        module, _, name = self._record.reader.partition(":")
        return getattr(import_module(module if "." in module else f"{_ROOM}.{module}"), name)

    @property
    def _record(self) -> Format:
        return formats()[self.format]


_READERS: dict[str, Reader] = {}


def reader_of(path: str | PurePath) -> Reader | None:
    """Return the reader of a file by its name, None where no format ends so."""
    name = format_of(path)
    return _READERS.setdefault(name, Reader(name)) if name else None
