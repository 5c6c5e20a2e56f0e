"""In a child that is kept warm: its jobs from the parent's pipe, finished rows by a file, an end with the parent."""

import json
import os
import queue
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_LOOK_SECONDS = 1.0

Told = Callable[[int, dict[str, Any]], None]
"""Called with a row's place and its output as soon as it is finished."""
Tells = Callable[[int, int, dict[str, Any]], None]
"""The same of several models: the model's place comes first."""


@contextmanager
def tells(path: str | None) -> Iterator[Tells]:
    """In the child: give a function that writes each finished row to the file at once; without a file, nothing."""
    if path is None:
        yield lambda model, row, output: None
        return
    with Path(path).open("a", encoding="utf-8") as file:

        def tell(model: int, row: int, output: dict[str, Any]) -> None:
            file.write(json.dumps([model, row, output], ensure_ascii=False) + "\n")
            file.flush()

        yield tell


class Listener:
    """In the parent: hands on what the child has told since the last call, each row once."""

    def __init__(self, path: Path, told: Tells) -> None:
        self.path, self._told, self._read = path, told, 0

    def __call__(self) -> None:
        """Read the whole lines that are new; half a line is read when its rest is there."""
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            file.seek(self._read)
            whole, end, _ = file.read().rpartition(b"\n")
        self._read += len(whole) + len(end)
        for line in whole.split(b"\n") if end else ():
            self._told(*json.loads(line))

    def beside(self, watch: Callable[[], None]) -> Callable[[], None]:
        """Return a function that does what `watch` does, and listens."""

        def both() -> None:
            watch()
            self()

        return both


def jobs() -> Iterator[dict[str, Any]]:
    """Yield each job whose file the parent names on standard input, one a line; the process ends with the pipe.

    It ends in the middle of a job too, when the pipe is closed or the parent has died: its thread looks for both. A
    death signal (prctl) would come already when the parent's thread that started it ends.
    """
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    parent = int(sys.argv[1])
    threading.Thread(target=_read, args=(lines, parent), daemon=True).start()
    while True:
        yield json.loads(Path(lines.get()).read_text(encoding="utf-8"))


def _read(lines: "queue.SimpleQueue[str]", parent: int) -> None:
    source, rest = sys.stdin.fileno(), b""
    while os.getppid() == parent:
        if not select.select([source], [], [], _LOOK_SECONDS)[0]:
            continue
        read = os.read(source, 1 << 16)
        if not read:
            break
        *whole, rest = (rest + read).split(b"\n")
        for line in whole:
            lines.put(line.decode())
    os._exit(0)  # the main thread may be in native code for minutes
