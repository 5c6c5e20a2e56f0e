"""Where documents come from: a folder, a glob pattern below one, or an address that fsspec knows (s3://, zip://, …)."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from pipelines.errors import InputError, Problem
from pipelines.identity import content_id
from pipelines.knowledge.addresses import forget_others, remote_files
from pipelines.knowledge.folders import walk

_WILD = re.compile(r"[*?\[]")
_CACHE = Path("~/.cache/graftline/documents")


def shown(name: str) -> str:
    """Return a file's name as valid text."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


@dataclass(frozen=True)
class SourceFile:
    """A file of the source: its name below the root, its size, a stamp that changes with it, and how to get it."""

    name: str
    bytes: int
    stamp: str
    fetch: Callable[[], Path]
    touched_ns: int = 0
    """When content or inode last changed, where the source says so."""


@dataclass(frozen=True)
class Listing:
    """All files of a source by name, and what stands among them without being a file that can be read."""

    files: list[SourceFile]
    problems: list[Problem] = field(default_factory=list)
    tidy: Callable[[], None] = lambda: None
    """Removes local copies of what is no longer listed; for whoever has read all files."""

    @property
    def state(self) -> str:
        """A digest of names, sizes and stamps: whether anything was added, edited or deleted."""
        return content_id(*(f"{file.name}:{file.bytes}:{file.stamp}" for file in self.files))


def is_remote(address: Path | str) -> bool:
    """Say whether fsspec has to read it."""
    return "://" in str(address)


def list_files(address: Path | str, cache: Path | None = None) -> Listing:
    """Return the files at an address; one that is remote is kept in `cache` while its stamp stays the same.

    InputError where there is nothing; ConfigurationError for an address that nothing installed can read.
    """
    if is_remote(address):
        return _remote(str(address), cache or _CACHE.expanduser())
    root, pattern = split_pattern(address)
    if not root.is_dir():
        raise nothing_found(address, "a file" if root.exists() else "no such folder")
    files, problems = [], []
    for found in walk(root):
        if isinstance(found, Problem):
            problems.append(found)
        elif pattern is None or pattern.match(found[0]):
            files.append(_local(*found))
    return _filled(address, files, problems)


def split_pattern(address: Path | str) -> tuple[Path, re.Pattern[str] | None]:
    """Return the folder above the first part with a wildcard, and the pattern of names below it.

    >>> root, pattern = split_pattern("docs/**/*.md"); root.as_posix(), bool(pattern.match("a/b.md"))
    ('docs', True)
    """
    path = Path(address)
    if path.exists() or not _WILD.search(str(path)):
        return path, None
    wild = next(number for number, part in enumerate(path.parts) if _WILD.search(part))
    return Path(*path.parts[:wild]), _pattern("/".join(path.parts[wild:]))


def nothing_found(address: Path | str, found: str) -> InputError:
    """Return the error of an address where there is nothing to read."""
    from pipelines.knowledge.readers import READERS

    return InputError(
        str(address),
        found,
        f"documents there: {', '.join(READERS)}",
        "put documents there, or set GRAFTLINE_DOCUMENTS to their folder, pattern or address (environment or .env)",
    )


def _pattern(pattern: str) -> re.Pattern[str]:
    from fsspec.utils import glob_translate

    return re.compile(glob_translate(pattern))


def _filled(address: Path | str, files: list[SourceFile], problems: list[Problem]) -> Listing:
    if not files and not problems:
        raise nothing_found(address, "no document")
    return Listing(sorted(files, key=lambda file: file.name), problems)


def _local(name: str, path: Path) -> SourceFile:
    stat = path.stat()
    # The inode's time as well: an edit may keep the size and set the modification time back, but not that one.
    stamp = f"{stat.st_mtime_ns} {stat.st_ctime_ns} {stat.st_ino}"
    return SourceFile(name, stat.st_size, stamp, lambda: path, max(stat.st_mtime_ns, stat.st_ctime_ns))


def _remote(address: str, cache: Path) -> Listing:
    first, chained, rest = address.partition("::")
    protocol, _, path = first.partition("://")
    parts = path.split("/")
    wild = next((number for number, part in enumerate(parts) if _WILD.search(part)), len(parts))
    pattern = _pattern("/".join(parts[wild:])) if wild < len(parts) else None
    root = f"{protocol}://{'/'.join(parts[:wild])}{chained}{rest}"
    found = [file for file in remote_files(address, root, cache) if pattern is None or pattern.match(file.name)]
    files = [SourceFile(remote.name, remote.bytes, remote.stamp, remote.fetch) for remote in found]
    copies = {remote.copy_name for remote in found}
    return replace(_filled(address, files, []), tidy=lambda: forget_others(cache, copies))
