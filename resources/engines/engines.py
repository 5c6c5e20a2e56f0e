"""The table of engines for offline batches: ours, and those of installed packages (`graftline.engines`)."""

import os
from collections.abc import Mapping

from pipelines.core.errors import ConfigurationError
from pipelines.core.extensions import ENGINES, extension, names_beside
from resources.engines import transformers_batch, vllm_batch
from resources.engines.batch_engine import Engine
from resources.engines.options import EngineOptions, require_taken
from resources.engines.servers import hosted, llama_cpp, sglang_server, tensorrt_llm, vllm_server

FALLBACK = "transformers"
"""What runs a model that the chosen engine cannot run."""
_OWN = {
    "vllm": vllm_batch.ENGINE,
    FALLBACK: transformers_batch.ENGINE,
    "vllm-server": vllm_server.ENGINE,
    "llama.cpp": llama_cpp.ENGINE,
    "sglang": sglang_server.ENGINE,
    "tensorrt-llm": tensorrt_llm.ENGINE,
    "hosted": hosted.ENGINE,
}


def engine_names() -> tuple[str, ...]:
    """Return the names of all engines, those of installed packages last."""
    return (*_OWN, *names_beside(ENGINES, _OWN))


def engine_named(name: str) -> Engine:
    """Return the engine of this name, no other imported; ConfigurationError where there is none."""
    if name not in engine_names():
        raise ConfigurationError(
            "GRAFTLINE_ENGINE", f"'{name}'", f"one of {', '.join(engine_names())}", f"set GRAFTLINE_ENGINE={FALLBACK}"
        )
    return _OWN[name] if name in _OWN else extension(ENGINES, name)


def require_options(name: str, options: EngineOptions) -> None:
    """Raise ConfigurationError where an engine does not have an option that is asked for; nothing is left out."""
    others = {other: engine.takes for other, engine in _OWN.items() if other != name}
    require_taken(name, engine_named(name).takes, options, others)


def skipped(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the engines of the table that cannot run here, each with the reason."""
    reasons = {name: engine_named(name).reason_against(environment) for name in engine_names()}
    return {name: reason for name, reason in reasons.items() if reason}
