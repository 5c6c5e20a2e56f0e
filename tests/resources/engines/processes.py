"""What tests ask of processes that are not theirs."""

import time

import psutil


def gone(pid: int, seconds: float) -> bool:
    """Say whether a process ends within so many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.1)
    return False
