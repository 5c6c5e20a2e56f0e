"""Fine-tuning, first half: what a training will cost, the adapter and the merged model."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg

from assets.finetune.partitions import RECIPES
from assets.finetune.recipe_config import RecipeConfig
from assets.results import OWNERS, gate, plot, record_result
from pipelines.finetune.merging import merging
from pipelines.finetune.merging.checks import files_checks, merge_checks
from pipelines.finetune.merging.record import MergedRecord
from pipelines.finetune.models import profile, servability
from pipelines.finetune.recipes.datasets import require_configured_folder
from pipelines.finetune.recipes.files import load_recipe, resolved_yaml
from pipelines.finetune.recipes.recipe import Recipe
from pipelines.finetune.training import training
from pipelines.finetune.training.checks import adapter_checks
from pipelines.finetune.training.record import TrainingRecord
from pipelines.finetune.training.tracked import summary_metrics, train_and_track
from resources.file_digests import FileDigests
from resources.models.small_model import SmallModel
from resources.settings import Settings
from resources.tables.tables import TableStore
from resources.tracking.tracker import Tracker

GROUP = "finetune"


def _trained(stored: dict[str, Any], recipe: str) -> TrainingRecord:
    return TrainingRecord.read(stored, f"adapter/{recipe}")


def _recipe(settings: Settings, name: str, overrides: Mapping[str, Any] | None = None) -> Recipe:
    recipe = load_recipe(settings.recipes / f"{name}.yaml", overrides)
    require_configured_folder(recipe, settings.instructions)
    return recipe


@dg.asset(group_name=GROUP, kinds={"python"}, owners=OWNERS, code_version="1", partitions_def=RECIPES)
def model_profile(
    context: dg.AssetExecutionContext,
    instruction_dataset: dict[str, Any],
    settings: dg.ResourceParam[Settings],
    base_model: dg.ResourceParam[SmallModel],
) -> dg.MaterializeResult:
    """What the recipe will cost: parameters, trainable ones, bytes by part, tokens of the dataset, chat template."""
    recipe = _recipe(settings, context.partition_key)
    base = base_model.resolve(recipe.model_name_or_path)
    record = profile.profile_model(recipe, instruction_dataset, base, settings.home)
    return record_result(
        record,
        parameters=record["parameters"],
        trainable_parameters=record["trainable_parameters"],
        estimated_bytes=record["memory_bytes_total"],
        tokens=record["tokens"]["total"],
        loss_mask=dg.MetadataValue.md("\n\n".join(f"{n}. {text}" for n, text in enumerate(record["previews"], 1))),
    )


@dg.asset_check(asset=model_profile, partitions_def=RECIPES)
def something_is_trained(model_profile: dict[str, Any]) -> dg.AssetCheckResult:
    """The recipe trains something, and at least one token in ten carries loss."""
    tokens, trained = model_profile["tokens"], model_profile["trainable_parameters"]
    passed = 0 < trained <= model_profile["parameters"] and tokens["loss"] >= 0.1 * tokens["total"]
    return dg.AssetCheckResult(passed=passed, metadata={"trainable_parameters": trained, "loss_tokens": tokens["loss"]})


@dg.asset(
    group_name=GROUP,
    kinds={"pytorch", "huggingface", "mlflow"},
    owners=OWNERS,
    code_version=training.CODE_VERSION,
    partitions_def=RECIPES,
    pool="gpu",
    deps=["model_profile"],
)
def adapter(
    context: dg.AssetExecutionContext,
    config: RecipeConfig,
    instruction_dataset: dict[str, Any],
    settings: dg.ResourceParam[Settings],
    base_model: dg.ResourceParam[SmallModel],
    tracker: dg.ResourceParam[Tracker],
) -> dg.MaterializeResult:
    """The recipe's adapter in PEFT form, trained in a child process, with its loss curve and one MLflow run."""
    recipe = _recipe(settings, context.partition_key, config.values())
    base = base_model.resolve(recipe.model_name_or_path)
    record = train_and_track(context.partition_key, recipe, instruction_dataset, base, settings.home, tracker)
    return record_result(
        record.as_json(),
        vllm_lora=servability.servability_line(record.vllm_lora),
        loss_curve=plot(Path(record.curve)),
        **summary_metrics(record),
        mlflow_run=record.run_id,
        run_name=record.run_name,
        recipe=dg.MetadataValue.md(f"```yaml\n{resolved_yaml(recipe)}```"),
        noted=dg.MetadataValue.md("\n".join(f"- {note}" for note in record.notes) or "*nothing*"),
    )


