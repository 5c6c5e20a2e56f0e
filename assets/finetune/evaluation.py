"""Fine-tuning, second half: predictions of base and adapter, their evaluation, and who becomes champion."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa

from assets.costs import Spending
from assets.finetune.level_config import LevelConfig
from assets.finetune.looks import look_at_evaluation
from assets.finetune.partitions import RECIPES
from assets.planning.training import RATE_NAME, generation_rate
from assets.results import OWNERS, gate, markdown_table, problems_metadata, table_result
from pipelines.core.delta import Work
from pipelines.core.identity import json_digest
from pipelines.core.protocols import LanguageModel
from pipelines.finetune.conversation import ANSWERED, of_kind
from pipelines.finetune.dataset.checks import split_checks
from pipelines.finetune.dataset.rows.measures import registered_measures, row_measures
from pipelines.finetune.dataset.stored import load_dataset
from pipelines.finetune.evaluation import evaluation as evaluating
from pipelines.finetune.evaluation.answers import GREEDY, ModelFolder
from pipelines.finetune.evaluation.checks import (
    agreement,
    answered_twice,
    engine_checks,
    every_text_is_there,
    gate_checks,
    prompt_checks,
    texts_missing,
)
from pipelines.finetune.evaluation.judged import judge_metadata, judge_predictions
from pipelines.finetune.evaluation.prediction import predict, rendered_prompts
from pipelines.finetune.evaluation.reference import transformers_choices
from pipelines.finetune.evaluation.scores import Scored, row_slices, score_all
from pipelines.finetune.merging.record import MergedRecord
from pipelines.finetune.promotion.registration import champion_folder
from pipelines.finetune.recipes.datasets import split_for
from pipelines.finetune.recipes.files import load_recipe
from pipelines.finetune.recipes.recipe import Recipe, names_in
from pipelines.measuring.gates import Checks, Verdict
from pipelines.measuring.paired import error_rate
from resources.engines.engine import InferenceEngine
from resources.models.small_model import SmallModel
from resources.settings import Settings
from resources.tables.tables import TableStore
from resources.tracking.tracker import Tracker

GROUP = "finetune"


def held_out_rows(dataset: dict[str, Any], recipe: Recipe) -> tuple[list[dict[str, Any]], str]:
    """Return the rows that the recipe holds out, and their digest."""
    _, rows = split_for(recipe, load_dataset(Path(dataset["path"])))
    return [dict(row) for row in of_kind(rows.to_list(), ANSWERED)], held_out_digest(dataset["digest"], recipe)


def held_out_digest(dataset: str, recipe: Recipe) -> str:
    """Return the digest of what the recipe holds out of the dataset with this digest."""
    return json_digest([dataset, recipe.dataset, recipe.eval_dataset]) if recipe.eval_dataset else dataset


def _merged(stored: dict[str, Any], recipe: str) -> MergedRecord:
    return MergedRecord.read(stored, f"merged_model/{recipe}")


@dg.asset(
    group_name=GROUP, kinds={"vllm", "huggingface"}, owners=OWNERS, code_version="3", partitions_def=RECIPES, pool="gpu"
)
def predictions(
    context: dg.AssetExecutionContext,
    instruction_dataset: dict[str, Any],
    merged_model: dict[str, Any],
    settings: dg.ResourceParam[Settings],
    tables: dg.ResourceParam[TableStore],
    engine: dg.ResourceParam[InferenceEngine],
    base_model: dg.ResourceParam[SmallModel],
    tracker: dg.ResourceParam[Tracker],
) -> dg.MaterializeResult:
    """What base, merged adapter and champion answer to the held-out rows, from the same prompt ids, each row once."""
    recipe = load_recipe(settings.recipes / f"{context.partition_key}.yaml")
    base = base_model.resolve(recipe.model_name_or_path)
    rows, digest = held_out_rows(instruction_dataset, recipe)
    merged = _merged(merged_model, context.partition_key)
    made = predict(
        rows,
        digest,
        ModelFolder(base.path, base.revision),
        ModelFolder(Path(merged.path), merged.digest),
        engine,
        tables,
        champion=champion_folder(tracker, settings.home),
    )
    if made.generated and made.speed:
        rate = generation_rate(made.generated, made.max_tokens, made.speed)
        tables.write_record(f"{RATE_NAME}/{context.partition_key}", rate, rate["digest"])
    engines = ", ".join(sorted({*made.table["base_engine"].to_pylist(), *made.table["engine"].to_pylist()}))
    return table_result(
        made.table,
        Work(computed={"texts": made.generated}),
        reused_texts=made.reused,
        champion=made.champion,
        engine=engines,
        sampling=dg.MetadataValue.json(GREEDY),
        max_tokens=made.max_tokens,
        **{f"{who}_cut_at_max_tokens": count for who, count in made.cut.items()},
        **made.speed,
        **problems_metadata(made.problems, len(rows)),
    )


@dg.asset_check(asset=predictions, partitions_def=RECIPES, blocking=True)
def every_row_answered(
    context: dg.AssetCheckExecutionContext, predictions: pa.Table, tables: dg.ResourceParam[TableStore]
) -> dg.AssetCheckResult:
    """Base and adapter have a text for every held-out row."""
    counts = {"rows": predictions.num_rows, "without_text": texts_missing(predictions)}
    found = every_text_is_there(predictions)
    return _predictions_gate(tables, "every_row_answered", found, context.partition_key, counts)


def _predictions_gate(
    tables: TableStore, check: str, found: Verdict | Checks, recipe: str, figures: Mapping[str, Any] | None = None
) -> dg.AssetCheckResult:
    version, above = tables.digest(f"predictions/{recipe}"), (f"merged_model/{recipe}", "instruction_dataset")
    return gate(tables, check, "predictions", version, found, recipe, figures, above)


@dg.asset_check(asset=predictions, partitions_def=RECIPES, blocking=True)
def prompts_are_as_trained(
    context: dg.AssetCheckExecutionContext,
    predictions: pa.Table,
    settings: dg.ResourceParam[Settings],
    tables: dg.ResourceParam[TableStore],
    engine: dg.ResourceParam[InferenceEngine],
) -> dg.AssetCheckResult:
    """Every prompt was answered as the token ids that the adapter's own tokenizer and chat template make of it."""
    recipe = context.partition_key
    merged = _merged(tables.read_record(f"merged_model/{recipe}"), recipe)
    held_out, _ = held_out_rows(
        tables.read_record("instruction_dataset"), load_recipe(settings.recipes / f"{recipe}.yaml")
    )
    known = {row["row_id"]: row for row in held_out}
    rows = [known[row_id] for row_id in predictions["row_id"].to_pylist() if row_id in known]
    trained, served = (rendered_prompts(Path(path), rows, engine) for path in (merged.adapter_path, merged.path))
    return _predictions_gate(tables, "prompts_are_as_trained", prompt_checks(predictions, trained, served), recipe)


