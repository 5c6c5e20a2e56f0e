"""All wiring on one screen: assets, checks, jobs, schedule, sensor and what they are connected to."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import cache
from typing import Any

import dagster as dg

from assets import answering, inputs
from assets.costs import ASKING
from assets.finetune import dataset as instructions
from assets.finetune import evaluation, promotion
from assets.finetune import training as finetune
from assets.knowledge import documents
from assets.knowledge import entities as graph
from assets.knowledge import graph as knowledge_graph
from assets.planning.planned import planned_costs
from assets.planning.training import planned_work
from pipelines.compute.processor import share_cores
from pipelines.core.inputs.as_of import as_of_now
from pipelines.orchestration import jobs, schedule
from pipelines.orchestration.digest.keeping import Keeping
from pipelines.orchestration.limits import NightLimits
from resources.embedding.embedders import open_embedder
from resources.engines.engine import InferenceEngine
from resources.graph.stores import open_graph_store
from resources.models.language_model import open_language_model
from resources.models.small_model import SmallModel
from resources.settings import Settings
from resources.tables.asset_io import TableIOManager
from resources.tables.tables import TableStore
from resources.telling import tellers
from resources.tracking.tracker import Tracker

share_cores()
logging.getLogger("graftline").setLevel(logging.INFO)  # the runs' log takes it (python_logs in dagster.yaml)
settings = Settings.load()
tables = TableStore(settings.home / "tables")
meter = cache(settings.meter)  # one a process: the runs of a night share its budget


def when_needed(make: Callable[[], Any]) -> dg.ResourceDefinition:
    """Connect only when a run needs it, so that loading the definitions touches nothing."""
    return dg.ResourceDefinition(lambda _: make())


modules = [inputs, instructions, finetune, evaluation, promotion, documents, graph, knowledge_graph, answering]


wall = {name: one.seconds for name, one in settings.asset_budgets.items() if one.seconds and name not in ASKING}
limits = NightLimits(settings.night_seconds, wall, settings.night_tries, settings.night_wait_seconds)


def plan() -> list[dict[str, Any]]:
    """Return what a night that begins now would cost, train and generate."""
    return [*planned_costs(settings, tables), *planned_work(settings, tables)]


def inputs_now() -> AbstractContextManager[None]:
    """Take the input folders as they are now: a night reads nothing that arrives while it goes on."""
    texts = [settings.instructions / "dataset_info.json", *settings.recipes.glob("*.yaml")]
    return as_of_now([settings.instructions, settings.questions, settings.recipes], texts)


keeping = Keeping(settings.nights, tables, settings.hide, plan, tellers(settings), limits, inputs_now)


def definitions() -> dg.Definitions:
    """Return what stands below: the jobs of the schedules run it, and are part of it."""
    return defs


schedules = schedule.scheduled(definitions, keeping.night)
defs = dg.Definitions(
    assets=dg.map_asset_specs(jobs.wire, dg.load_assets_from_modules(modules)),  # type: ignore[arg-type]
    asset_checks=dg.load_asset_checks_from_modules(modules),
    jobs=[*jobs.asset_jobs, *(nightly.job for nightly in schedules)],
    schedules=schedules,
    sensors=[
        schedule.new_documents,
        dg.AutomationConditionSensorDefinition("cheap_steps", target=dg.AssetSelection.assets(*jobs.CHEAP)),
    ],
    executor=dg.in_process_executor,
    resources={
        "io_manager": TableIOManager(tables),
        "settings": settings,
        "tables": tables,
        "base_model": when_needed(lambda: SmallModel(settings.home)),
        "engine": when_needed(lambda: InferenceEngine.of(settings, settings.home / "work")),
        "tracker": when_needed(lambda: Tracker(settings.tracking_uri, settings.home)),
        "embedder": when_needed(lambda: open_embedder(settings)),
        "graph_store": when_needed(lambda: open_graph_store(settings)),
        "language_model": when_needed(lambda: open_language_model(settings, meter())),
    },
)
