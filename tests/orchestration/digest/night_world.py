"""A night of stand-ins: documents, two recipes, one decision, with a plot, a gate and a cost; also as a process."""

import base64
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg

from assets.results import gate, plot
from pipelines.core.cost.budget import Prices, Usage
from pipelines.core.cost.spending import with_spending
from pipelines.measuring.gates import Verdict
from pipelines.orchestration.digest.keeping import Keeping
from pipelines.orchestration.night import NightStep
from resources.tables.tables import TableStore

KEYS = dg.StaticPartitionsDefinition(["bad", "good"])
STEPS = [
    NightStep("knowledge"),
    NightStep("finetune", "bad"),
    NightStep("finetune", "good"),
    NightStep("promotion", needs=("knowledge",)),
]
PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+M8AAQUBAScY42YAAAAASUVORK5CYII=")
DECISION = {
    "verdict": "promote",
    "reason": "good is better",
    "outcomes": [
        {"recipe": "bad", "verdict": "missing", "reason": "no evaluation"},
        {"recipe": "good", "verdict": "promote", "reason": "token_f1 +0.2 [+0.1, +0.3]"},
    ],
}
REJECTED = {"file": "broken.pdf", "row": None, "found": "no page", "expected": "a PDF", "fix": "write it again"}


def definitions(tables: TableStore, folder: Path, sleeping: str = "") -> dg.Definitions:
    """Return the stand-ins; the asset named `sleeping` writes a file and waits to be ended."""

    def work(name: str) -> None:
        if name == sleeping:
            (folder / "asleep").touch()
            time.sleep(60)

    @dg.asset
    def documents() -> dg.MaterializeResult:
        work("documents")
        ledger = with_spending(tables.find("model_spending"), _now(), "documents", "m", 3, USED, Prices(1.0, 2.0))
        tables.write("model_spending", ledger)
        return dg.MaterializeResult(data_version=dg.DataVersion("d1"), metadata={"new": 2, "same": 7, "rejected": 1})

    @dg.asset_check(asset=documents)
    def no_figure_fell() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=False, description="native fell", metadata={"fell": ["native"]})

    @dg.asset_check(asset=documents)
    def few_are_short() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=False, severity=dg.AssetCheckSeverity.WARN, metadata={"share": 0.5})

    @dg.asset(partitions_def=KEYS)
    def adapter(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        work("adapter")
        tables.write_record(f"adapter/{context.partition_key}", {"digest": "a1"}, "a1")
        picture = folder / "loss.png"
        picture.write_bytes(PNG)
        return dg.MaterializeResult(metadata={"loss_curve": plot(picture), "tokens": 48})

    @dg.asset_check(asset=adapter, partitions_def=KEYS, blocking=True)
    def loss_fell(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        recipe = context.partition_key
        return gate(tables, "loss_fell", "adapter", "a1", Verdict(recipe == "good", "2.0 before, 2.1 after"), recipe)

    @dg.asset(deps=[adapter], partitions_def=KEYS)
    def merged() -> None: ...

    @dg.asset
    def registered_model() -> dg.MaterializeResult:
        record = {"champion": {"version": "3", "recipe": "good"}, "decision": DECISION}
        return dg.MaterializeResult(metadata={"record": dg.MetadataValue.json(record)})

    return dg.Definitions(
        assets=[documents, adapter, merged, registered_model],
        asset_checks=[no_figure_fell, few_are_short, loss_fell],
        jobs=[
            dg.define_asset_job("knowledge", dg.AssetSelection.assets(documents)),
            dg.define_asset_job("finetune", dg.AssetSelection.assets(adapter, merged), partitions_def=KEYS),
            dg.define_asset_job("promotion", dg.AssetSelection.assets(registered_model)),
        ],
    )


USED = Usage(calls=4, prompt_tokens=1_000_000, completion_tokens=500_000, cached=2, not_sent=1, seconds=3.0)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")


def keeping(folder: Path, **more: object) -> Keeping:
    """Return where such nights leave their digests: `folder`/nights."""
    return Keeping(folder / "nights", TableStore(folder / "tables"), str, **more)  # type: ignore[arg-type]


def main(folder: Path, sleeping: str) -> int:
    """Run a night as a process of its own, whose Dagster is below the folder."""
    kept = keeping(folder)
    state = folder / f"dagster-{os.getpid()}" if sleeping == "own" else folder / "dagster"
    state.mkdir(exist_ok=True)
    with dg.DagsterInstance.local_temp(str(state)) as instance:
        kept.night(definitions(TableStore(folder / "tables"), folder, sleeping), instance, STEPS, "n1")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
