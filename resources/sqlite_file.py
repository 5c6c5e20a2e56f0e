"""One SQLite file that a long life asks often: its connection stays open, for any thread, one at a time."""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

Place = tuple[int, int, int]


class SqliteFile:
    """Opening and closing took longer than what was asked: the last to close a file writes its log back to the disk.

    A file that was removed meanwhile is made anew, and a forked process opens it for itself.
    """

    def __init__(self, path: Path, prepare: Callable[[sqlite3.Connection], None], **arguments: object) -> None:
        self._path, self._prepare, self._arguments = path, prepare, arguments
        self._lock = threading.Lock()
        self._kept: tuple[Place | None, sqlite3.Connection] | None = None

    @contextmanager
    def opened(self) -> Iterator[sqlite3.Connection]:
        """Lend the connection; WAL, and a commit that a power cut may undo: what is in it can be made again."""
        with self._lock:
            if self._kept is None or self._kept[0] != self._place():
                self._kept = None
                self._path.parent.mkdir(parents=True, exist_ok=True)
                fresh = sqlite3.connect(self._path, check_same_thread=False, **self._arguments)  # type: ignore[call-overload]
                fresh.execute("PRAGMA journal_mode=WAL")
                fresh.execute("PRAGMA synchronous=NORMAL")
                self._prepare(fresh)
                self._kept = (self._place(), fresh)
            yield self._kept[1]

    def _place(self) -> Place | None:
        try:
            there = self._path.stat()
        except OSError:
            return None
        return os.getpid(), there.st_dev, there.st_ino
