"""The engine that settings name, and the environment that its process is started in."""

import os
from collections.abc import Mapping
from typing import Protocol

from pipelines.compute.processor import THREADS, available_cores
from resources.engines.options import EngineOptions


class Chosen(Protocol):
    """What settings say of an engine."""

    @property
    def engine(self) -> str:
        """Its name."""
        ...

    @property
    def engine_options(self) -> EngineOptions:
        """What is asked of it."""
        ...

    @property
    def engine_secrets(self) -> Mapping[str, str]:
        """Variables that its process gets."""
        ...


def engine_environment() -> dict[str, str]:
    """Return what vLLM needs set before its import; a variable that is set already stands."""
    import psutil

    cores = min(psutil.cpu_count(logical=False) or os.cpu_count() or 1, available_cores())
    defaults = {
        "VLLM_NO_USAGE_STATS": "1",
        "VLLM_LOGGING_LEVEL": "INFO",
        "VLLM_CPU_KVCACHE_SPACE": "1",
        # One process for all: no spawned engine and worker (each imports torch anew), and killing it kills all of it.
        "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
        # Without a worker process of its own vLLM cannot bind threads, and its default would leave a core idle.
        "VLLM_CPU_OMP_THREADS_BIND": "nobind",
        "OMP_NUM_THREADS": str(cores),
        **THREADS,
    }
    return {name: os.environ.get(name, value) for name, value in defaults.items()}
