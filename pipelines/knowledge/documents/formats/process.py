"""Files parsed in a process of their own, which is ended when one of them takes too long or too much memory."""

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from pipelines.core.errors import InputError
from pipelines.knowledge.documents.formats.extracted import Extracted, unreadable
from pipelines.knowledge.documents.formats.limits import Limits

_MODULE = "pipelines.knowledge.documents.formats.reader_child"
_ROOT = Path(__file__).resolve().parents[4]
_START_SECONDS = 30.0
_FILES_A_PROCESS = 400
_PIECE = 1 << 20


class ReadingProcess:
    """A context within which `read` parses files; the process starts with the first one and ends with the context."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._child: subprocess.Popen[bytes] | None = None
        self._files = 0

    def __enter__(self) -> "ReadingProcess":
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._end()

    def read(self, path: Path, format: str) -> Extracted:
        """Return what the format's reader finds; InputError where it fails, takes too long or takes too much."""
        answer = self._ask({"path": os.fsencode(path).hex(), "format": format, "limits": self.limits.model_dump()})
        if answer is None:
            raise unreadable(
                path.name,
                f"a file that took longer than {self.limits.seconds:g} s to parse",
                "a file that opens at once",
                "save it anew or split it, or raise GRAFTLINE_READ_SECONDS",
            )
        if "crash" in answer:
            raise unreadable(
                path.name, f"a file that ends its parser ({answer['crash']})", "a file that opens", "save it anew"
            )
        if "problem" in answer:
            raise InputError(path.name, *answer["problem"])
        values = answer["extracted"]
        return Extracted(**{**values, "pages": tuple(values["pages"])})

    def _ask(self, request: dict[str, Any]) -> dict[str, Any] | None:
        """Return the child's answer, {"crash": why} where it died, None where it took too long."""
        if self._files >= _FILES_A_PROCESS or (self._child and self._child.poll() is not None):
            self._end()  # memory that parsers leave behind comes back
        fresh = self._child is None
        child = self._child = self._child or _start()
        assert child.stdin is not None and child.stdout is not None
        self._files += 1
        deadline = time.monotonic() + self.limits.seconds + (_START_SECONDS if fresh else 0)
        pieces: list[bytes] = []
        with contextlib.suppress(BrokenPipeError):  # then there is no answer to read either
            child.stdin.write(json.dumps(request).encode() + b"\n")
        while not pieces or not pieces[-1].endswith(b"\n"):
            ready, _, _ = select.select([child.stdout], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                self._end()
                return None
            pieces.append(os.read(child.stdout.fileno(), _PIECE))
            if not pieces[-1]:
                code = child.wait()
                self._end()
                return {"crash": f"signal {-code}" if code < 0 else f"exit status {code}"}
        return json.loads(b"".join(pieces))

    def _end(self) -> None:
        child, self._child, self._files = self._child, None, 0
        if child is None:
            return
        child.kill()
        child.wait()
        for stream in (child.stdin, child.stdout):
            if stream:
                stream.close()


def _start() -> "subprocess.Popen[bytes]":
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")])),
        "OMP_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",
    }
    return subprocess.Popen(
        [sys.executable, "-m", _MODULE],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        env=environment,
    )
