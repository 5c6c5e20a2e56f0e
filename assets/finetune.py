"""Fine-tuning, first half: the dataset, what a training will cost, the adapter and the merged model."""

from pathlib import Path
from typing import Any

import dagster as dg

from assets.partitions import RECIPES
from assets.results import OWNERS, plot, problems_metadata, record_result
from pipelines.finetune import checking, dataset, instructions, merging, profile, servability, training
from pipelines.finetune.curves import loss_curve
from pipelines.finetune.recipe import Recipe, load_recipe
from pipelines.finetune.registration import gate_name
from resources.settings import Settings
from resources.small_model import SmallModel
from resources.tables import TableStore
from resources.tracker import Tracker, summary_metrics

GROUP = "finetune"


def _gate(
    tables: TableStore, asset: str, recipe: str, record: dict[str, Any], checks: checking.Checks
) -> dg.AssetCheckResult:
    """Report the checks and keep them by recipe: `registered_model` asks for them in a later run."""
    kept = {"digest": record["digest"], "checks": checks}
    tables.write_record(gate_name(asset, recipe), kept, record["digest"])
    passed = all(check["passed"] for check in checks.values())
    return dg.AssetCheckResult(passed=passed, metadata={name: check["reason"] for name, check in checks.items()})


def _recipe(settings: Settings, context: dg.AssetExecutionContext) -> Recipe:
    return load_recipe(settings.recipes / f"{context.partition_key}.yaml")


@dg.asset(
    group_name=GROUP, kinds={"python", "huggingface"}, owners=OWNERS, code_version="1", deps=["instruction_folder"]
)
def instruction_dataset(settings: dg.ResourceParam[Settings]) -> dg.MaterializeResult:
    """Instruction examples as a DatasetDict, split by source into train and test; bad rows are in the ledger."""
    loaded = instructions.load_instructions(settings.instructions)
    record = dataset.build_dataset(loaded.rows, settings.home)
    ledger = problems_metadata(loaded.problems, loaded.total)
    return record_result(
        record | {"rejected_share": ledger["rejected_share"]},
        rows=len(loaded.rows),
        train=record["train"],
        test=record["test"],
        path=dg.MetadataValue.path(record["path"]),
        **ledger,
    )


@dg.asset_check(asset=instruction_dataset, blocking=True)
def rows_are_sound(
    instruction_dataset: dict[str, Any],
    settings: dg.ResourceParam[Settings],
    tables: dg.ResourceParam[TableStore],
) -> dg.AssetCheckResult:
    """At most the share GRAFTLINE_BAD_SHARE was rejected, and train and test share no source and no conversation."""
    checks = checking.dataset_checks(instruction_dataset, settings.bad_share)
    return _gate(tables, "instruction_dataset", "", instruction_dataset, checks)


@dg.asset(group_name=GROUP, kinds={"python"}, owners=OWNERS, code_version="1", partitions_def=RECIPES)
def model_profile(
    context: dg.AssetExecutionContext,
    instruction_dataset: dict[str, Any],
    settings: dg.ResourceParam[Settings],
    base_model: dg.ResourceParam[SmallModel],
) -> dg.MaterializeResult:
    """What the recipe will cost: parameters, trainable ones, bytes by part, tokens of the dataset, chat template."""
    recipe = _recipe(settings, context)
    base = base_model.resolve(recipe.model_name_or_path)
    record = profile.profile_model(recipe, instruction_dataset, base, settings.home)
    return record_result(
        record,
        parameters=record["parameters"],
        trainable_parameters=record["trainable_parameters"],
        estimated_bytes=record["memory_bytes_total"],
        tokens=record["tokens"]["total"],
        loss_mask=dg.MetadataValue.md(record["preview"]),
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
    instruction_dataset: dict[str, Any],
    settings: dg.ResourceParam[Settings],
    base_model: dg.ResourceParam[SmallModel],
    tracker: dg.ResourceParam[Tracker],
) -> dg.MaterializeResult:
    """The recipe's adapter in PEFT form, trained in a child process, with its loss curve and one MLflow run."""
    recipe = _recipe(settings, context)
    base = base_model.resolve(recipe.model_name_or_path)
    record = training.train(recipe, instruction_dataset, base, settings.home) | {"recipe": context.partition_key}
    log_rows = training.read_log(Path(record["path"]))
    curve = loss_curve(log_rows, context.partition_key, settings.home / "plots" / f"loss-{record['key']}.png")
    record["run_id"] = tracker.log_training(
        record["key"],
        context.partition_key,
        recipe.model_dump(),
        Path(instruction_dataset["path"]),
        instruction_dataset["digest"],
        log_rows,
        summary_metrics(record),
        [curve],
        Path(record["path"]),
    )
    record["vllm_lora"] = servability.vllm_lora(recipe, Path(record["path"]))
    return record_result(
        record,
        loss_curve=plot(curve),
        **summary_metrics(record),
        mlflow_run=record["run_id"],
        vllm_lora=record["vllm_lora"]["command"] or "; ".join(record["vllm_lora"]["reasons"]),
    )


@dg.asset_check(asset=adapter, partitions_def=RECIPES, blocking=True)
def loss_fell(
    context: dg.AssetCheckExecutionContext, adapter: dict[str, Any], tables: dg.ResourceParam[TableStore]
) -> dg.AssetCheckResult:
    """Every logged loss is finite, and the loss on held-out rows is lower than the base's."""
    return _gate(tables, "adapter", context.partition_key, adapter, checking.adapter_checks(adapter))


@dg.asset_check(asset=adapter, partitions_def=RECIPES)
def vllm_serves_the_adapter(adapter: dict[str, Any]) -> dg.AssetCheckResult:
    """vLLM takes the adapter beside its base, or why not; the merged model is served either way."""
    told = adapter["vllm_lora"]
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
    recipe = _recipe(settings, context)
    base = base_model.resolve(recipe.model_name_or_path)
    record = merging.merge(recipe, adapter, Path(instruction_dataset["path"]), base, settings.home)
    record |= {"recipe": context.partition_key, "run_id": adapter["run_id"]}
    return record_result(
        record,
        path=dg.MetadataValue.path(record["path"]),
        bytes=record["bytes"],
        **{name: value for name, value in record.items() if name.endswith("_difference")},
    )


@dg.asset_check(asset=merged_model, partitions_def=RECIPES, blocking=True)
def merge_is_faithful(
    context: dg.AssetCheckExecutionContext, merged_model: dict[str, Any], tables: dg.ResourceParam[TableStore]
) -> dg.AssetCheckResult:
    """The merged weights give the adapter's log-probabilities, up to rounding, and keep its chat template."""
    return _gate(tables, "merged_model", context.partition_key, merged_model, checking.merge_checks(merged_model))
