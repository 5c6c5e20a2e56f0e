"""What this machine computes with, without importing torch."""

import os
import shutil
from pathlib import Path

THREADS = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "2000"}
"""How OpenMP's threads wait for work: they look for some microseconds, then sleep.

Beside a process that keeps one of two cores busy, threads that spin as they do by default took 18.5 s for what these
embed in 12.2 s (alone: 5.6 and 5.7 s). Sleeping at once costs a fifth of a training and a quarter of vLLM's tokens.
"""
CPUINFO = Path("/proc/cpuinfo")
"""Where Linux says what the processor has."""
_FLAG_LINES = ("flags", "Features")
"""How the line of its flags begins: on x86, on ARM."""
_FAST_BFLOAT16 = "GRAFTLINE_BENCH_FAST_BFLOAT16"
"""0 or 1 takes the place of what the processor says: to measure another processor's arithmetic on this one."""
_BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16", "bf16"}
"""Products of bfloat16 in hardware: x86's AVX-512 and AMX, ARM's BFDOT and BFMMLA."""


def processor_flags(cpuinfo: Path | None = None) -> frozenset[str]:
    """Return what the processor says that it has (of CPUINFO, unless another file is given); empty where unknown."""
    try:
        lines = (cpuinfo or CPUINFO).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return frozenset()
    line = next((line for line in lines if line.startswith(_FLAG_LINES)), "")
    return frozenset(line.partition(":")[2].split())


def fast_bfloat16(cpuinfo: Path | None = None) -> bool:
    """Say whether the CPU multiplies in bfloat16 itself; whoever chooses a precision asks here.

    Where it does not, torch emulates it: measured on an AMD EPYC with AVX2 only, 0.7 GFLOP/s against 57 in float32.
    """
    said = os.environ.get(_FAST_BFLOAT16)
    return said == "1" if said in ("0", "1") else not _BFLOAT16_FLAGS.isdisjoint(processor_flags(cpuinfo))


def fast_int8(cpuinfo: Path | None = None) -> bool:
    """Say whether torch multiplies 8-bit numbers faster than float32 on this CPU; only x86 was tried."""
    return "avx2" in processor_flags(cpuinfo)


def available_cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def has_gpu() -> bool:
    """Say whether there is a GPU that a training would use, going by its driver's tool."""
    return shutil.which("nvidia-smi") is not None and os.environ.get("CUDA_VISIBLE_DEVICES") != ""


def share_cores() -> None:
    """Have this process's threads wait as THREADS says, unless its environment says otherwise; before torch is there.

    OpenMP's library reads its environment once, when it is loaded.
    """
    for name, value in THREADS.items():
        os.environ.setdefault(name, value)
