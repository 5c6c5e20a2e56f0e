"""The jobs, and the conditions by which cheap steps follow their inputs."""

from datetime import timedelta

import dagster as dg

from assets.finetune.partitions import RECIPES

PARTITIONED = ("model_profile", "adapter", "merged_model", "predictions", "evaluation")


CHEAP = ("chunks", "chunk_embeddings", "extractions", "entity_graph", "communities", "knowledge_graph")


FRESH_WITHIN = timedelta(hours=36)


asset_jobs = [
    dg.define_asset_job(
        "preparation",
        selection=dg.AssetSelection.assets("instruction_dataset"),
        description="Read the instruction examples and split them.",
    ),
    dg.define_asset_job(
        "finetune",
        selection=dg.AssetSelection.assets(*PARTITIONED),
        partitions_def=RECIPES,
        description="Profile, train, merge, predict and evaluate one recipe.",
    ),
    dg.define_asset_job(
        "promotion",
        selection=dg.AssetSelection.assets("registered_model"),
        description="Decide once, over all recipes, which version carries the alias champion.",
    ),
    dg.define_asset_job(
        "knowledge",
        selection=dg.AssetSelection.groups("knowledge"),
        description="Bring the knowledge graph up to date with the documents folder.",
    ),
    dg.define_asset_job(
        "answering",
        selection=dg.AssetSelection.groups("answering"),
        description="Answer the questions in every mode and keep score.",
    ),
]


# A cheap step follows when what it reads has changed (not merely been rerun) and passed its gates.
FOLLOW = (
    dg.AutomationCondition.any_deps_match(dg.AutomationCondition.data_version_changed())
    .since(dg.AutomationCondition.newly_requested() | dg.AutomationCondition.newly_updated())
    .with_label("an input's data version changed")
    & dg.AutomationCondition.all_deps_blocking_checks_passed()
    & ~dg.AutomationCondition.any_deps_in_progress()
    & ~dg.AutomationCondition.in_progress()
)


def wire(spec: dg.AssetSpec) -> dg.AssetSpec:
    """Give a cheap asset its condition and the two products their freshness policy."""
    name = spec.key.path[-1]
    if name in CHEAP:
        spec = spec.replace_attributes(automation_condition=FOLLOW)
    if name in ("registered_model", "knowledge_graph"):
        spec = spec.replace_attributes(freshness_policy=dg.FreshnessPolicy.time_window(fail_window=FRESH_WITHIN))
    return spec
