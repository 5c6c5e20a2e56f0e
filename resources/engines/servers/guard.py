"""A small process between us and a server: it ends the server, and all that the server started, when we are gone.

`python -m resources.engines.servers.guard PARENT COMMAND…`. It looks for its parent and for the pipe that the parent
holds open, so that a parent that is killed (SIGKILL) takes its servers along.
"""

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from typing import Any

import psutil

_LOOK_SECONDS = 0.2
_POLITE_SECONDS = 8.0
_REAP_SECONDS = 2.0
_DEATH_SIGNAL, _ADOPTS_ORPHANS = 1, 36  # PR_SET_PDEATHSIG and PR_SET_CHILD_SUBREAPER, see prctl(2)


def main() -> None:
    """Run the command until it ends, the parent is gone or it asks for the end; exit with the command's status."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    asked: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: asked.append(number))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    _prctl(_ADOPTS_ORPHANS, 1)
    try:
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, preexec_fn=_dies_with_the_guard)
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}")
    while server.poll() is None and not asked and os.getppid() == parent:
        with contextlib.suppress(InterruptedError):
            if select.select([sys.stdin.fileno()], [], [], _LOOK_SECONDS)[0]:
                break  # nothing is ever written to it: it was closed
    _end_all(server)
    status = server.returncode or 0
    sys.exit(status if status >= 0 else 128 - status)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value)


def _dies_with_the_guard() -> None:
    """In the server, before it is itself; the guard has one thread, whose end is the guard's."""
    _prctl(_DEATH_SIGNAL, signal.SIGKILL)


def _end_all(server: "subprocess.Popen[Any]") -> None:
    """Ask the server and what it started to end, and kill what is left of them."""
    if server.poll() is None:
        server.terminate()
    end = time.monotonic() + _POLITE_SECONDS
    while time.monotonic() < end and (server.poll() is None or _descendants()):
        if server.poll() is not None:
            for process in _descendants():
                _sent(process, signal.SIGTERM)
        time.sleep(0.05)
    for process in _descendants():
        _sent(process, signal.SIGKILL)
    server.wait()
    _reap()


def _reap() -> None:
    """Wait for what was left to the guard, so that nothing of the server stands in the list of processes after it."""
    end = time.monotonic() + _REAP_SECONDS
    while time.monotonic() < end:
        try:
            ended, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:  # there is none left
            return
        if not ended:
            time.sleep(0.02)


def _descendants() -> list[psutil.Process]:
    """Return what lives below the guard; where its own parents ended, it was left to the guard."""
    return [one for one in psutil.Process().children(recursive=True) if _lives(one)]


def _lives(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _sent(process: psutil.Process, number: int) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(number)


if __name__ == "__main__":
    main()
