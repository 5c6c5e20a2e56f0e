"""The asset that decides which version of the model is the champion."""

from typing import Any

import dagster as dg

from assets.finetune.evaluation import GROUP, evaluation, held_out_digest, held_out_rows
from assets.finetune.level_config import DecisionConfig
from assets.finetune.looks import look_at_decision
from assets.finetune.partitions import RECIPES
from assets.results import OWNERS, markdown_table, record_result
from pipelines.core.masked import masked
from pipelines.finetune.merging.record import MergedRecord
from pipelines.finetune.promotion import registration
from pipelines.finetune.promotion.aliases import withheld
from pipelines.finetune.promotion.promotion import PromotionSettings, decide
from pipelines.finetune.recipes.files import load_recipe
from pipelines.finetune.recipes.recipe import Recipe
from pipelines.measuring.intervals import percent
from resources.engines.engine import InferenceEngine
from resources.settings import Settings
from resources.tables.tables import TableStore
from resources.tracking.tracker import Tracker


@dg.asset(group_name=GROUP, kinds={"mlflow"}, owners=OWNERS, code_version="2", deps=[evaluation], pool="gpu")
def registered_model(
    config: DecisionConfig,
    settings: dg.ResourceParam[Settings],
    tables: dg.ResourceParam[TableStore],
    tracker: dg.ResourceParam[Tracker],
    engine: dg.ResourceParam[InferenceEngine],
) -> dg.MaterializeResult:
    """The registered model `graftline`: the best recipe becomes champion only when better than what it replaces."""
    offered = registration.candidates(
        tables, RECIPES.get_partition_keys(), lambda name, dataset: held_out_digest(dataset, _recipe(settings, name))
    )
    offered = withheld(offered, tracker)
    names = [recipe for recipe, offer in offered.items() if offer]
    champion = registration.standing_champion(
        tracker, offered, lambda: _asked(tables, settings, names), engine, tables, settings.home
    )
    decision = decide(offered, champion, PromotionSettings(level=config.of(settings), noise=config.noise))
    stored = {recipe: f"merged_model/{recipe}" for recipe in names}
    merged = {recipe: MergedRecord.read(tables.read_record(name), name) for recipe, name in stored.items()}
    linked = registration.links(tables, names)
    record = registration.carry_out(decision, merged, tracker, settings.home, linked)
    looks = look_at_decision(decision, tables, names, settings.home / "plots")
    tracker.log_decision(registration.verdict_tags(decision, merged), looks.tables, looks.pictures)
    outcomes = [{"recipe": o.recipe, "verdict": o.verdict, "reason": o.reason} for o in decision.outcomes]
    return record_result(
        record,
        verdict=decision.verdict,
        reason=decision.reason,
        intervals=percent(decision.level),
        wrong_promotions_at_most=round(decision.error_rate, 6),
        outcomes=dg.MetadataValue.md(markdown_table(outcomes)),
        **looks.metadata,
        model=_link(tracker),
    )


def _recipe(settings: Settings, name: str) -> Recipe:
    return load_recipe(settings.recipes / f"{name}.yaml")


def _asked(tables: TableStore, settings: Settings, names: list[str]) -> list[dict[str, Any]]:
    """Return what these recipes hold out, each row once: of one with an eval_dataset all of that."""
    dataset = tables.read_record("instruction_dataset")
    recipes = [_recipe(settings, name) for name in names]
    return list({row["row_id"]: row for recipe in recipes for row in held_out_rows(dataset, recipe)[0]}.values())


def _link(tracker: Tracker) -> dg.MetadataValue:
    place = "/#/models/graftline"
    return (
        dg.MetadataValue.url(f"{tracker.uri}{place}")
        if tracker.uri.startswith("http")
        else dg.MetadataValue.text(f"graftline in MLflow at {masked(tracker.uri)} (make ui shows it)")
    )
