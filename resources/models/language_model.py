"""The language model: what `LLM_BASE_URL` or a LlamaIndex class is, else the small local one; all through the cache."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from pipelines.core.errors import ConfigurationError
from pipelines.core.protocols import Completion, Messages
from resources.models.completion_cache import CompletionCache, completion_key
from resources.models.llamaindex import PREFIX, LlamaIndexModel, named_class
from resources.settings import Settings

Numbered = tuple[int, Completion]


class Backend(Protocol):
    """Something that generates: it yields (number of the prompt, completion) as they come, in any order."""

    @property
    def name(self) -> str: ...

    def generate(
        self, prompts: Sequence[Messages], max_tokens: int, schema: dict[str, Any] | None
    ) -> Iterator[Numbered]: ...

    def check(self) -> None: ...


class CachedLanguageModel:
    """A `LanguageModel` over a backend: only prompts that the cache does not hold reach it, each of them once."""

    def __init__(self, backend: Backend, cache: CompletionCache) -> None:
        self.backend, self.cache = backend, cache

    @cached_property
    def name(self) -> str:
        """Model and revision, asked for late: the small model is prepared when its revision is first needed."""
        return self.backend.name

    def complete(
        self, prompts: Sequence[Messages], max_tokens: int, schema: dict[str, Any] | None = None
    ) -> list[Completion]:
        """Return one completion a prompt, in order; each is stored as it comes, so that a crash loses little.

        Raises ServiceError when the model does not answer.
        """
        keys = [completion_key(messages, self.name, max_tokens, schema) for messages in prompts]
        done = self.cache.find(list(dict.fromkeys(keys)))
        missing = {key: messages for key, messages in zip(keys, prompts, strict=True) if key not in done}
        if missing:
            wanted = list(missing)
            for number, completion in self.backend.generate(list(missing.values()), max_tokens, schema):
                self.cache.add([(wanted[number], completion)], self.name)
                done[wanted[number]] = completion
        return [done[key] for key in keys]

    def check(self) -> None:
        """Raise a GraftlineError that says what is wrong when the model cannot be reached or loaded."""
        self.backend.check()


def open_language_model(settings: Settings) -> CachedLanguageModel:
    """Return the language model that the settings ask for; nothing is loaded or called yet."""
    cache = CompletionCache(settings.home / "cache" / "llm.sqlite")
    model, named = settings.llm_model, named_class(settings, "LLM")
    if named is not None:
        return CachedLanguageModel(LlamaIndexModel(named), cache)
    if settings.llm_base_url:
        from resources.models.served import ServedModel

        served = ServedModel(settings.llm_base_url, model, settings.llm_api_key.get_secret_value())
        return CachedLanguageModel(served, cache)
    from resources.models.local import LocalModel

    if model and not (Path(model).expanduser() / "config.json").is_file():
        raise ConfigurationError(
            "LLM_MODEL",
            f"'{model}' without LLM_BASE_URL",
            "the address of the server that has it, or a model folder",
            f"set LLM_BASE_URL=http://host:port/v1, or LLM_MODEL={PREFIX}package.module.ClassName, or unset LLM_MODEL "
            "for the packaged small model",
        )
    return CachedLanguageModel(LocalModel(settings, Path(model).expanduser() if model else None), cache)
