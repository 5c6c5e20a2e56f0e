"""The variables of the engines that generate batches: which one, what is asked of it, and a hosted one's address."""

import importlib.util
from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator, SecretStr
from pydantic_settings import BaseSettings

from pipelines.core.errors import ConfigurationError
from resources.engines.options import EngineOptions, engine_options
from resources.setting_sources import refusal, variable


def _options(value: object) -> str:
    try:
        engine_options(str(value))
    except ConfigurationError as error:
        raise refusal(error.found, error.expected, '{"max_num_seqs": 64}') from None
    return str(value)


class EngineVariables(BaseSettings):
    """The engine that answers batches of prompts."""

    chosen_engine: str = variable(
        "GRAFTLINE_ENGINE", "", "vllm, vllm-server, transformers, llama.cpp, sglang, tensorrt-llm or hosted"
    )
    engine_options_json: Annotated[str, BeforeValidator(_options)] = variable(
        "GRAFTLINE_ENGINE_OPTIONS", "", "JSON: what is asked of the engine, from max_num_seqs to quantization"
    )
    engine_url: SecretStr = variable("GRAFTLINE_ENGINE_URL", "", "address of the engine named hosted")
    engine_api_key: SecretStr = variable("GRAFTLINE_ENGINE_API_KEY", "", "key of that server")

    @property
    def engine(self) -> str:
        """The one that is named, else `vllm` where it is installed, else `transformers`."""
        return self.chosen_engine or ("vllm" if importlib.util.find_spec("vllm") else "transformers")

    @property
    def engine_options(self) -> EngineOptions:
        """What is asked of the engine."""
        return engine_options(self.engine_options_json)

    @property
    def engine_secrets(self) -> Mapping[str, str]:
        """The variables of a hosted engine, for its process."""
        found = {"GRAFTLINE_ENGINE_URL": self.engine_url, "GRAFTLINE_ENGINE_API_KEY": self.engine_api_key}
        return {name: value.get_secret_value() for name, value in found.items() if value.get_secret_value()}
