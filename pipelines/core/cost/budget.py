"""What calls of a language model cost, and what a run may spend on them."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace

from pipelines.core.errors import ServiceError
from pipelines.core.protocols import Completion, Messages

_A_MILLION = 1_000_000
_ASCII_BYTES, _OTHER_BYTES = 2.5, 1.9
_MESSAGE_TOKENS = 8
"""What a chat template puts around a message, about."""


@dataclass(frozen=True)
class Prices:
    """Money per million tokens, in any one currency; None: unknown. `prefix` is that of tokens read before."""

    prompt: float | None = None
    completion: float | None = None
    prefix: float | None = None

    @property
    def known(self) -> bool:
        """Whether both kinds of tokens have a price."""
        return self.prompt is not None and self.completion is not None

    def money(self, prompt_tokens: float, completion_tokens: float, prefix_tokens: float = 0) -> float | None:
        """Return what tokens cost, None where a price is unknown; `prefix_tokens` are some of the prompt's."""
        if self.prompt is None or self.completion is None:
            return None
        prefix = self.prompt if self.prefix is None else self.prefix
        paid = (prompt_tokens - prefix_tokens) * self.prompt + prefix_tokens * prefix
        return (paid + completion_tokens * self.completion) / _A_MILLION


@dataclass(frozen=True)
class Budget:
    """The most that a run may spend on a language model; None: no limit."""

    calls: int | None = None
    tokens: int | None = None
    seconds: float | None = None
    money: float | None = None

    def limits(self) -> dict[str, float]:
        """Return the limits that there are by name."""
        return {name: limit for name, limit in asdict(self).items() if limit is not None}


@dataclass(frozen=True)
class Usage:
    """What was spent. `failed` calls have no answer, `estimated` ones an answer without token counts: theirs are ours.

    `prompts_at_most` is what `prompt_at_most` makes of the prompts; `prefix_tokens` of theirs the server had read
    before; `cached` answers came from the disk, their tokens being `cached_tokens`; `not_sent` are prompts that the
    budget had no room for.
    """

    calls: int = 0
    failed: int = 0
    estimated: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    prompts_at_most: int = 0
    prefix_tokens: int = 0
    cached: int = 0
    cached_tokens: int = 0
    not_sent: int = 0
    seconds: float = 0.0

    @property
    def tokens(self) -> int:
        """Tokens read and written."""
        return self.prompt_tokens + self.completion_tokens

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(**{one.name: getattr(self, one.name) + getattr(other, one.name) for one in fields(self)})

    def __sub__(self, other: "Usage") -> "Usage":
        return Usage(**{one.name: getattr(self, one.name) - getattr(other, one.name) for one in fields(self)})

    def money(self, prices: Prices) -> float | None:
        """Return what it cost, None where a price is unknown."""
        return prices.money(self.prompt_tokens, self.completion_tokens, self.prefix_tokens)

    def of(self, completion: Completion, prompt_at_most: int) -> "Usage":
        """Return this and one answered call; what its server doesn't count is estimated."""
        told = completion.prompt_tokens > 0
        written = completion.completion_tokens or (0 if told else tokens_at_most(completion.text))
        return replace(
            self,
            calls=self.calls + 1,
            estimated=self.estimated + (not told),
            prompt_tokens=self.prompt_tokens + (completion.prompt_tokens or prompt_at_most),
            completion_tokens=self.completion_tokens + written,
            prompts_at_most=self.prompts_at_most + prompt_at_most,
            prefix_tokens=self.prefix_tokens + completion.prefix_tokens,
        )


class BudgetReached(ServiceError):
    """A call for which the budget of a run, or of a part of it, has no room; `reason` is the line of a ledger."""

    def __init__(self, limits: Mapping[str, float], spent: Mapping[str, float], short: str, part: str = "") -> None:
        limit, used, of = limits[short], spent[short], f" for {part}" if part else ""
        self.reason = f"budget: {used:,.6g} of {limit:,.6g} {short}{of} spent, and another call might pass the limit"
        name = f"GRAFTLINE_ASSET_BUDGETS, {short} of {part}" if part else f"GRAFTLINE_BUDGET_{short.upper()}"
        fix = f"run it again: what is missing is asked for then; or raise {name}"
        super().__init__(name, f"{used:,.6g} spent, and a call that might pass {limit:,.6g}", "room for a call", fix)


def tokens_at_most(text: str) -> int:
    """Return a length in tokens that tokenizers hardly pass: a token each 2.5 bytes of ASCII, or 1.9 of anything else.

    Chosen on passages of 2WikiMultihopQA and CMRC 2018: docs/knowledge/cost.md has the figures.

    >>> tokens_at_most("Delivery takes three days."), tokens_at_most("配送需要三天。")
    (11, 12)
    """
    size = len(text.encode("utf-8", "surrogatepass"))
    plain = len(text.encode("ascii", "ignore"))
    return math.ceil(plain / _ASCII_BYTES + (size - plain) / _OTHER_BYTES)


def prompt_at_most(messages: Messages) -> int:
    """Return the length of a conversation as `tokens_at_most` counts."""
    return sum(_MESSAGE_TOKENS + tokens_at_most(str(message.get("content") or "")) for message in messages)
