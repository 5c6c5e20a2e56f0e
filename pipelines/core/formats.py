"""Which format a file's ending means, and which formats are source code."""

from pathlib import PurePath

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


_DOCUMENTS = {
    "markdown": (".md", ".markdown"),
    "text": (".txt", ".text"),
    "html": (".html", ".htm", ".xhtml"),
    "pdf": (".pdf",),
    "docx": (".docx",),
    "pptx": (".pptx",),
    "csv": (".csv", ".tsv"),
    "json": (".json",),
    "jsonl": (".jsonl", ".ndjson"),
}

FORMAT_OF = {ending: format for format, endings in (_DOCUMENTS | CODE).items() for ending in endings}
"""The format by the end of a file's name, in small letters."""


def format_of(path: str | PurePath) -> str | None:
    """Return the format that a file's name means, or None.

    >>> format_of("policies/Returns.MD"), format_of("photo.heic")
    ('markdown', None)
    """
    return FORMAT_OF.get(PurePath(path).suffix.lower())
