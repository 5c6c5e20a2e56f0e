"""The served champion from the settings, and the language model that it is for questions."""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import count
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Any

from pipelines.compute.processor import has_gpu
from pipelines.core.checkpoints.revision import weight_files
from pipelines.core.errors import GraftlineError
from pipelines.core.protocols import Completion, Messages
from pipelines.serving.champion.child_generator import ChildGenerator
from pipelines.serving.champion.following import Following, Served
from pipelines.serving.champion.generation import Ended, Generator, Sampling
from resources.engines.chat_template import render_conversations
from resources.engines.chosen import engine_environment
from resources.engines.memory import available_memory_bytes
from resources.models.promoted.champion import NAME
from resources.models.promoted.promoted import Promoted, PromotedModel
from resources.settings import Settings

_NUMBERS = count(1)
_SPACE = 3
"""Times its files' size that a model takes on a CPU: bfloat16 weights in float32, and room for what it computes."""


def answers_questions(settings: Settings) -> bool:
    """Say whether the champion is the language model that answers questions."""
    return settings.llm_model == NAME and not settings.llm_base_url


def open_champion(settings: Settings) -> Following:
    """Return what serves the champion; nothing is asked or loaded before its first request."""
    return Following(PromotedModel(settings).find, partial(_load, settings), _fits)


def _load(settings: Settings, promoted: Promoted) -> Generator:
    folder = promoted.require_folder()
    log_file = settings.home / "work" / "serving" / f"champion-{next(_NUMBERS)}.log"
    return ChildGenerator(folder, settings.engine, log_file, engine_environment())


def _fits(promoted: Promoted) -> bool:
    """Say whether there is memory for another model; on a GPU each takes a fixed share, of which two fit."""
    size = sum(path.stat().st_size for path in weight_files(promoted.folder) if path.exists())
    return has_gpu() or available_memory_bytes() > _SPACE * size


class ServedChampion:
    """A language model's backend over one version in memory, which stays until the backend is closed."""

    packaged = False

    def __init__(self, following: Following) -> None:
        self._following = following
        self._served: Served = following.take()
        self._folder: Path = self._served.promoted.folder

    @property
    def name(self) -> str:
        """The version and its weights."""
        return self._served.promoted.label

    @property
    def context_tokens(self) -> int | None:
        """What prompt and answer may have together."""
        return self._served.generator.room

    def generate(
        self, prompts: Sequence[Messages], max_tokens: int, schema: dict[str, Any] | None
    ) -> Iterator[tuple[int, Completion]]:
        """Yield (number of the prompt, completion), all asked at once; a schema is not held to."""
        done: SimpleQueue[tuple[int, Completion]] = SimpleQueue()

        def one(number: int, messages: Messages) -> None:
            try:
                *_, last = self.stream(messages, max_tokens)
                assert isinstance(last, Completion)
                done.put((number, last))
            except GraftlineError as error:
                done.put((number, Completion("", 0, 0, failure=str(error))))

        for number, messages in enumerate(prompts):
            Thread(target=one, args=(number, messages), daemon=True).start()
        yield from (done.get() for _ in prompts)

    def stream(self, messages: Messages, max_tokens: int) -> Iterator[str | Completion]:
        """Yield one greedy answer's pieces and last the completion."""
        prompt = render_conversations(self._folder, [messages])[0]
        text = ""
        for piece in self._served.generator.stream(prompt, Sampling(max_tokens, temperature=0.0)):
            if isinstance(piece, Ended):
                yield Completion(text.strip(), len(prompt), piece.tokens, finish_reason=piece.finish_reason)
            else:
                text += piece
                yield piece

    def check(self) -> None:
        """It is in memory already."""

    def close(self) -> None:
        """Give the version back."""
        self._following.give_back(self._served)
