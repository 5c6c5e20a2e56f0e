"""A model in a process of its own: requests go in by a pipe, pieces come out by another, its memory comes back."""

import contextlib
import json
import logging
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import count
from pathlib import Path
from typing import Any

from pipelines.core.child_process import OFFLINE, end, last_lines
from pipelines.core.errors import ServiceError
from pipelines.serving.champion.generation import Ended, Sampling

log = logging.getLogger("graftline")

CHILD = "pipelines.serving.champion.generator_child"
_ROOT = Path(__file__).resolve().parents[3]
_Event = dict[str, Any]


class ChildGenerator:
    """Starts the process and waits until its model is there; ServiceError, with the log's end, where it fails."""

    def __init__(
        self, model: Path, engine: str, log_file: Path, environment: Mapping[str, str], child: str = CHILD
    ) -> None:
        self._log = log_file
        log_file.parent.mkdir(parents=True, exist_ok=True)
        with log_file.open("wb") as output:
            self._child = subprocess.Popen(
                [sys.executable, "-m", child, engine, str(model)],
                cwd=_ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                env={**os.environ, **OFFLINE, **environment},
            )
        self._lock, self._numbers, self._over = threading.Lock(), count(1), False
        self._waiting: dict[int, queue.SimpleQueue[_Event]] = {}
        assert self._child.stdout is not None
        first = self._child.stdout.readline()
        if not first:
            self._child.wait()
            raise self._failure("it ended before its model was there")
        ready = json.loads(first)["ready"]
        self.engine, self.room = str(ready["engine"]), int(ready["room"])
        if ready["fallback"]:
            log.warning("%s serves instead of %s: %s", self.engine, engine, ready["fallback"])
        threading.Thread(target=self._read, name="champion", daemon=True).start()

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return not self._over and self._child.poll() is None

    @property
    def pid(self) -> int:
        """The process."""
        return self._child.pid

    def stream(self, prompt: Sequence[int], sampling: Sampling) -> Iterator[str | Ended]:
        """Yield an answer's pieces and last its end; closing it ends the answer in the model too."""
        number, events = next(self._numbers), queue.SimpleQueue[_Event]()
        with self._lock:
            self._waiting[number] = events
            dead = self._over
        ended = False
        try:
            if dead:
                raise self._failure("its process has ended")
            self._send({"id": number, "prompt": list(prompt), "sampling": asdict(sampling)})
            while not ended:
                event = events.get()
                if "text" in event:
                    yield event["text"]
                    continue
                ended = True
                if "error" in event:
                    raise self._failure(event["error"])
                yield Ended(event["finish"], event["tokens"])
        finally:
            with self._lock:
                self._waiting.pop(number, None)
            if not ended and self.alive:
                with contextlib.suppress(ServiceError):
                    self._send({"abort": number})

    def close(self) -> None:
        """End the process."""
        if self._child.poll() is None:
            end(self._child)
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def _send(self, line: _Event) -> None:
        assert self._child.stdin is not None
        try:
            with self._lock:
                self._child.stdin.write(json.dumps(line).encode() + b"\n")
                self._child.stdin.flush()
        except (BrokenPipeError, ValueError):
            raise self._failure("its process has ended") from None

    def _read(self) -> None:
        assert self._child.stdout is not None
        with contextlib.suppress(ValueError, OSError):  # closed meanwhile
            for line in self._child.stdout:
                event = json.loads(line)
                with self._lock:
                    waiting = self._waiting.get(event["id"])
                if waiting is not None:
                    waiting.put(event)
        with self._lock:
            self._over = True
            for waiting in self._waiting.values():
                waiting.put({"error": "its process has ended"})

    def _failure(self, found: str) -> ServiceError:
        told = last_lines(self._log) if self._child.poll() not in (None, 0) else ""
        return ServiceError(
            "the served champion",
            f"{found}{f'; its last lines: {told}' if told else ''}",
            "a model that answers",
            f"ask again (it is loaded anew); {self._log} has the cause",
        )
