"""The files below a local folder: without hidden ones and those that ignore files name, links and devices listed."""

import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.core.errors import Problem
from pipelines.core.masked import masked

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

IGNORE_FILES = (".gitignore", ".graftlineignore")
"""In gitignore's syntax, each for its folder and what is below; a later one in this order goes before."""
_LINK_FIX = "copy its files here, or name the link in .graftlineignore"


@dataclass(frozen=True)
class Unseen(Problem):
    """A file, or a folder (its name ends in a slash), that could not be looked at: what is known of it stays."""

    @classmethod
    def of(cls, name: str, error: BaseException, expected: str, fix: str) -> "Unseen":
        """Return it with what the system said, on one line."""
        return cls(name, 0, error_text(error), expected, f"{fix}; what is known of it stays until a run can look at it")


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


def error_text(error: BaseException) -> str:
    """Return an error's words on one short line, without a password that an address in them carries."""
    words = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return " ".join(masked(words).split())[:200]


def walk_folder(root: Path) -> Iterator[tuple[str, Path] | Problem]:
    """Yield (name below the root, path) of each file in order, or the problem of what is none.

    Links to folders are not followed, so that no loop of them can hold the walk. OSError where the root itself cannot
    be listed; a folder below it is `Unseen`.
    """
    yield from _walk(root, "", Ignored())


def _walk(folder: Path, below: str, ignored: Ignored) -> Iterator[tuple[str, Path] | Problem]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        rules = [Path(entry.path) for name in IGNORE_FILES for entry in entries if entry.name == name]
        texts = [path.read_text(encoding="utf-8", errors="replace") for path in rules if path.is_file()]
    except OSError as error:
        if not below:
            raise
        yield Unseen.of(below, error, "a readable folder", f"check with ls -la {folder}")
        return
    if texts:
        ignored = ignored.below(below, texts)
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
        if not entry.is_symlink():
            return Unseen.of(name, error, "a readable file", f"check with ls -l {entry.path}")
        found = f"a link to nothing ({error.strerror})"  # what it leads to may be a drive that is away for a while
        return Unseen(name, 0, found, "a readable file", "remove the link; what is known of it stays until then")
    if stat.S_ISDIR(mode):
        return Problem(name, 0, "a link to a folder, which could lead round in a loop", "files and folders", _LINK_FIX)
    if not stat.S_ISREG(mode):
        return Problem(name, 0, "a pipe, socket or device", "a file", f"move {name} out of the folder")
    return None
