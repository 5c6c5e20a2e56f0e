"""The optional extra `adapters`: LangChain is not needed for anything else."""

import importlib.util

from pipelines.core.errors import ConfigurationError


def needs_langchain(*modules: str) -> None:
    """Raise ConfigurationError, with what to type, where one of these modules is not installed."""
    missing = [module for module in modules if importlib.util.find_spec(module) is None]
    if missing:
        raise ConfigurationError(
            "the LangChain adapters", f"no {', '.join(missing)}", "the extra 'adapters'", "pip install -e '.[adapters]'"
        )