@dg.asset_check(asset=predictions, partitions_def=RECIPES, blocking=True)
def engine_agrees_with_transformers(
    context: dg.AssetCheckExecutionContext,
    predictions: pa.Table,
    settings: dg.ResourceParam[Settings],
    tables: dg.ResourceParam[TableStore],
    engine: dg.ResourceParam[InferenceEngine],
) -> dg.AssetCheckResult:
    """The engine's answers part from transformers' in float32 on no more rows than noise explains."""
    recipe = context.partition_key
    merged = _merged(tables.read_record(f"merged_model/{recipe}"), recipe)
    twice = answered_twice(predictions)
    choices = transformers_choices(twice, ModelFolder(Path(merged.path), merged.digest), recipe, engine, tables)
    checks = engine_checks(predictions, choices, error_rate(settings.level))
    return _predictions_gate(tables, "engine_agrees_with_transformers", checks, recipe, agreement(twice, choices))


@dg.asset(group_name=GROUP, kinds={"python", "mlflow"}, owners=OWNERS, code_version="3", partitions_def=RECIPES)
def evaluation(
    context: dg.AssetExecutionContext,
    instruction_dataset: dict[str, Any],
    config: LevelConfig,
    predictions: pa.Table,
    merged_model: dict[str, Any],
    settings: dg.ResourceParam[Settings],
    tracker: dg.ResourceParam[Tracker],
    tables: dg.ResourceParam[TableStore],
    language_model: dg.ResourceParam[LanguageModel],
) -> dg.MaterializeResult:
    """Base and adapter by the metrics that registry or recipe name, else four; by slice, with intervals."""
    recipe = context.partition_key
    asked = load_recipe(settings.recipes / f"{recipe}.yaml")
    held_out, _ = held_out_rows(instruction_dataset, asked)
    measures = row_measures(held_out, registered_measures(settings.instructions), tuple(names_in(asked.metrics)))
    how = evaluating.EvaluationSettings(level=config.of(settings))
    scored, judged = score_all(predictions, measures), dict[str, Any]()
    if settings.judge == "on":
        opinion, judged = _judged(predictions, held_out, language_model, tables, f"evaluation/{recipe}")
        scored += opinion
    table = evaluating.evaluate(recipe, predictions, how, measures, scored)
    _, too_small = row_slices(predictions, measures, how.slices, how.min_slice_rows)
    looks = look_at_evaluation(recipe, table, predictions, held_out, settings.home / "plots")
    scores = evaluating.score_rows(predictions, scored).to_pylist()
    reports = {**looks.tables, "evaluation": evaluating.headline(table), "scores": scores}
    run_id = _merged(merged_model, recipe).run_id
    tracker.log_evaluation(run_id, evaluating.flat_metrics(table), reports, looks.pictures)
    return table_result(
        table,
        scores=dg.MetadataValue.md(markdown_table(evaluating.headline(table))),
        rows_not_measured=evaluating.unmeasured(scored),
        slices_with_too_few_rows=too_small,
        **looks.metadata,
        mlflow_run=run_id,
        **judged,
    )


