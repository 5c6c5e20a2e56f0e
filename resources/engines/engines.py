"""The table of engines for offline batches: ours, and those of installed packages (`graftline.engines`)."""

from pipelines.core.errors import ConfigurationError
from pipelines.core.extensions import ENGINES, extension, names_beside
from resources.engines import transformers_batch, vllm_batch
from resources.engines.batch_engine import Engine

FALLBACK = "transformers"
"""What runs a model that the chosen engine cannot run."""
_OWN = {"vllm": vllm_batch.ENGINE, FALLBACK: transformers_batch.ENGINE}


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
