"""Steps of a night and selected assets, run in this process one after the other."""

import logging
import os
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import dagster as dg
import psutil

from pipelines.core.errors import ServiceError
from pipelines.measuring.gates import GateStore
from pipelines.orchestration.jobs import PARTITIONED
from pipelines.orchestration.limits import Clock, NightLimits, TimeIsUp
from pipelines.orchestration.night import NIGHT_TAG, NightStep
from pipelines.orchestration.outcomes import PUT_OFF, Outcome, failed_above, in_order, outcome_of, refused_above
from pipelines.orchestration.outside import failed_outside

log = logging.getLogger("graftline")
PROCESS_TAG = "graftline/process"


_NOT_DONE = {"FAILED": "failed", "skipped": "was skipped", PUT_OFF: "was put off"}


UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def bury_the_dead(instance: dg.DagsterInstance) -> None:
    """Fail the runs whose process is gone, and free the pool slots that they hold: a killed night blocks nobody."""
    for record in instance.get_run_records(filters=dg.RunsFilter(statuses=UNFINISHED)):
        run, began = record.dagster_run, record.create_timestamp.timestamp()
        if PROCESS_TAG in run.tags and not _still_runs(int(run.tags[PROCESS_TAG]), began):
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


_CLOCK_SECONDS = 60.0
"""By so much a clock may have been set between a process's start and its run's."""


def _still_runs(pid: int, began: float) -> bool:
    """Say whether the process of a run that was made at `began` lives; a younger one has only its number.

    After a restart, of a container above all, the same numbers are given out again.
    """
    try:
        return psutil.Process(pid).create_time() <= began + _CLOCK_SECONDS
    except psutil.AccessDenied:  # it is there, and nobody says since when
        return True
    except psutil.NoSuchProcess:
        return False


def unfinished_nights(instance: dg.DagsterInstance, own: str | None = None) -> list[dg.DagsterRun]:
    """Return the runs of nights that are under way, but not `own`."""
    bury_the_dead(instance)
    runs = instance.get_runs(filters=dg.RunsFilter(statuses=UNFINISHED))
    return [run for run in runs if NIGHT_TAG in run.tags and run.run_id != own]


def refuse_second_night(instance: dg.DagsterInstance, own: str | None = None) -> None:
    """Raise ServiceError when a night other than that of the run `own` has a run under way."""
    others = unfinished_nights(instance, own)
    if others:
        raise ServiceError(
            "the night",
            f"{others[0].tags[NIGHT_TAG]} still running (run {others[0].run_id[:8]})",
            "one night at a time",
            "wait for it, or terminate its runs in the UI (make ui)",
        )


class Watch(Protocol):
    """Who is told what a night does: `digest.journal.Entry`."""

    def began(self, step: str) -> None: ...

    def ended(self, step: str, state: str, reason: str, seconds: float, tries: int = 1) -> None: ...


def run_steps(
    defs: dg.Definitions,
    instance: dg.DagsterInstance,
    steps: Sequence[NightStep],
    night: str,
    own: str | None = None,
    config: Mapping[str, Any] | None = None,
    watch: Watch | None = None,
    clock: Clock | None = None,
) -> dict[str, Outcome]:
    """Run the steps in this process, one after the other, under one tag; a failed step stops those that need it.

    `own` is the run that does the asking, `config` the configuration of knowledge's assets, `clock` what the night may
    take. ServiceError when another night is under way. `digest.keeping.Keeping.night` runs them as a night that leaves
    a digest.
    """
    refuse_second_night(instance, own)
    outcomes: dict[str, Outcome] = {}
    clock = clock or Clock(NightLimits())

    def ended(step: NightStep, outcome: Outcome, seconds: float, more: str = "") -> None:
        outcomes[step.name] = outcome
        if watch:
            watch.ended(step.name, outcome.verdict, outcome.reason, seconds, outcome.tries)
        log.info("%s%s", outcome.as_line(step.name), more)

    for step in steps:
        lacking = {name: outcomes[name] for name in step.needs if not outcomes[name].done}
        if lacking:
            off = all(outcome.verdict == PUT_OFF for outcome in lacking.values())
            told = ", ".join(f"{name} {_NOT_DONE[outcome.verdict]}" for name, outcome in lacking.items())
            ended(step, Outcome(PUT_OFF if off else "skipped", told), 0.0)
            continue
        if refusal := clock.refusal(step.name):
            ended(step, Outcome(PUT_OFF, refusal), 0.0)
            continue
        log.info("%s …", step.name)
        if watch:
            watch.began(step.name)
        started = time.monotonic()
        run_config = _run_config(dict(config or {}) if step.job == "knowledge" else {})
        outcome, more = _tried(defs, instance, step, night, run_config, clock)
        ended(step, outcome, time.monotonic() - started, more)
    return outcomes