def _judged(
    predictions: pa.Table, rows: list[dict[str, Any]], model: LanguageModel, tables: TableStore, name: str
) -> tuple[list[Scored], dict[str, Any]]:
    """Return what the judge scores, and what is told of it and its cost; nothing by a model that cannot judge."""
    if model.packaged:
        return [], {"judge": "skipped: the packaged small model is no judge; name another by LLM_MODEL"}
    spending = Spending(model, "evaluation")
    scored, judgements = judge_predictions(predictions, rows, model)
    return [scored], judge_metadata(judgements, model.name) | spending.metadata(tables, name, predictions.num_rows)


@dg.asset_check(asset=evaluation, partitions_def=RECIPES, blocking=True)
def ready_for_promotion(
    context: dg.AssetCheckExecutionContext,
    evaluation: pa.Table,
    settings: dg.ResourceParam[Settings],
    tables: dg.ResourceParam[TableStore],
) -> dg.AssetCheckResult:
    """Enough rows, the same prompts, one engine, few empty texts, no leak; kept by recipe for `registered_model`."""
    recipe = context.partition_key
    asked = load_recipe(settings.recipes / f"{recipe}.yaml")
    checks = dict(gate_checks(tables.read(f"predictions/{recipe}")))
    if asked.eval_dataset:  # `nothing_leaks` looks at the split by source alone
        rows = split_for(asked, load_dataset(Path(tables.read_record("instruction_dataset")["path"])))
        checks |= split_checks(*(part.select_columns(["row_id", "messages"]).to_list() for part in rows))
    version, above = tables.digest(f"evaluation/{recipe}"), (f"predictions/{recipe}",)
    return gate(tables, "ready_for_promotion", "evaluation", version, checks, recipe, made_from=above)
