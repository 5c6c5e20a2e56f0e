"""Freed memory goes back to the system, in a process of its own: the setting is the whole process's."""

import platform
import subprocess
import sys

import pytest

HOLES = """
import ctypes, sys
from pathlib import Path
from pipelines.compute.memory import give_freed_memory_back

if sys.argv[1] == "given":
    assert give_freed_memory_back()
library = ctypes.CDLL(None)
library.malloc.restype = ctypes.c_void_p
library.free.argtypes = [ctypes.c_void_p]
library.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
size = 4 << 20
library.free(library.malloc(31 << 20))  # the threshold that glibc would raise
blocks = [library.malloc(size + number) for number in range(40)]
for block in blocks:
    library.memset(block, 1, size)
for block in blocks[:-1]:  # the last one keeps the heap from being cut
    library.free(block)
status = Path("/proc/self/status").read_text().splitlines()
print(next(line.split()[1] for line in status if line.startswith("RssAnon")))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library has other means")
def test_freed_blocks_below_a_used_one_go_back():
    held = {
        way: int(subprocess.run([sys.executable, "-c", HOLES, way], capture_output=True, text=True, check=True).stdout)
        for way in ("given", "kept")
    }
    assert held["given"] < held["kept"] - 100_000  # KiB, of 160 MB freed
