"""The language model: what `LLM_BASE_URL` or a class is, the champion, else a local one; all through the cache."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from pipelines.core.cost.meter import Meter
from pipelines.core.errors import ConfigurationError
from pipelines.core.protocols import Completion, Messages, Usable
from resources.models.completion_cache import CompletionCache, completion_key
from resources.models.llamaindex import PREFIX, LlamaIndexModel, named_class
from resources.models.reasoning import without_reasoning
from resources.settings import Settings

Numbered = tuple[int, Completion]


class Backend(Protocol):
    """Something that generates: it yields (number of the prompt, completion) as they come, in any order."""

    @property
    def name(self) -> str: ...

    @property
    def packaged(self) -> bool: ...

    @property
    def context_tokens(self) -> int | None: ...

    def generate(
        self, prompts: Sequence[Messages], max_tokens: int, schema: dict[str, Any] | None
    ) -> Iterator[Numbered]: ...

    def check(self) -> None: ...


@runtime_checkable
class StreamingBackend(Protocol):
    """A backend that gives an answer while it is written: pieces, and last the completion."""

    def stream(self, messages: Messages, max_tokens: int) -> Iterator[str | Completion]: ...


class CachedLanguageModel:
    """A `LanguageModel` over a backend: only prompts that the cache does not hold reach it, each of them once.

    `meter` counts what it costs: the backend's own, which counts every call.
    """

    def __init__(self, backend: Backend, cache: CompletionCache, context_tokens: int | None = None) -> None:
        self.backend, self.cache, self._context_tokens = backend, cache, context_tokens
        self.meter: Meter = getattr(backend, "meter", None) or Meter()

    @cached_property
    def name(self) -> str:
        """Model and revision, asked for late: the small model is prepared when its revision is first needed."""
        return self.backend.name

    @property
    def packaged(self) -> bool:
        """Whether it is the packaged small model."""
        return self.backend.packaged

    @cached_property
    def context_tokens(self) -> int | None:
        """What was given, else what the backend says."""
        return self._context_tokens or self.backend.context_tokens

    def complete(
        self,
        prompts: Sequence[Messages],
        max_tokens: int,
        schema: dict[str, Any] | None = None,
        usable: Usable | None = None,
    ) -> list[Completion]:
        """Return one completion a prompt, in order; what is usable is stored as it comes, so that a crash loses little.

        What the cache holds and the reader cannot use is asked for again. Raises ServiceError when the model answers
        nothing at all.
        """
        keys = [completion_key(messages, self.name, max_tokens, schema) for messages in prompts]
        numbers = dict(zip(reversed(keys), reversed(range(len(keys))), strict=True))
        kept = {key: _answer_alone(found) for key, found in self.cache.find(list(numbers)).items()}
        done = {key: found for key, found in kept.items() if _is_usable(numbers[key], found, usable)}
        wanted = [key for key in dict.fromkeys(keys) if key not in done]
        self.meter.cached(list(done.values()))
        if wanted:
            with self.meter.working():
                for place, completion in self.backend.generate(
                    [prompts[numbers[key]] for key in wanted], max_tokens, schema
                ):
                    key, answer = wanted[place], _answer_alone(completion)
                    if _is_usable(numbers[key], answer, usable):
                        self.cache.add([(key, answer)], self.name)
                    done[key] = answer
        return [done[key] for key in keys]

    def stream(self, messages: Messages, max_tokens: int, usable: Usable | None = None) -> Iterator[str | Completion]:
        """Yield one answer as `LanguageModel.stream` says; a backend that cannot stream gives it in one piece."""
        key = completion_key(messages, self.name, max_tokens, None)
        known = self.cache.find([key]).get(key)
        if known is not None and _is_usable(0, _answer_alone(known), usable):
            self.meter.cached([known])
            yield known.text
            yield known
            return
        if not isinstance(self.backend, StreamingBackend):
            completion = self.complete([messages], max_tokens, usable=usable)[0]
            yield completion.text
            yield completion
            return
        for piece in self.backend.stream(messages, max_tokens):
            if isinstance(piece, Completion) and _is_usable(0, piece, usable):
                self.cache.add([(key, piece)], self.name)
            yield piece

    def check(self) -> None:
        """Raise a GraftlineError that says what is wrong when the model cannot be reached or loaded."""
        self.backend.check()


def _answer_alone(completion: Completion) -> Completion:
    return replace(completion, text=without_reasoning(completion.text))


def _is_usable(number: int, completion: Completion, usable: Usable | None) -> bool:
    if completion.failure:
        return False
    return usable(number, completion) if usable else bool(completion.text.strip())


def open_language_model(settings: Settings, meter: Meter | None = None) -> CachedLanguageModel:
    """Return the language model that the settings ask for; nothing is loaded or called yet.

    `meter` counts what it costs and holds it to a budget; unless given, one without a budget does.
    """
    cache = CompletionCache(settings.home / "cache" / "llm.sqlite")
    model, named, context = settings.llm_model, named_class(settings, "LLM"), settings.llm_context_tokens
    if named is not None:
        return CachedLanguageModel(LlamaIndexModel(named, meter), cache, context)
    if settings.llm_base_url:
        from resources.models.served import ServedModel

        served = ServedModel(settings.llm_base_url, model, settings.llm_api_key.get_secret_value(), meter=meter)
        return CachedLanguageModel(served, cache, context)
    from resources.models.local import LocalModel
    from resources.models.promoted.champion import NAME, ChampionModel

    if model == NAME:
        return CachedLanguageModel(ChampionModel(settings, meter), cache, context)
    if model and not (Path(model).expanduser() / "config.json").is_file():
        raise ConfigurationError(
            "LLM_MODEL",
            f"'{model}' without LLM_BASE_URL",
            "the address of the server that has it, or a model folder",
            f"set LLM_BASE_URL=http://host:port/v1, or LLM_MODEL={PREFIX}package.module.ClassName, or LLM_MODEL={NAME} "
            "for the promoted model, or unset LLM_MODEL for the packaged small model",
        )
    local = LocalModel(settings, Path(model).expanduser() if model else None, meter)
    return CachedLanguageModel(local, cache, context)
