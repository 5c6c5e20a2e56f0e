"""Jobs, the nightly schedule, the sensor, and the conditions by which cheap steps follow their inputs."""

import logging
import os
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import dagster as dg
import psutil

from assets.partitions import RECIPES
from pipelines.errors import GraftlineError, ServiceError
from pipelines.knowledge.sources import list_files
from pipelines.night import NIGHT_TAG, NightStep, night_steps
from pipelines.outcomes import Outcome, failed_above, in_order, outcome_of, refused_above
from resources.settings import Settings

log = logging.getLogger("graftline")

PARTITIONED = ("model_profile", "adapter", "merged_model", "predictions", "evaluation")
CHEAP = ("chunks", "chunk_embeddings", "extractions", "entity_graph", "communities", "knowledge_graph")
PROCESS_TAG = "graftline/process"
_NOT_DONE = {"FAILED": "failed", "skipped": "was skipped"}
FRESH_WITHIN = timedelta(hours=36)
UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]

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


def bury_the_dead(instance: dg.DagsterInstance) -> None:
    """Fail the runs whose process is gone, and free the pool slots that they hold: a killed night blocks nobody."""
    for run in instance.get_runs(filters=dg.RunsFilter(statuses=UNFINISHED)):
        if PROCESS_TAG in run.tags and not psutil.pid_exists(int(run.tags[PROCESS_TAG])):
            instance.report_run_failed(run, "the process that ran this is gone")
    storage = instance.event_log_storage
    if not storage.supports_global_concurrency_limits:
        return
    for pool in storage.get_concurrency_keys():
        info = storage.get_concurrency_info(pool)
        # A killed run that still stands in the queue would have the slot kept for it for ever.
        for run_id in {slot.run_id for slot in info.claimed_slots} | {step.run_id for step in info.pending_steps}:
            holder = instance.get_run_by_id(run_id)
            if holder is None or holder.is_finished:
                storage.free_concurrency_slots_for_run(run_id)


def _unfinished_nights(instance: dg.DagsterInstance, own: str | None = None) -> list[dg.DagsterRun]:
    bury_the_dead(instance)
    runs = instance.get_runs(filters=dg.RunsFilter(statuses=UNFINISHED))
    return [run for run in runs if NIGHT_TAG in run.tags and run.run_id != own]


def run_steps(
    defs: dg.Definitions,
    instance: dg.DagsterInstance,
    steps: Sequence[NightStep],
    night: str,
    own: str | None = None,
    config: Mapping[str, Any] | None = None,
) -> dict[str, Outcome]:
    """Run the steps in this process, one after the other, under one tag; a failed step stops those that need it.

    `own` is the run that does the asking, `config` the configuration of knowledge's assets. ServiceError when another
    night is under way.
    """
    others = _unfinished_nights(instance, own)
    if others:
        raise ServiceError(
            "the night",
            f"{others[0].tags[NIGHT_TAG]} still running (run {others[0].run_id[:8]})",
            "one night at a time",
            "wait for it, or terminate its runs in the UI (make ui)",
        )
    outcomes: dict[str, Outcome] = {}
    for step in steps:
        lacking = [f"{name} {_NOT_DONE[outcomes[name].verdict]}" for name in step.needs if not outcomes[name].done]
        if lacking:
            outcomes[step.name] = Outcome("skipped", ", ".join(lacking))
            log.info("%s", outcomes[step.name].told(step.name))
            continue
        log.info("%s …", step.name)
        result = defs.resolve_job_def(step.job).execute_in_process(
            instance=instance,
            partition_key=step.recipe,
            raise_on_error=False,
            run_config=_run_config(dict(config or {}) if step.job == "knowledge" else {}),
            tags={NIGHT_TAG: night, PROCESS_TAG: str(os.getpid())},
        )
        outcomes[step.name] = outcome_of(result, defs.resolve_asset_graph())
        log.info("%s%s", outcomes[step.name].told(step.name), _longest(result))
    return outcomes


def _run_config(ops: dict[str, Any]) -> dict[str, Any]:
    # Every input of every step is an event of level DEBUG: the UI keeps them, a terminal drowned in them.
    return {"ops": ops, "loggers": {"console": {"config": {"log_level": "INFO"}}}}


