"""The local language model: a few prompts in this process, many through the inference engine in a child process."""

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pipelines.errors import ServiceError
from pipelines.identity import content_id, file_digest
from pipelines.protocols import Completion, Messages
from resources.settings import Settings

# A vLLM start alone is 30 s: as long as some ten short answers in this process.
_FEW = 4
# What a crash can lose at most, and still few starts of the engine.
_SLICE = 512


class LocalModel:
    """The small model (or a model folder), greedy; it is loaded when the first uncached prompt comes."""

    def __init__(self, settings: Settings, folder: Path | None = None) -> None:
        self._settings, self._folder = settings, folder
        self._loaded: tuple[Any, Any] | None = None
        self.name = self._name()

    def _small_model(self) -> Any:
        from resources.small_model import SmallModel

        return SmallModel(self._settings.home)

    def _name(self) -> str:
        if self._folder is None:
            small = self._small_model()
            return f"{small.hub_name}@{small.revision()}"
        weights = sorted(self._folder.glob("*.safetensors"))
        sizes = [f"{path.name}:{path.stat().st_size}:{path.stat().st_mtime_ns}" for path in weights]
        return f"{self._folder.name}@{content_id(file_digest(self._folder / 'config.json'), *sizes)}"

    def _path(self) -> Path:
        return self._folder or self._small_model().path()

    def generate(
        self, prompts: Sequence[Messages], max_tokens: int, schema: dict[str, Any] | None
    ) -> Iterator[tuple[int, Completion]]:
        """Yield (number of the prompt, completion); only the engine can hold an answer to a schema."""
        if len(prompts) <= _FEW and schema is None:
            for number, messages in enumerate(prompts):
                yield number, self._one(messages, max_tokens)
            return
        yield from self._batch(prompts, max_tokens, schema)
