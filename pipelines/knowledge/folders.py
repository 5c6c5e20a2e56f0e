"""The files below a local folder: without hidden ones and those that ignore files name, links and devices listed."""

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.errors import Problem

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

IGNORE_FILES = (".gitignore", ".graftlineignore")
"""In gitignore's syntax, each for its folder and what is below; a later one in this order goes before."""
_LINK_FIX = "copy its files here, or name the link in .graftlineignore"


@dataclass(frozen=True)
class Ignored:
    """What the ignore files on the way to a folder say; the innermost rule that matches decides."""

    rules: tuple[tuple[str, "GitIgnoreSpec"], ...] = ()

    def below(self, folder: str, texts: Iterable[str]) -> "Ignored":
        """Return the rules with those of one more folder ("" or ending in a slash)."""
        from pathspec import GitIgnoreSpec

        return Ignored((*self.rules, *((folder, GitIgnoreSpec.from_lines(text.splitlines())) for text in texts)))

    def __call__(self, name: str) -> bool:
        """Say whether a name below the root is ignored; a folder's name ends in a slash."""
        ignored = False
        for folder, spec in self.rules:
            found = spec.check_file(name.removeprefix(folder)).include if name.startswith(folder) else None
            ignored = ignored if found is None else found
        return ignored


def is_hidden(name: str) -> bool:
    """Say whether a file's or folder's own name keeps it out; "~$x.docx" is what Word leaves beside an open file."""
    return name.startswith((".", "~$"))


def walk(root: Path) -> Iterator[tuple[str, Path] | Problem]:
    """Yield (name below the root, path) of each file in order, or the problem of what is none.

    Links to folders are not followed, so that no loop of them can hold the walk.
    """
    yield from _walk(root, "", Ignored())


def _walk(folder: Path, below: str, ignored: Ignored) -> Iterator[tuple[str, Path] | Problem]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        yield Problem(below or ".", 0, error.strerror or str(error), "a readable folder", f"check with ls -ld {folder}")
        return
    rules = [entry.path for name in IGNORE_FILES for entry in entries if entry.name == name and entry.is_file()]
    if rules:
        ignored = ignored.below(below, (Path(path).read_text(encoding="utf-8", errors="replace") for path in rules))
    folders = []
    for entry in entries:
        name = below + entry.name
        if is_hidden(entry.name):
            continue
        if entry.is_dir(follow_symlinks=False):
            if not ignored(name + "/"):
                folders.append((Path(entry.path), name + "/"))
        elif not ignored(name):
            problem = _no_file(entry, name)
            yield problem or (name, Path(entry.path))
    for path, name in folders:
        yield from _walk(path, name, ignored)


def _no_file(entry: "os.DirEntry[str]", name: str) -> Problem | None:
    """Return the problem of a link that leads to no file, or of a device: opening a pipe would wait for ever."""
    try:
        mode = entry.stat().st_mode
    except OSError as error:
        return Problem(name, 0, f"a link to nothing ({error.strerror})", "a readable file", "remove the link")
    if stat.S_ISDIR(mode):
        return Problem(name, 0, "a link to a folder, which could lead round in a loop", "files and folders", _LINK_FIX)
    if not stat.S_ISREG(mode):
        return Problem(name, 0, "a pipe, socket or device", "a file", f"move {name} out of the folder")
    return None
