"""`LLM_MODEL=champion`: the promoted model, run here; who it is, is asked of the registry at its first use."""

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from pipelines.core.cost.meter import Meter
from pipelines.core.protocols import Completion, Messages
from resources.models.local import LocalModel
from resources.settings import Settings

NAME = "champion"
"""The value of LLM_MODEL, and the model's name on `graftline serve`."""


class ChampionModel:
    """A backend that stays with the version that carried the alias when it was first used."""

    packaged = False

    def __init__(self, settings: Settings, meter: Meter | None = None) -> None:
        self._settings, self.meter = settings, meter or Meter()

    @cached_property
    def _local(self) -> LocalModel:
        from resources.models.promoted.promoted import PromotedModel

        promoted = PromotedModel(self._settings).require()
        return LocalModel(self._settings, promoted.folder, self.meter)

    @property
    def name(self) -> str:
        """The merged checkpoint's name and revision; NotMaterializedError where there is no champion yet."""
        return self._local.name

    @property
    def context_tokens(self) -> int | None:
        """The positions that its configuration names."""
        return self._local.context_tokens

    def generate(
        self, prompts: Sequence[Messages], max_tokens: int, schema: dict[str, Any] | None
    ) -> Iterator[tuple[int, Completion]]:
        """Yield (number of the prompt, completion)."""
        yield from self._local.generate(prompts, max_tokens, schema)

    def check(self) -> None:
        """Raise NotMaterializedError where there is no champion yet, InputError where its files are not whole."""
        self._local.check()
