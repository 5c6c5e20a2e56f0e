"""What each run of an asset spent on its language model: the ledger that a plan of the next run is made from."""

import pyarrow as pa

from pipelines.core.cost.budget import Prices, Usage

SPENDING = pa.schema(
    [
        ("spending_id", pa.string()),
        ("asset", pa.string()),
        ("model", pa.string()),
        ("wanted", pa.int64()),
        ("calls", pa.int64()),
        ("failed", pa.int64()),
        ("estimated", pa.int64()),
        ("prompt_tokens", pa.int64()),
        ("completion_tokens", pa.int64()),
        ("prompts_at_most", pa.int64()),
        ("prefix_tokens", pa.int64()),
        ("cached", pa.int64()),
        ("cached_tokens", pa.int64()),
        ("not_sent", pa.int64()),
        ("seconds", pa.float64()),
        ("money", pa.float64()),
    ]
)
"""One row a run of an asset that asked its model, or would have; `spending_id` begins with the time, `wanted` are the
chunks, communities or answers that were to be made, `money` is null where a price is unknown. See `Usage`."""

_KEPT = 1000


def with_spending(
    ledger: pa.Table | None, time: str, asset: str, model: str, wanted: int, usage: Usage, prices: Prices
) -> pa.Table:
    """Return the ledger with one more run, its last thousand rows; one of another layout is begun anew."""
    counts = {name: getattr(usage, name) for name in SPENDING.names if hasattr(usage, name)}
    row = {"spending_id": f"{time} {asset}", "asset": asset, "model": model, "wanted": wanted, **counts}
    added = pa.Table.from_pylist([{**row, "money": usage.money(prices)}], SPENDING)
    if ledger is None or not ledger.schema.equals(SPENDING):
        return added
    joined = pa.concat_tables([ledger.slice(max(0, ledger.num_rows - _KEPT + 1)), added])
    return joined.sort_by("spending_id")
