"""What an asset's language model cost: counted from its start to its end, in the metadata and in a ledger."""

from datetime import UTC, datetime
from typing import Any

import dagster as dg

from pipelines.core.cost.meter import Meter
from pipelines.core.cost.spending import with_spending
from pipelines.core.protocols import LanguageModel
from resources.tables.tables import TableStore

LEDGER_NAME = "model_spending"
ASKING = ("extractions", "entity_graph", "community_summaries", "answers", "evaluation")
"""Assets that may ask a language model: of these a budget's seconds are those with it, as they are of a run's."""
_NO_PRICES = "unknown: LLM_PROMPT_PRICE and LLM_COMPLETION_PRICE are not set"


class Spending:
    """What a language model costs an asset from here on, within the asset's own budget; without a meter nothing."""

    def __init__(self, language_model: LanguageModel, asset: str) -> None:
        self._model = language_model
        self._meter: Meter = getattr(language_model, "meter", None) or Meter()
        self._meter.begin(asset)
        self._before = self._meter.usage

    def metadata(self, tables: TableStore, asset: str, wanted: int) -> dict[str, Any]:
        """Return calls, tokens, cache hits, seconds and money, and what the budget left out; keep them in the ledger.

        `wanted` is how many chunks, communities or answers were to be made.
        """
        used, prices = self._meter.usage - self._before, self._meter.prices
        if used.calls or used.cached or used.not_sent:
            now = datetime.now(UTC).isoformat(timespec="microseconds")
            ledger = tables.find(LEDGER_NAME)
            tables.write(LEDGER_NAME, with_spending(ledger, now, asset, self._model.name, wanted, used, prices))
        money = used.money(prices)
        found: dict[str, Any] = {
            "llm_calls": used.calls,
            "llm_failed_calls": used.failed,
            "llm_prompt_tokens": used.prompt_tokens,
            "llm_completion_tokens": used.completion_tokens,
            "llm_prefix_tokens": used.prefix_tokens,
            "llm_cache_hits": used.cached,
            "llm_cached_tokens": used.cached_tokens,
            "llm_seconds": round(used.seconds, 3),
            "llm_money": _NO_PRICES if money is None else dg.MetadataValue.float(money),
        }
        if used.estimated:
            found["llm_calls_without_counts"] = used.estimated
        if used.not_sent:
            found |= {"llm_not_sent": used.not_sent, "budget": self._meter.budget_line(used.not_sent)}
        return found
