"""The one engine that this process keeps warm for its next job, until it is idle, in the way, or the process ends."""

import atexit
import contextlib
import json
import logging
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pipelines.compute.processor import has_gpu
from pipelines.core.child_process import end, failure, make_room_with, start_child
from resources.engines.kept_model import STARTED
from resources.engines.memory import available_memory_bytes

log = logging.getLogger("graftline")

IDLE_SECONDS = 900.0
"""After so long without a job it is ended."""
_CHILD = "resources.engines.generate_child"
_POLL_SECONDS = 0.05
_LAST_LOG = "last.log"


class WarmEngine:
    """A child process that runs the jobs it is given, one after the other, with the models it has in memory.

    It ends with this process, also where that one is killed: it looks for its parent (`job_pipe`).
    """

    def __init__(self, idle_seconds: float = IDLE_SECONDS) -> None:
        self.starts = 0
        """How often an engine was started: in a new process, or for a model that cannot take its place."""
        self._idle_seconds = idle_seconds
        self._lock = threading.RLock()
        self._child: subprocess.Popen[bytes] | None = None
        self._owner, self._made_with = 0, ""
        self._folder = self._work = Path()
        self._number = 0
        self._timer: threading.Timer | None = None

    @property
    def pid(self) -> int | None:
        """The process that is kept warm, if there is one."""
        return self._child.pid if self._child is not None and self._child.poll() is None else None

    @property
    def log(self) -> Path:
        """What the engine of the last job says."""
        return self._folder / "child.log"

    def run(
        self, job: Mapping[str, Any], work: Path, environment: Mapping[str, str], watch: Callable[[], None]
    ) -> list[dict[str, Any]]:
        """Return the batches of one job; `work` is where its files lie, `watch` is called meanwhile.

        ChildError when the engine fails, or what `watch` raises; the engine is ended then.
        """
        with self._lock:
            self._disarm()
            child = self._ready(job["engine"], work, environment)
            self._number += 1
            asked, answered = (self._folder / f"{kind}-{self._number}.json" for kind in ("job", "result"))
            asked.write_text(json.dumps({**job, "result": str(answered)}, ensure_ascii=False), encoding="utf-8")
            try:
                self._hand_over(child, asked)
                while not answered.exists():
                    if child.poll() is not None and not answered.exists():
                        raise failure(_CHILD, child.returncode, self.log)
                    watch()
                    time.sleep(_POLL_SECONDS)
                batches = json.loads(answered.read_text(encoding="utf-8"))["batches"]
            except BaseException:  # also Ctrl-C: it still computes what nobody waits for
                self._stop(keep_folder=True)
                raise
            asked.unlink()
            answered.unlink()
            shutil.copy(self.log, self._work / _LAST_LOG)
            self.starts += sum(batch["came"] == STARTED for batch in batches)
            self._arm()
            return batches

    def stop(self) -> None:
        """End the engine, if one is kept."""
        with self._lock:
            self._disarm()
            self._stop()

    def make_room(self, needed: int) -> None:
        """End the engine where another process has less than `needed` bytes beside it.

        With a GPU always: vLLM takes nine tenths of its memory.
        """
        if self.pid is not None and (has_gpu() or available_memory_bytes() < needed):
            log.info("the engine is ended to make room")
            self.stop()

    def _ready(self, engine: str, work: Path, environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
        made_with = json.dumps([_CHILD, engine, str(work), dict(environment)])
        if self._owner != os.getpid():  # a forked process has its parent's, which is not its own to ask or to end
            self._child = None
        if self._child is not None and (self._child.poll() is not None or made_with != self._made_with):
            self._stop()
        if self._child is None:
            work.mkdir(parents=True, exist_ok=True)
            self._work, self._folder = work, Path(tempfile.mkdtemp(dir=work, prefix="engine-"))
            self._owner, self._made_with, self._number = os.getpid(), made_with, 0
            self._child = start_child(_CHILD, str(os.getpid()), self.log, environment, piped=True)
        return self._child

    def _hand_over(self, child: "subprocess.Popen[bytes]", asked: Path) -> None:
        assert child.stdin is not None
        try:
            child.stdin.write(f"{asked}\n".encode())
            child.stdin.flush()
        except BrokenPipeError:
            child.wait()
            raise failure(_CHILD, child.returncode, self.log) from None

    def _stop(self, keep_folder: bool = False) -> None:
        child, self._child = self._child, None
        if child is None or self._owner != os.getpid():
            return
        if child.poll() is None:
            end(child)
        if child.stdin is not None:
            with contextlib.suppress(BrokenPipeError):  # a line that it never read
                child.stdin.close()
        if not keep_folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _arm(self) -> None:
        self._timer = threading.Timer(self._idle_seconds, self._idle, [self._number])
        self._timer.daemon = True
        self._timer.start()

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _idle(self, number: int) -> None:
        with self._lock:
            if number == self._number and self._timer is not None:
                log.info("the engine had nothing to do for %.0f s and is ended", self._idle_seconds)
                self._stop()


WARM = WarmEngine()
atexit.register(WARM.stop)
make_room_with(WARM.make_room)


def engine_starts() -> int:
    """Return how many engines this process has started so far."""
    return WARM.starts
