"""Heavy work in a child process: its memory comes back, a crash is a clean error, and it dies with its parent."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pipelines.compute.processor import THREADS
from pipelines.core.errors import (
    ConfigurationError,
    GraftlineError,
    InputError,
    NotMaterializedError,
    ServiceError,
    of_library,
)

_POLL_SECONDS = 0.2
_POLITE_SECONDS = 10
_LAST_LINES = 12
_HIGH_WATER = re.compile(r"^VmHWM:\s*(\d+) kB", re.MULTILINE)
_ERROR = "error.json"
_KINDS = {kind.__name__: kind for kind in (InputError, ConfigurationError, ServiceError, NotMaterializedError)}
_ROOT = Path(__file__).resolve().parents[2]
_MAKERS_OF_ROOM: list[Callable[[int], None]] = []
_LEAST_BYTES = 2 << 30

OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "false",
    **THREADS,
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "1",
}
"""Environment of a child that has all it needs on disk: no hub, no telemetry."""


class ChildError(GraftlineError):
    """A child process that failed; `found` ends with the last lines of its log."""


def make_room_with(give_back: Callable[[int], None]) -> None:
    """Have `give_back` called with the bytes that it needs before a child of `run_child` starts."""
    _MAKERS_OF_ROOM.append(give_back)


def run_child(
    module: str,
    spec: Mapping[str, Any],
    folder: Path,
    environment: Mapping[str, str] | None = None,
    watch: Callable[[], None] | None = None,
    needed_bytes: int = _LEAST_BYTES,
) -> Path:
    """Run `python -m module folder/spec.json` to its end, its output in folder/child.log; return the log's path.

    `watch` is called some times a second meanwhile. It is ended when the parent is. What is only kept at hand makes
    room for `needed_bytes`. ChildError when it fails, or the error that it told (`as_child`).
    """
    folder.mkdir(parents=True, exist_ok=True)
    path, log = folder / "spec.json", folder / "child.log"
    path.write_text(json.dumps(dict(spec), ensure_ascii=False, indent=1), encoding="utf-8")
    (folder / _ERROR).unlink(missing_ok=True)  # of an earlier try
    for give_back in _MAKERS_OF_ROOM:
        give_back(needed_bytes)
    child = start_child(module, str(path), log, environment)
    try:
        while child.poll() is None:
            if watch:
                watch()
            time.sleep(_POLL_SECONDS)
    finally:
        if child.poll() is None:
            end(child)
    if watch:
        watch()
    if child.returncode:
        raise _told(folder) or failure(module, child.returncode, log)
    return log


def start_child(
    module: str, argument: str, log: Path, environment: Mapping[str, str] | None = None, piped: bool = False
) -> "subprocess.Popen[bytes]":
    """Start `python -m module argument`, offline, its output in the log; `piped`: its input is a pipe of the parent."""
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, "-m", module, argument],
            cwd=_ROOT,
            stdin=subprocess.PIPE if piped else subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **OFFLINE, **(environment or {})},
        )


def failure(module: str, code: int, log: Path) -> ChildError:
    """Return the error of a child that ended with this status."""
    return ChildError(
        module,
        f"exit status {_status(code)}; its last lines:\n{last_lines(log)}",
        "a child process that ends well",
        f"read {log}, correct the cause and run it again",
    )


def as_child(work: Callable[[dict[str, Any]], None]) -> None:
    """In a child: do the work on its specification.

    An error that a person can act on reaches the parent as it is, a library's exception as a ChildError of one line;
    its traceback stays in the log.
    """
    try:
        work(read_spec())
    except GraftlineError as error:
        _hand_over(error)
        sys.exit(str(error))
    except Exception as error:  # a library's own: Jinja, safetensors, torch, tokenizers
        traceback.print_exc()
        _hand_over(_of_library(error, Path(sys.argv[1]).parent / "child.log"))
        sys.exit(1)


def _hand_over(error: GraftlineError) -> None:
    written = {"kind": type(error).__name__, "where": error.where, "found": error.found, "expected": error.expected}
    text = json.dumps({**written, "fix": error.fix}, ensure_ascii=False)
    (Path(sys.argv[1]).parent / _ERROR).write_text(text, encoding="utf-8")


def _of_library(error: Exception, log: Path) -> ChildError:
    module = getattr(getattr(sys.modules["__main__"], "__spec__", None), "name", "a child process")
    return ChildError(module, *of_library(error, log))


def _told(folder: Path) -> GraftlineError | None:
    path = folder / _ERROR
    if not path.exists():
        return None
    told = json.loads(path.read_text(encoding="utf-8"))
    kind = _KINDS.get(told.pop("kind"), ChildError)
    return kind(**told)


def end(child: "subprocess.Popen[bytes]") -> None:
    """Ask a child to end, and kill it where it does not within ten seconds."""
    child.terminate()
    try:
        child.wait(timeout=_POLITE_SECONDS)
    except subprocess.TimeoutExpired:  # it computes in native code, or does not listen
        child.kill()
        child.wait()


def _status(code: int) -> str:
    return f"{code} ({signal.Signals(-code).name}: killed, perhaps for memory)" if code < 0 else str(code)


def last_lines(log: Path) -> str:
    """Return the end of a log; progress bars that overwrite themselves count as one line."""
    lines = log.read_bytes().decode("utf-8", errors="replace").rstrip().split("\n")
    return "\n".join(line.rsplit("\r", 1)[-1][:500] for line in lines[-_LAST_LINES:])


def read_spec() -> dict[str, Any]:
    """In a child: return its specification, after arranging to die with the parent (Linux)."""
    # A parent whose libraries ignore or block the signal would hand that on to its children.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    if sys.platform == "linux":
        import ctypes

        parent_death_signal = 1  # PR_SET_PDEATHSIG, see prctl(2)
        ctypes.CDLL(None).prctl(parent_death_signal, signal.SIGTERM)
    return json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))


def peak_memory_bytes() -> int:
    """Return the largest resident set of this process so far, in bytes."""
    import resource

    own = high_water_bytes("self")  # rusage also counts what the parent held when it forked: see getrusage(2), exec
    if own:
        return own
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak * 1024 if sys.platform == "linux" else peak


def high_water_bytes(process: int | str) -> int:
    """Return the largest resident set of a process (a pid, or "self") so far; 0 where the system does not tell."""
    try:
        found = _HIGH_WATER.search(Path(f"/proc/{process}/status").read_text(encoding="utf-8"))
    except OSError:  # another system, or it has ended meanwhile
        return 0
    return int(found[1]) * 1024 if found else 0
