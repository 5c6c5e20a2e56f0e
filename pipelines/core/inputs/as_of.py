"""The input folders as they were when a night began: what arrives later belongs to the next night.

Each folder of rows and of questions is read by one step, whole; so of these the names are kept, and a file that is
written anew before its step is read as it is then. Recipes and registries are read by many steps: their texts are kept.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True)
class _Taken:
    began: datetime
    folders: dict[Path, frozenset[Path]]
    texts: dict[Path, str]


_taken: _Taken | None = None


@contextmanager
def as_of_now(folders: Iterable[Path], texts: Iterable[Path] = ()) -> Iterator[None]:
    """Let what is read inside, by this process, be of the files that are there now; the texts as they are now."""
    global _taken
    before = _taken
    listed = {folder: frozenset(folder.rglob("*")) if folder.is_dir() else frozenset[Path]() for folder in folders}
    kept = {path: text for path in texts if (text := _text(path)) is not None}
    _taken = _Taken(datetime.now(UTC), listed, kept)
    try:
        yield
    finally:
        _taken = before


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):  # its reader says so, where it needs it
        return None


def arrived_later(path: Path) -> bool:
    """Say whether a file of a folder that was taken was not there then; of any other file no."""
    if _taken is None:
        return False
    return any(path.is_relative_to(folder) and path not in files for folder, files in _taken.folders.items())


def is_there(path: Path) -> bool:
    """Say whether a file is one of the inputs: of a text that was taken, whatever became of the file."""
    return (_taken is not None and path in _taken.texts) or (path.is_file() and not arrived_later(path))


def text_of(path: Path) -> str:
    """Return the text that was taken of a file, else its own; a byte order mark is no part of it."""
    if _taken is not None and path in _taken.texts:
        return _taken.texts[path]
    return path.read_text(encoding="utf-8-sig")


def taken_at() -> datetime | None:
    """Return when the inputs were taken; None where they are read as they are."""
    return None if _taken is None else _taken.began
