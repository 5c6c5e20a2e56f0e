"""All wiring on one screen: assets, checks, jobs, schedule, sensor and what they are connected to."""

from collections.abc import Callable
from typing import Any

import dagster as dg

from assets import answering, documents, evaluation, finetune, graph, inputs, instructions, knowledge_graph
from pipelines import automation
from pipelines.processor import share_cores
from resources.asset_io import TableIOManager
from resources.embedders import open_embedder
from resources.graph_stores import open_graph_store
from resources.inference_engine import InferenceEngine
from resources.language_model import open_language_model
from resources.settings import Settings
from resources.small_model import SmallModel
from resources.tables import TableStore
from resources.tracker import Tracker

share_cores()
settings = Settings.load()
tables = TableStore(settings.home / "tables")


def when_needed(make: Callable[[], Any]) -> dg.ResourceDefinition:
    """Connect only when a run needs it, so that loading the definitions touches nothing."""
    return dg.ResourceDefinition(lambda _: make())


modules = [inputs, instructions, finetune, evaluation, documents, graph, knowledge_graph, answering]

defs = dg.Definitions(
    assets=dg.map_asset_specs(automation.wire, dg.load_assets_from_modules(modules)),  # type: ignore[arg-type]
    asset_checks=dg.load_asset_checks_from_modules(modules),
    jobs=[*automation.asset_jobs, automation.night],
    schedules=[automation.nightly_retraining],
    sensors=[
        automation.new_documents,
        dg.AutomationConditionSensorDefinition("cheap_steps", target=dg.AssetSelection.assets(*automation.CHEAP)),
    ],
    executor=dg.in_process_executor,
    resources={
        "io_manager": TableIOManager(tables),
        "settings": settings,
        "tables": tables,
        "base_model": when_needed(lambda: SmallModel(settings.home)),
        "engine": when_needed(lambda: InferenceEngine(settings.engine, settings.home / "work")),
        "tracker": when_needed(lambda: Tracker(settings.tracking_uri, settings.home)),
        "embedder": when_needed(lambda: open_embedder(settings)),
        "graph_store": when_needed(lambda: open_graph_store(settings)),
        "language_model": when_needed(lambda: open_language_model(settings)),
    },
)
