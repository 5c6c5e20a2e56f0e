"""What a served model is asked for and gives: sampling in, pieces of text out, whoever generates."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Sampling:
    """How one answer is chosen; a temperature of 0 is greedy, `top_k` of 0 is all tokens."""

    max_tokens: int
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    repetition_penalty: float = 1.0
    seed: int | None = None
    stop: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ended:
    """The end of an answer: `finish_reason` "stop" or "length", and the tokens that were generated."""

    finish_reason: str
    tokens: int


class Generator(Protocol):
    """A model in memory that answers several requests at once."""

    @property
    def alive(self) -> bool:
        """Whether it still answers; one that does not is loaded anew."""
        ...

    @property
    def engine(self) -> str:
        """What generates: vllm or transformers."""
        ...

    @property
    def room(self) -> int:
        """How many tokens, prompt and answer together, a request may have."""
        ...

    def stream(self, prompt: Sequence[int], sampling: Sampling) -> Iterator[str | Ended]:
        """Yield an answer's pieces as they come and last its end; closing it ends the answer. ServiceError."""
        ...

    def close(self) -> None:
        """Give its memory back."""
        ...
