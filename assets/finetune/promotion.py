"""The asset that decides which version of the model is the champion."""

import dagster as dg

from assets.finetune.evaluation import GROUP, _held_out, evaluation
from assets.finetune.partitions import RECIPES
from assets.results import OWNERS, markdown_table, record_result
from pipelines.core.masked import masked
from pipelines.finetune.merging.record import MergedRecord
from pipelines.finetune.promotion import registration
from pipelines.finetune.promotion.promotion import PromotionSettings, decide
from resources.engines.engine import InferenceEngine
from resources.settings import Settings
from resources.tables.tables import TableStore
from resources.tracking.tracker import Tracker


@dg.asset(group_name=GROUP, kinds={"mlflow"}, owners=OWNERS, code_version="1", deps=[evaluation], pool="gpu")
def registered_model(
    settings: dg.ResourceParam[Settings],
    tables: dg.ResourceParam[TableStore],
    tracker: dg.ResourceParam[Tracker],
    engine: dg.ResourceParam[InferenceEngine],
) -> dg.MaterializeResult:
    """The registered model `graftline`: the best recipe becomes champion only when better than what it replaces."""
    offered = registration.candidates(tables, RECIPES.get_partition_keys())
    champion = registration.standing_champion(
        tracker, offered, lambda: _held_out(tables.read_record("instruction_dataset")), engine, tables, settings.home
    )
    decision = decide(offered, champion, PromotionSettings(level=settings.level))
    names = {recipe: f"merged_model/{recipe}" for recipe, offer in offered.items() if offer}
    merged = {recipe: MergedRecord.read(tables.read_record(name), name) for recipe, name in names.items()}
    record = registration.carry_out(decision, merged, tracker, settings.home)
    outcomes = [{"recipe": o.recipe, "verdict": o.verdict, "reason": o.reason} for o in decision.outcomes]
    return record_result(
        record,
        verdict=decision.verdict,
        reason=decision.reason,
        outcomes=dg.MetadataValue.md(markdown_table(outcomes)),
        model=_link(tracker),
    )


def _link(tracker: Tracker) -> dg.MetadataValue:
    place = "/#/models/graftline"
    return (
        dg.MetadataValue.url(f"{tracker.uri}{place}")
        if tracker.uri.startswith("http")
        else dg.MetadataValue.text(f"graftline in MLflow at {masked(tracker.uri)} (make ui shows it)")
    )
