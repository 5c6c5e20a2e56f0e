"""When what is started: the schedules with their jobs, and the sensor of the documents folder."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import dagster as dg

from assets.finetune.partitions import RECIPES
from pipelines.core.errors import GraftlineError
from pipelines.knowledge.documents.sources import list_files
from pipelines.orchestration.night import NIGHT_TAG, night_steps
from pipelines.orchestration.outcomes import Outcome
from pipelines.orchestration.running import run_steps, unfinished_nights
from resources.settings import Settings


@dataclass(frozen=True)
class Timetable:
    """When which steps of a night are started; `without` names the jobs that are left out."""

    schedule: str
    job: str
    cron: str
    description: str
    without: tuple[str, ...] = ()


TIMETABLES = (
    Timetable(
        "nightly_retraining",
        "night",
        "0 2 * * *",
        "Every night at 02:00 UTC: documents, data, each recipe, one decision, answers; off until switched on.",
    ),
)
"""All schedules of the project: a line here is one more, with its job."""


RunNight = Callable[..., Mapping[str, Outcome]]
"""`run_steps`, or `digest.keeping.Keeping.night`, which leaves a digest."""


def scheduled_job(
    timetable: Timetable, definitions: Callable[[], dg.Definitions], run_night: RunNight = run_steps
) -> dg.JobDefinition:
    """Return the job that a schedule starts; `definitions` are looked up when it runs, since they hold it."""

    @dg.op(name=f"whole_{timetable.job}")
    def whole(context: dg.OpExecutionContext) -> None:
        """Run the steps as runs of their own, each with its recipe's key, under this night's tag."""
        night = context.run.tags.get(NIGHT_TAG, context.run_id)
        steps = [step for step in night_steps(RECIPES.get_partition_keys()) if step.job not in timetable.without]
        outcomes = run_night(definitions(), context.instance, steps, night, own=context.run_id)
        lines = {name: outcome.as_line(name) for name, outcome in outcomes.items()}
        context.add_output_metadata(lines)
        wrong = [lines[name] for name, outcome in outcomes.items() if not outcome.well]
        if wrong:
            raise dg.Failure(f"{'; '.join(wrong)}. The other steps went on. See the runs tagged {NIGHT_TAG}={night}")

    # A schedule starts one job, and a job that mixes partitioned and unpartitioned assets has no right key: so the
    # night is a job of one op that runs the others.
    @dg.job(name=timetable.job, description=f"What the schedule {timetable.schedule} starts, as runs of their own.")
    def job() -> None:
        whole()

    return job


def schedule_of(timetable: Timetable, job: dg.JobDefinition) -> dg.ScheduleDefinition:
    """Return the schedule of a timetable; off until switched on, and it waits for a night that is still under way."""

    @dg.schedule(
        name=timetable.schedule,
        cron_schedule=timetable.cron,
        job=job,
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description=timetable.description,
    )
    def start(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        if unfinished_nights(context.instance):
            return dg.SkipReason("the night before is still running; two nights never overlap")
        key = context.scheduled_execution_time.strftime("%Y-%m-%dT%H:%M")
        return dg.RunRequest(run_key=key, tags={NIGHT_TAG: key})

    return start


def scheduled(
    definitions: Callable[[], dg.Definitions], run_night: RunNight = run_steps
) -> list[dg.ScheduleDefinition]:
    """Return every schedule of TIMETABLES, each with its job."""
    return [schedule_of(timetable, scheduled_job(timetable, definitions, run_night)) for timetable in TIMETABLES]


@dg.sensor(job_name="knowledge", minimum_interval_seconds=60, default_status=dg.DefaultSensorStatus.STOPPED)
def new_documents(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Run `knowledge` when one of the documents was added, edited or deleted; off until switched on."""
    try:
        settings = Settings.load()
        state = list_files(settings.documents, settings.documents_cache).state
    except GraftlineError as error:
        return dg.SkipReason(str(error))
    if state == context.cursor:
        return dg.SkipReason("nothing was added, edited or deleted")
    return dg.SensorResult(run_requests=[dg.RunRequest(run_key=state)], cursor=state)
