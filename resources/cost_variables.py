"""The variables of what a language model costs: its prices, and the most that a run may spend."""

import json
from dataclasses import fields
from typing import Annotated, Any

from pydantic import BeforeValidator
from pydantic_settings import BaseSettings, NoDecode

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


def _by_asset(value: object) -> dict[str, Budget]:
    if isinstance(value, dict):
        return value
    instead = '{"answers": {"tokens": 200000}}'
    names = {one.name for one in fields(Budget)}
    try:
        found = json.loads(str(value)) if str(value) else {}
        amounts = [(name, amount) for limits in found.values() for name, amount in limits.items()]
    except (ValueError, AttributeError):
        raise refusal(f"'{value}'", "JSON: assets, and of each its limits", instead) from None
    for name, amount in amounts:
        if name not in names or isinstance(amount, bool) or not isinstance(amount, int | float) or amount < 0:
            raise refusal(f"{name} {amount!r}", f"{', '.join(sorted(names))}, numbers at least 0", instead)
    return {str(asset): Budget(**limits) for asset, limits in found.items()}


AssetBudgets = Annotated[dict[str, Budget], NoDecode, BeforeValidator(_by_asset)]
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

    asset_budgets: AssetBudgets = variable(
        "GRAFTLINE_ASSET_BUDGETS", "", "JSON: by asset, the calls, tokens, money and seconds of one step of it at most"
    )

    @property
    def prices(self) -> Prices:
        """What tokens cost."""
        return Prices(self.llm_prompt_price, self.llm_completion_price, self.llm_prefix_price)

    @property
    def budget(self) -> Budget:
        """What a run may spend; ConfigurationError for money without prices."""
        of_assets = [one.money for one in self.asset_budgets.values() if one.money is not None]
        if (self.budget_money is not None or of_assets) and not self.prices.known:
            money = of_assets[0] if self.budget_money is None else self.budget_money
            raise ConfigurationError(
                "GRAFTLINE_ASSET_BUDGETS" if self.budget_money is None else "GRAFTLINE_BUDGET_MONEY",
                f"{money:g}, while nobody says what tokens cost",
                "LLM_PROMPT_PRICE and LLM_COMPLETION_PRICE, money per million tokens",
                "set both, or GRAFTLINE_BUDGET_TOKENS instead",
            )
        return Budget(self.budget_calls, self.budget_tokens, self.budget_seconds, self.budget_money)

    def meter(self, **more: Any) -> Meter:
        """Return a new meter of a run."""
        return Meter(self.budget, self.prices, parts=self.asset_budgets, **more)