def _tried(
    defs: dg.Definitions,
    instance: dg.DagsterInstance,
    step: NightStep,
    night: str,
    run_config: Mapping[str, Any],
    clock: Clock,
) -> tuple[Outcome, str]:
    """Return how a step ended, begun anew where it failed for a reason outside of it, and which assets took long."""
    wait, limits = clock.limits.wait, clock.limits
    for number in range(1, limits.tries + 1):
        run_id = str(uuid.uuid4())
        instance.add_event_listener(run_id, clock.hear)
        try:
            with clock.running():
                result = defs.resolve_job_def(step.job).execute_in_process(
                    instance=instance,
                    partition_key=step.recipe,
                    raise_on_error=False,
                    run_config=dict(run_config),
                    tags={NIGHT_TAG: night, PROCESS_TAG: str(os.getpid())},
                    run_id=run_id,
                )
        except TimeIsUp as error:  # between two assets
            run = instance.get_run_by_id(run_id)
            if run is not None and not run.is_finished:
                instance.report_run_failed(run, str(error))
            return Outcome(PUT_OFF, str(error), number), ""
        outcome = outcome_of(result, defs.resolve_asset_graph())
        again = number < limits.tries and outcome.verdict == "FAILED" and failed_outside(result)
        if not again or clock.left <= wait:
            break
        log.warning("%s failed: %s; tried again in %.0f s", step.name, outcome.reason, wait)
        time.sleep(wait)
        wait *= 2
    return replace(outcome, tries=number), _longest(result)


def _run_config(ops: dict[str, Any]) -> dict[str, Any]:
    # Every input of every step is an event of level DEBUG: the UI keeps them, a terminal drowned in them.
    return {"ops": ops, "loggers": {"console": {"config": {"log_level": "INFO"}}}}


def _longest(result: dg.ExecuteInProcessResult) -> str:
    """Return which steps took a second and more, in parentheses."""
    events = result.filter_events(lambda event: event.is_step_success)
    seconds = {event.step_key: event.step_success_data.duration_ms / 1000 for event in events}
    told = ", ".join(f"{step} {taken:.0f} s" for step, taken in seconds.items() if step and taken >= 1)
    return f" ({told})" if told else ""


def run_selection(
    defs: dg.Definitions,
    instance: dg.DagsterInstance,
    names: Sequence[str],
    recipes: Sequence[str],
    store: GateStore,
    config: Mapping[str, Any] | None = None,
) -> dict[str, Outcome]:
    """Materialise the named assets, those with recipes once a recipe; `config` is by asset, `store` holds the gates.

    What is made from an asset that failed here is skipped, and so is a recipe's step on what its gates refused, or
    never judged, in an earlier run.
    """
    bury_the_dead(instance)
    graph = defs.resolve_asset_graph()
    outcomes: dict[str, Outcome] = {}
    failed: list[NightStep] = []
    for name in in_order(names, graph):
        for recipe in recipes if name in PARTITIONED else [None]:
            step = NightStep(name, recipe)
            refused = refused_above(step, names, graph, store) if recipe else None
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
