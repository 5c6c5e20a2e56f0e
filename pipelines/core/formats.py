"""The formats of documents: the endings of their files, and the function that reads them; one line a format."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath

from pipelines.core.extensions import READERS, extended


@dataclass(frozen=True)
class Format:
    """How files of a format are known and read."""

    endings: tuple[str, ...]
    """Ends of file names, in small letters, with their dot."""
    reader: str
    """What reads one, (path, limits) -> `Extracted`, as "module:function"; a name without a dot is in `formats/`."""
    packages: tuple[str, ...] = ()
    """Distributions whose version may change the text: documents are read again with another one."""
    parsed: bool = True
    """Read in a process of its own: a few bytes of most formats can ask for all memory, or for ever."""
    titled: bool = True
    """Whether a text of the format can say its own title; code and data are called by their file's name."""


CODE = {
    "python": (".py", ".pyi"),
    "javascript": (".js", ".mjs", ".cjs", ".jsx"),
    "typescript": (".ts", ".mts"),
    "tsx": (".tsx",),
    "java": (".java",),
    "go": (".go",),
    "rust": (".rs",),
    "c": (".c", ".h"),
    "cpp": (".cc", ".cpp", ".cxx", ".hpp", ".hh", ".hxx"),
    "csharp": (".cs",),
    "ruby": (".rb",),
    "php": (".php",),
    "kotlin": (".kt", ".kts"),
    "swift": (".swift",),
    "scala": (".scala",),
    "lua": (".lua",),
    "r": (".r",),
    "shell": (".sh", ".bash", ".zsh"),
    "sql": (".sql",),
    "yaml": (".yaml", ".yml"),
    "toml": (".toml",),
}
"""Programming languages, which are formats of their own, by the endings of their files."""

_OWN = {
    "markdown": Format((".md", ".markdown"), "plain:read_markdown", parsed=False),
    "text": Format((".txt", ".text"), "plain:read_text", parsed=False),
    "html": Format((".html", ".htm", ".xhtml"), "html:read_html", ("beautifulsoup4", "lxml")),
    "pdf": Format((".pdf",), "pdf:read_pdf", ("pypdf", "pdfplumber")),
    "docx": Format((".docx",), "word:read_docx", ("python-docx",)),
    "pptx": Format((".pptx",), "slides:read_pptx", ("python-pptx",)),
    "xlsx": Format((".xlsx", ".xlsm"), "workbook:read_xlsx", ("openpyxl",), titled=False),
    "csv": Format((".csv", ".tsv"), "records:read_csv", titled=False),
    "json": Format((".json",), "records:read_json", titled=False),
    "jsonl": Format((".jsonl", ".ndjson"), "records:read_json_lines", titled=False),
    **{name: Format(endings, "plain:read_text", parsed=False, titled=False) for name, endings in CODE.items()},
}


def formats() -> Mapping[str, Format]:
    """Return the formats by name, those of installed packages (`graftline.readers`) last."""
    return extended(READERS, _OWN)


def formats_by_ending() -> Mapping[str, str]:
    """Return the format's name by the end of a file's name, in small letters; ours before an extension's."""
    found: dict[str, str] = {}
    for name, format in formats().items():
        for ending in format.endings:
            found.setdefault(ending, name)
    return found


def format_of(path: str | PurePath) -> str | None:
    """Return the format that a file's name means, or None.

    >>> format_of("policies/Returns.MD"), format_of("photo.heic")
    ('markdown', None)
    """
    return formats_by_ending().get(PurePath(path).suffix.lower())
