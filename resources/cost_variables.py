"""The variables of what a language model costs: its prices, and the most that a run may spend."""

from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_settings import BaseSettings

from pipelines.core.cost.budget import Budget, Prices
from pipelines.core.cost.meter import Meter
from pipelines.core.errors import ConfigurationError
from resources.setting_sources import refusal, variable


def _amount(value: object) -> float | None:
    text = str(value)
    if not text:
        return None
    try:
        amount = float(text)
    except ValueError:
        amount = -1.0
    if not 0 <= amount < float("inf"):
        raise refusal(f"'{text}'", "a number at least 0, or nothing", "10")
    return amount


def _count(value: object) -> int | None:
    text = str(value).replace("_", "")
    if text and not text.isdecimal():
        raise refusal(f"'{value}'", "a whole number at least 0, or nothing", "1000000")
    return int(text) if text else None


OptionalAmount = Annotated[float | None, BeforeValidator(_amount)]
OptionalCount = Annotated[int | None, BeforeValidator(_count)]


class CostVariables(BaseSettings):
    """What tokens cost, and what a run may spend on its language model."""

    llm_prompt_price: OptionalAmount = variable("LLM_PROMPT_PRICE", "", "money per million tokens read; unset: unknown")
    llm_completion_price: OptionalAmount = variable("LLM_COMPLETION_PRICE", "", "money per million tokens written")
    llm_prefix_price: OptionalAmount = variable(
        "LLM_PREFIX_PRICE", "", "money per million tokens that its server had read before; unset: as all others"
    )
    budget_calls: OptionalCount = variable("GRAFTLINE_BUDGET_CALLS", "", "calls of the language model in a run at most")
    budget_tokens: OptionalCount = variable("GRAFTLINE_BUDGET_TOKENS", "", "tokens read and written in a run at most")
    budget_money: OptionalAmount = variable("GRAFTLINE_BUDGET_MONEY", "", "money for them in a run at most")
    budget_seconds: OptionalAmount = variable(
        "GRAFTLINE_BUDGET_SECONDS", "", "time with the language model after which a run sends it nothing more"
    )

    @property
    def prices(self) -> Prices:
        """What tokens cost."""
        return Prices(self.llm_prompt_price, self.llm_completion_price, self.llm_prefix_price)

    @property
    def budget(self) -> Budget:
        """What a run may spend; ConfigurationError for money without prices."""
        if self.budget_money is not None and not self.prices.known:
            raise ConfigurationError(
                "GRAFTLINE_BUDGET_MONEY",
                f"{self.budget_money:g}, while nobody says what tokens cost",
                "LLM_PROMPT_PRICE and LLM_COMPLETION_PRICE, money per million tokens",
                "set both, or GRAFTLINE_BUDGET_TOKENS instead",
            )
        return Budget(self.budget_calls, self.budget_tokens, self.budget_seconds, self.budget_money)

    def meter(self, **more: Any) -> Meter:
        """Return a new meter of a run."""
        return Meter(self.budget, self.prices, **more)
