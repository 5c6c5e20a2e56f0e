"""Where documents come from: a folder, a glob pattern below one, or an address that fsspec knows (s3://, zip://, …)."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from pipelines.core.errors import InputError, Problem
from pipelines.core.formats import format_of, formats_by_ending
from pipelines.core.identity import content_id
from pipelines.knowledge.documents.addresses import RemoteFile, forget_others, remote_files
from pipelines.knowledge.documents.folders import error_text, walk_folder

_WILD = re.compile(r"[*?\[]|\{[^{}]*,[^{}]*\}")
_CHOICE = re.compile(r"\{([^{}]*,[^{}]*)\}")
_CACHE = Path("~/.cache/graftline/documents")


def display_name(name: str) -> str:
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
    check: str = "check that it can be read"
    """What to do where it cannot be fetched."""


@dataclass(frozen=True)
class Listing:
    """All files of a source by name, and what stands among them without being a file that can be read.

    What could not be looked at is among the problems as `Unseen`.
    """

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

    InputError where there is nothing; ConfigurationError for an address that nothing installed can read, ServiceError
    for one that does not answer.
    """
    if is_remote(address):
        return _remote(str(address), cache or _CACHE.expanduser())
    try:
        return _below_folder(address)
    except OSError as error:
        fix = "check with ls -ld; what is indexed stays"
        raise InputError(str(address), error_text(error), "a folder that can be listed", fix) from error


def _below_folder(address: Path | str) -> Listing:
    root, pattern = split_pattern(address)
    if root.is_file() and format_of(root):
        return Listing([_local(root.name, root)])
    if not root.is_dir():
        raise nothing_found(address, "a file that is no document" if root.exists() else "no such folder")
    files, problems = [], []
    for found in walk_folder(root):
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
    wild = next((number for number, part in enumerate(path.parts) if _WILD.search(part)), None)
    if wild is None or path.exists():
        return path, None
    return Path(*path.parts[:wild]), _pattern("/".join(path.parts[wild:]))


def nothing_found(address: Path | str, found: str) -> InputError:
    """Return the error of an address where there is nothing to read."""
    return InputError(
        str(address),
        found,
        f"documents there: {', '.join(formats_by_ending())}",
        "put documents there, or set GRAFTLINE_DOCUMENTS to their folder, file, pattern or address (environment or "
        ".env). What is indexed stays: to be rid of it, leave one short text there; the others go with the next run",
    )


def _pattern(pattern: str) -> re.Pattern[str]:
    from fsspec.utils import glob_translate

    return re.compile("|".join(glob_translate(choice) for choice in _choices(pattern)))


def _choices(pattern: str) -> list[str]:
    """Return the patterns that one with braces stands for.

    >>> _choices("in/*.{md,txt}")
    ['in/*.md', 'in/*.txt']
    """
    found = _CHOICE.search(pattern)
    if found is None:
        return [pattern]
    before, after = pattern[: found.start()], pattern[found.end() :]
    return [choice for part in found[1].split(",") for choice in _choices(before + part + after)]


def _filled(address: Path | str, files: list[SourceFile], problems: list[Problem]) -> Listing:
    if not files and not problems:
        raise nothing_found(address, "no document")
    return Listing(sorted(files, key=lambda file: file.name), problems)


def _local(name: str, path: Path) -> SourceFile:
    stat = path.stat()
    # The inode's time as well: an edit may keep the size and set the modification time back, but not that one.
    stamp = f"{stat.st_mtime_ns} {stat.st_ctime_ns} {stat.st_ino}"
    touched = max(stat.st_mtime_ns, stat.st_ctime_ns)
    return SourceFile(name, stat.st_size, stamp, lambda: path, touched, f"check with ls -l {path}")


def _remote(address: str, cache: Path) -> Listing:
    first, chained, rest = address.partition("::")
    protocol, _, path = first.partition("://")
    parts = path.split("/")
    wild = next((number for number, part in enumerate(parts) if _WILD.search(part)), len(parts))
    pattern = _pattern("/".join(parts[wild:])) if wild < len(parts) else None
    root = f"{protocol}://{'/'.join(parts[:wild])}{chained}{rest}"
    listed, unseen = remote_files(address, root, cache)
    found = [file for file in listed if pattern is None or pattern.match(file.name)]
    copies = {remote.copy_name for remote in found}
    listing = _filled(address, [_remote_file(remote) for remote in found], list(unseen))
    # Copies of what is below a folder that could not be listed are still wanted.
    return listing if unseen else replace(listing, tidy=lambda: forget_others(cache, copies))


def _remote_file(remote: RemoteFile) -> SourceFile:
    check = f"check {remote.name} at its address, your rights there and the network"
    return SourceFile(remote.name, remote.bytes, remote.stamp, remote.fetch, check=check)
