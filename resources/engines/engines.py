"""The table of engines for offline batches: ours, and those of installed packages (`graftline.engines`)."""

from collections.abc import Mapping

from pipelines.core.errors import ConfigurationError
from pipelines.core.extensions import ENGINES, extended
from resources.engines import transformers_batch, vllm_batch
from resources.engines.batch_engine import Engine

FALLBACK = "transformers"
"""What runs a model that the chosen engine cannot run."""
_OWN = {"vllm": vllm_batch.ENGINE, FALLBACK: transformers_batch.ENGINE}


def engines() -> Mapping[str, Engine]:
    """Return the engines by name."""
    return extended(ENGINES, _OWN)


def engine_named(name: str) -> Engine:
    """Return the engine of this name; ConfigurationError where there is none."""
    if name not in engines():
        raise ConfigurationError(
            "GRAFTLINE_ENGINE", f"'{name}'", f"one of {', '.join(engines())}", f"set GRAFTLINE_ENGINE={FALLBACK}"
        )
    return engines()[name]
