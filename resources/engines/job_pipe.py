"""In a child that is kept warm: its jobs from the parent's pipe, and an end as soon as the parent is gone."""

import json
import os
import queue
import select
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_LOOK_SECONDS = 1.0


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
