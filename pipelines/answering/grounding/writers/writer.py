"""Who makes the answer from what was retrieved: the model, or quotations of the sources."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pipelines.answering.grounding.answer import Answer
from pipelines.answering.search.search import Retrieved
from pipelines.core.protocols import Completion, Messages


@dataclass(frozen=True)
class Draft:
    """What is known before the model runs; without a `prompt` it is not asked. `ground` is its writer's own.

    `quotes`: what was found is the answer as it stands, and no model is asked.
    """

    question: str
    retrieved: Retrieved
    prompt: Messages | None
    ground: Any = None
    quotes: bool = False
    most_tokens: int | None = None
    """Tokens that this answer may have, where its reader wants fewer than the writer allows."""

    @property
    def is_refused(self) -> bool:
        """Whether what was found is no evidence: there is nothing to ask a model about, and nothing to quote."""
        return self.prompt is None and not self.quotes

    def limit(self, allowed: int) -> int:
        """Return the tokens that the model may write, of those that its writer allows."""
        return allowed if self.most_tokens is None else min(allowed, self.most_tokens)


Written = tuple[Draft, Completion | None]
"""A draft and what the model made of it, None where it was not asked."""


class Writer(Protocol):
    """The steps before and after the model: context and prompt, then the answer with its proof."""

    name: str
    made_with: tuple[str, ...]
    """Whatever its answers depend on but the question, what was retrieved and the model."""
    passages: int
    """Chunks that it wants of a retrieval."""
    streams: bool
    """Whether what the model writes is the answer's text as it stands, so that it can be shown at once."""

    @property
    def max_tokens(self) -> int:
        """Tokens that the model may write."""
        ...

    def draft(self, question: str, retrieved: Retrieved) -> Draft:
        """Return the prompt, if there is anything to ask the model about."""
        ...

    def is_usable(self, draft: Draft, completion: Completion) -> bool:
        """Say whether an answer comes of the completion, so that it is worth keeping."""
        ...

    def answers(self, written: Sequence[Written]) -> list[Answer]:
        """Return the answers in order."""
        ...