@dg.asset_check(asset=adapter, partitions_def=RECIPES, blocking=True)
def loss_fell(
    context: dg.AssetCheckExecutionContext, adapter: dict[str, Any], tables: dg.ResourceParam[TableStore]
) -> dg.AssetCheckResult:
    """Every logged loss is finite, and the loss on held-out rows is lower than the base's."""
    record = _trained(adapter, context.partition_key)
    checks, recipe = adapter_checks(record), context.partition_key
    made_from = ("instruction_dataset",)
    return gate(tables, "loss_fell", "adapter", adapter["digest"], checks, recipe, made_from=made_from)


@dg.asset_check(asset=adapter, partitions_def=RECIPES)
def vllm_serves_the_adapter(context: dg.AssetCheckExecutionContext, adapter: dict[str, Any]) -> dg.AssetCheckResult:
    """vLLM takes the adapter beside its base, or why not; the merged model is served either way."""
    told = _trained(adapter, context.partition_key).vllm_lora
    metadata = {"command": told["command"], "reasons": "; ".join(told["reasons"]) or "none"}
    return dg.AssetCheckResult(passed=told["servable"], severity=dg.AssetCheckSeverity.WARN, metadata=metadata)


@dg.asset(
    group_name=GROUP,
    kinds={"pytorch", "huggingface"},
    owners=OWNERS,
    code_version=merging.CODE_VERSION,
    partitions_def=RECIPES,
    pool="gpu",
)
def merged_model(
    context: dg.AssetExecutionContext,
    adapter: dict[str, Any],
    instruction_dataset: dict[str, Any],
    settings: dg.ResourceParam[Settings],
    base_model: dg.ResourceParam[SmallModel],
) -> dg.MaterializeResult:
    """Base and adapter as one ordinary checkpoint that any engine serves, compared with what it was made from."""
    trained = _trained(adapter, context.partition_key)
    recipe = Recipe(**trained.resolved)  # the launchpad may have trained with other values than the file's
    base = base_model.resolve(recipe.model_name_or_path)
    merged = merging.merge(recipe, trained, Path(instruction_dataset["path"]), base, settings.home)
    record = replace(merged, recipe=context.partition_key, run_id=trained.run_id).as_json()
    return record_result(
        record,
        path=dg.MetadataValue.path(merged.path),
        bytes=merged.bytes,
        **{name: value for name, value in record.items() if name.endswith("_difference")},
    )


@dg.asset_check(asset=merged_model, partitions_def=RECIPES, blocking=True)
def merge_is_faithful(
    context: dg.AssetCheckExecutionContext,
    merged_model: dict[str, Any],
    settings: dg.ResourceParam[Settings],
    tables: dg.ResourceParam[TableStore],
) -> dg.AssetCheckResult:
    """The merged weights give the adapter's log-probabilities, up to rounding, and its chat template, and lie whole."""
    recipe = context.partition_key
    merged = MergedRecord.read(merged_model, f"merged_model/{recipe}")
    # Weights of which neither size nor times have changed are those that were read: a quiet night reads no gigabytes.
    checks = {**merge_checks(merged), **files_checks(merged, FileDigests.of_home(settings.home).file_digest)}
    made_from = (f"adapter/{recipe}",)
    return gate(
        tables, "merge_is_faithful", "merged_model", merged_model["digest"], checks, recipe, made_from=made_from
    )
