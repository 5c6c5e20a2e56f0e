"""The nightly schedule with its job, and the sensor of the documents folder."""

from collections.abc import Callable

import dagster as dg

from assets.finetune.partitions import RECIPES
from pipelines.core.errors import GraftlineError
from pipelines.knowledge.documents.sources import list_files
from pipelines.orchestration.night import NIGHT_TAG, night_steps
from pipelines.orchestration.running import run_steps, unfinished_nights
from resources.settings import Settings


def night_job(definitions: Callable[[], dg.Definitions]) -> dg.JobDefinition:
    """Return the job that the schedule starts; `definitions` are looked up when it runs, since they hold it."""

    @dg.op
    def whole_night(context: dg.OpExecutionContext) -> None:
        """Run the night's steps as runs of their own, each with its recipe's key, under this night's tag."""
        night = context.run.tags.get(NIGHT_TAG, context.run_id)
        steps = night_steps(RECIPES.get_partition_keys())
        outcomes = run_steps(definitions(), context.instance, steps, night, own=context.run_id)
        told = {name: outcome.told(name) for name, outcome in outcomes.items()}
        context.add_output_metadata(told)
        wrong = [told[name] for name, outcome in outcomes.items() if not outcome.done]
        if wrong:
            raise dg.Failure(f"{'; '.join(wrong)}. The other steps went on. See the runs tagged {NIGHT_TAG}={night}")

    # A schedule starts one job, and a job that mixes partitioned and unpartitioned assets has no right key: so the
    # night is a job of one op that runs the others.
    @dg.job(
        description="What the schedule starts: documents, data, each recipe, one decision, answers, as runs of their "
        "own."
    )
    def night() -> None:
        whole_night()

    return night


def nightly_retraining(job: dg.JobDefinition) -> dg.ScheduleDefinition:
    """Return the schedule of the night: every day at 02:00; off until switched on."""

    @dg.schedule(
        name="nightly_retraining",
        cron_schedule="0 2 * * *",
        job=job,
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description="Every night at 02:00: documents, data, each recipe, one decision, answers; off until switched on.",
    )
    def start(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        if unfinished_nights(context.instance):
            return dg.SkipReason("the night before is still running; two nights never overlap")
        key = context.scheduled_execution_time.strftime("%Y-%m-%dT%H:%M")
        return dg.RunRequest(run_key=key, tags={NIGHT_TAG: key})

    return start


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
