"""A server on this machine, from its command to its end: a free port, its log, its health, and nothing left behind."""

import atexit
import contextlib
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pipelines.core.child_process import OFFLINE, high_water_bytes, last_lines
from pipelines.core.errors import ServiceError

log = logging.getLogger("graftline")

_ROOT = Path(__file__).resolve().parents[3]
_GUARD = "resources.engines.servers.guard"
_HOST = "127.0.0.1"
_LOOK_SECONDS = 0.1
_TELL_SECONDS = 10.0
_END_SECONDS = 20.0
_PORTS = 3
"""How many ports are tried: between looking for a free one and listening on it another process may take it."""
_RUNNING: list["LocalServer"] = []


class LocalServer:
    """A server that runs from `start` to `stop`, to the end of this process at the latest, also where that is killed.

    `command` is given its port on localhost; `tell` is told now and then how the start goes.
    """

    def __init__(
        self,
        name: str,
        command: Callable[[int], Sequence[str]],
        log_file: Path,
        health: str = "/health",
        environment: Mapping[str, str] | None = None,
        patience: float = 900.0,
        tell: Callable[[str], None] = log.info,
    ) -> None:
        self.name, self.log = name, log_file
        self._command, self._health, self._environment = command, health, dict(environment or {})
        self._patience, self._tell = patience, tell
        self._guard: subprocess.Popen[bytes] | None = None
        self._owner, self._port = 0, 0
        self.start_seconds = 0.0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{_HOST}:{self._port}"

    @property
    def alive(self) -> bool:
        """Whether its process runs."""
        return self._guard is not None and self._guard.poll() is None

    @property
    def pids(self) -> list[int]:
        """Its processes, without the one that watches over them."""
        import psutil

        if self._guard is None or self._guard.poll() is not None:
            return []
        with contextlib.suppress(psutil.NoSuchProcess):
            return [one.pid for one in psutil.Process(self._guard.pid).children(recursive=True)]
        return []

    def peak_memory_bytes(self) -> int:
        """Return the largest resident sets of its processes, added up."""
        return sum(high_water_bytes(pid) for pid in self.pids)

    def start(self) -> "LocalServer":
        """Start it and wait until it is healthy; ServiceError, with its last lines and its log, where it is not."""
        started = time.monotonic()
        for tried in range(1, _PORTS + 1):
            self._begin()
            try:
                if self._healthy(started):
                    self.start_seconds = time.monotonic() - started
                    return self
                if tried == _PORTS or not _listens(self._port):
                    raise self.failure()
            except BaseException:  # also Ctrl-C, and a patience that is over
                self.stop()
                raise
            self._tell(f"{self.name}: another process took port {self._port}, a new one is tried")
            self.stop()
        raise AssertionError("unreachable")

    def failure(self, found: str = "") -> ServiceError:
        """Return the error of a server that is not there, or not well."""
        code = self._guard.poll() if self._guard else None
        found = found or (f"exit status {code}" if code is not None else "no answer")
        return ServiceError(
            f"the {self.name} server",
            f"{found}; its last lines:\n{last_lines(self.log) if self.log.exists() else '(none)'}",
            f"one that answers {self.url}{self._health}",
            f"read {self.log}, and correct GRAFTLINE_ENGINE_OPTIONS or set another GRAFTLINE_ENGINE",
        )

    def stop(self) -> None:
        """End it with all that it started; nothing to do where it has ended."""
        guard, self._guard = self._guard, None
        if self in _RUNNING:
            _RUNNING.remove(self)
        if guard is None or self._owner != os.getpid():  # a forked process has its parent's, not its own to end
            return
        assert guard.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            guard.stdin.close()
        try:
            guard.wait(timeout=_END_SECONDS)
        except subprocess.TimeoutExpired:
            guard.kill()
            guard.wait()
        if guard.returncode < 0:  # it was killed, and could not end what it watched over
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(guard.pid, signal.SIGKILL)

    def __enter__(self) -> "LocalServer":
        return self.start()

    def __exit__(self, *_: Any) -> None:
        self.stop()

    def _begin(self) -> None:
        self._port = free_port()
        self.log.parent.mkdir(parents=True, exist_ok=True)
        command = [str(word) for word in self._command(self._port)]
        self._owner = os.getpid()
        with self.log.open("wb") as output:
            self._guard = subprocess.Popen(
                [sys.executable, "-m", _GUARD, str(os.getpid()), *command],
                cwd=_ROOT,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **OFFLINE, **self._environment},
                start_new_session=True,  # its own group: Ctrl-C in a terminal is ours to hand on
            )
        _RUNNING.append(self)

    def _healthy(self, started: float) -> bool:
        """Wait until it answers; False where its process has ended. ServiceError where the patience is over."""
        told = started
        while self.alive:
            if _answers(self.url + self._health) and self._listens_itself():
                return self.alive
            now = time.monotonic()
            if now - started > self._patience:
                raise self.failure(f"not healthy after {self._patience:.0f} s")
            if now - told > _TELL_SECONDS:
                told = now
                line = last_lines(self.log).rsplit("\n", 1)[-1]
                self._tell(f"{self.name} starts, {now - started:.0f} s so far: {line[:160]}")
            time.sleep(_LOOK_SECONDS)
        return False

    def _listens_itself(self) -> bool:
        """Say whether what answers at its port is it, and not a process that took the port meanwhile."""
        import psutil

        for pid in self.pids:
            with contextlib.suppress(psutil.NoSuchProcess):
                open_here = psutil.Process(pid).net_connections("tcp")
                if any(one.status == psutil.CONN_LISTEN and one.laddr.port == self._port for one in open_here):
                    return True
        return False


def free_port() -> int:
    """Return a port of localhost that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])


def stop_all() -> None:
    """End every server that this process has started."""
    for server in [*_RUNNING]:
        server.stop()


def _answers(address: str) -> bool:
    import httpx

    try:
        return httpx.get(address, timeout=2.0, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex((_HOST, port)) == 0


atexit.register(stop_all)