def _longest(result: dg.ExecuteInProcessResult) -> str:
    """Return which steps took a second and more, in parentheses."""
    events = result.filter_events(lambda event: event.is_step_success)
    seconds = {event.step_key: event.step_success_data.duration_ms / 1000 for event in events}
    told = ", ".join(f"{step} {taken:.0f} s" for step, taken in seconds.items() if step and taken >= 1)
    return f" ({told})" if told else ""


@dg.op
def whole_night(context: dg.OpExecutionContext) -> None:
    """Run the night's steps as runs of their own, each with its recipe's key, under this night's tag."""
    from pipelines.definitions import defs

    night = context.run.tags.get(NIGHT_TAG, context.run_id)
    steps = night_steps(RECIPES.get_partition_keys())
    outcomes = run_steps(defs, context.instance, steps, night, own=context.run_id)
    told = {name: outcome.told(name) for name, outcome in outcomes.items()}
    context.add_output_metadata(told)
    wrong = [told[name] for name, outcome in outcomes.items() if not outcome.done]
    if wrong:
        raise dg.Failure(f"{'; '.join(wrong)}. The other steps went on. See the runs tagged {NIGHT_TAG}={night}")


# A schedule starts one job, and a job that mixes partitioned and unpartitioned assets has no right key: so the night is
# a job of one op that runs the others.
@dg.job(
    description="What the schedule starts: documents, data, each recipe, one decision, answers, as runs of their own."
)
def night() -> None:
    whole_night()


@dg.schedule(cron_schedule="0 2 * * *", job=night, default_status=dg.DefaultScheduleStatus.STOPPED)
def nightly_retraining(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Every night at 02:00: documents, data, each recipe, one decision, answers; off until switched on."""
    if _unfinished_nights(context.instance):
        return dg.SkipReason("the night before is still running; two nights never overlap")
    key = context.scheduled_execution_time.strftime("%Y-%m-%dT%H:%M")
    return dg.RunRequest(run_key=key, tags={NIGHT_TAG: key})


@dg.sensor(job_name="knowledge", minimum_interval_seconds=60, default_status=dg.DefaultSensorStatus.STOPPED)
def new_documents(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Run `knowledge` when one of the documents was added, edited or deleted; off until switched on."""
    settings = Settings.load()
    try:
        state = list_files(settings.documents, settings.documents_cache).state
    except GraftlineError as error:
        return dg.SkipReason(str(error))
    if state == context.cursor:
        return dg.SkipReason("nothing was added, edited or deleted")
    return dg.SensorResult(run_requests=[dg.RunRequest(run_key=state)], cursor=state)


def run_selection(
    defs: dg.Definitions,
    instance: dg.DagsterInstance,
    names: Sequence[str],
    recipes: Sequence[str],
    config: Mapping[str, Any] | None = None,
) -> dict[str, Outcome]:
    """Materialise the named assets, those with recipes once a recipe; `config` is by asset.

    What is made from an asset that failed here is skipped, and so is a training on data that its gates refused.
    """
    bury_the_dead(instance)
    graph = defs.resolve_asset_graph()
    outcomes: dict[str, Outcome] = {}
    failed: list[NightStep] = []
    for name in in_order(names, graph):
        refused = refused_above(name, names, graph, instance) if name in PARTITIONED else None
        for recipe in recipes if name in PARTITIONED else [None]:
            step = NightStep(name, recipe)
            hindered = failed_above(step, failed, graph) or refused
            outcomes[step.name] = (
                Outcome("skipped", hindered) if hindered else _materialise(defs, instance, step, config or {})
            )
            if outcomes[step.name].verdict == "FAILED":
                failed.append(step)
    return outcomes


def _materialise(
    defs: dg.Definitions, instance: dg.DagsterInstance, step: NightStep, config: Mapping[str, Any]
) -> Outcome:
    result = defs.resolve_implicit_global_asset_job_def().execute_in_process(
        instance=instance,
        partition_key=step.recipe,
        asset_selection=[dg.AssetKey(step.job)],
        tags={PROCESS_TAG: str(os.getpid())},
        run_config=_run_config({step.job: config[step.job]} if step.job in config else {}),
        raise_on_error=False,
    )
    return outcome_of(result, defs.resolve_asset_graph())
