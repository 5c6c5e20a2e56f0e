"""Files and folders written whole: beside the old one first, then switched."""

import fcntl
import os
import re
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path

_PART = re.compile(r"\..+\.part\d*", re.DOTALL)


def write_atomically(path: Path, content: str | bytes, private: bool = False) -> None:
    """Write a file beside its place, then switch: a reader sees the old or the new one, never a half."""
    with beside(path, private=private) as new:
        new.write_bytes(content.encode() if isinstance(content, str) else content)


@contextmanager
def beside(path: Path, folder: bool = False, private: bool = False) -> Iterator[Path]:
    """Yield an empty file (or folder) beside `path`; after the block it is on disk and in the place of `path`.

    Where the block raises, or leaves nothing there, what stands stays. A new file has the bits that `open` gives it, or
    is its owner's alone where `private`; one that replaces another keeps that one's. Several processes may write at
    once: each has a place of its own, and the last one stands. What a killed one left is removed by the next writer.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    _mend(path)
    place, lock = _claim(path, folder, private)
    try:
        yield place
        if os.path.lexists(place):
            switch(place, path)
    except BaseException:
        _remove(place)
        raise
    finally:
        os.close(lock)


def switch(new: Path, path: Path) -> None:
    """Put a finished file or folder of the same file system into the place of `path`, once all of it is on disk.

    A file is replaced at once. Folders cannot be: for a moment nothing is there, and who is killed then leaves the
    former one to the next writer, who puts it back.
    """
    if path.exists() and path.is_dir() == new.is_dir():
        new.chmod(stat.S_IMODE(path.stat().st_mode))
    for file in sorted(new.rglob("*")) if new.is_dir() else ():
        _flush(file)
    _flush(new)
    if new.is_dir() or path.is_dir():
        _exchange(new, path)
    else:
        os.replace(new, path)
    with suppress(OSError):  # it stands already; some file systems cannot flush a folder
        _flush(path.parent)


def remove_leftovers(folder: Path) -> None:
    """Remove what killed writers left in a folder; what is being written stays."""
    for place in folder.iterdir() if folder.is_dir() else ():
        if is_unfinished(place):
            _remove_leftover(place)


def is_unfinished(path: Path) -> bool:
    """Say whether a path is, by its name, one that `beside` yields."""
    return _PART.fullmatch(path.name) is not None


def _claim(path: Path, folder: bool, private: bool) -> tuple[Path, int]:
    """Return a new empty place and the descriptor of its lock, which ends with the process that holds it."""
    for number in count():
        place = path.with_name(f".{path.name}.part{number or ''}")
        while True:
            try:
                if folder:
                    place.mkdir()
                else:
                    os.close(os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600 if private else 0o666))
            except FileExistsError:
                if _remove_leftover(place):
                    continue
                break
            lock = _lock(place, new=True)
            if lock is not None:
                return place, lock
            break  # who looks for leftovers was quicker, and removes it
    raise AssertionError("unreachable")


def _lock(place: Path, new: bool = False) -> int | None:
    """Return the descriptor of a lock on what stands at a place; None where somebody else holds it, or nothing is."""
    try:
        descriptor = os.open(place, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        held, there = os.fstat(descriptor), os.stat(place)
        mine = (held.st_dev, held.st_ino) == (there.st_dev, there.st_ino)  # else it was switched meanwhile
    except (BlockingIOError, FileNotFoundError):
        mine = False
    except OSError:  # a file system without locks: nothing there is ever taken for a leftover
        mine = new
    if mine:
        return descriptor
    os.close(descriptor)
    return None


def _remove_leftover(place: Path) -> bool:
    """Remove what nobody holds any more; say whether the place is free."""
    lock = _lock(place)
    if lock is not None:
        _remove(place)
        os.close(lock)
    return not os.path.lexists(place)


def _former(path: Path) -> Path:
    return path.with_name(f".{path.name}.former")


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Wait until no other process switches a folder below this one."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _mend(path: Path) -> None:
    """Finish what a killed switch of folders left."""
    former = _former(path)
    if not os.path.lexists(former):
        return
    with _alone(path.parent):
        if os.path.lexists(former) and not os.path.lexists(path):
            os.rename(former, path)
        _remove(former)


def _exchange(new: Path, path: Path) -> None:
    former = _former(path)
    with _alone(path.parent):
        if os.path.lexists(path):
            _remove(former)
            os.rename(path, former)
        try:
            os.rename(new, path)
        except OSError:
            if os.path.lexists(former):
                os.rename(former, path)
            raise
        _remove(former)


def _flush(path: Path) -> None:
    if path.is_symlink():
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
