"""A language model that answers nothing: it counts what it would be asked, without what the cache has."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.core.cost.budget import prompt_at_most
from pipelines.core.protocols import Completion, Messages, Usable
from resources.models.completion_cache import CompletionCache, completion_key


@dataclass
class Asked:
    """Prompts that would be sent, their tokens and the most that is written at most; prompts that the cache answers."""

    prompts: int = 0
    prompts_at_most: int = 0
    written_at_most: int = 0
    cached: int = 0


class CountingModel:
    """Stands in for a model of this name where a stage is only planned: nothing is sent, what isn't cached fails."""

    def __init__(
        self, name: str, cache: CompletionCache | None, context_tokens: int | None, packaged: bool = False
    ) -> None:
        self.name, self.context_tokens, self.packaged, self._cache = name, context_tokens, packaged, cache
        self.asked = Asked()

    def complete(
        self,
        prompts: Sequence[Messages],
        max_tokens: int,
        schema: dict[str, Any] | None = None,
        usable: Usable | None = None,
    ) -> list[Completion]:
        """Return what the cache has, and failures."""
        keys = [completion_key(messages, self.name, max_tokens, schema) for messages in prompts]
        known = self._cache.find(list(dict.fromkeys(keys))) if self._cache else {}
        answers = [known.get(key) or Completion("", 0, 0, failure="only planned") for key in keys]
        usable_ones = {
            key for number, (key, one) in enumerate(zip(keys, answers, strict=True))
            if not one.failure and (usable(number, one) if usable else one.text.strip())
        }  # fmt: skip
        for key, messages in dict(zip(keys, prompts, strict=True)).items():
            if key in usable_ones:
                self.asked.cached += 1
            else:
                self.asked.prompts += 1
                self.asked.prompts_at_most += prompt_at_most(messages)
                self.asked.written_at_most += max_tokens
        return answers

    def stream(self, messages: Messages, max_tokens: int, usable: Usable | None = None) -> Iterator[str | Completion]:
        """Yield what `complete` returns."""
        yield self.complete([messages], max_tokens, usable=usable)[0]
