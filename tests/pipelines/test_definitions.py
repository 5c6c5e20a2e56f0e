from datetime import datetime

import dagster as dg
import pytest

from pipelines.definitions import defs
from pipelines.finetune.promotion.registration import GATED
from pipelines.orchestration.jobs import PARTITIONED

FINETUNE = {
    "instruction_dataset",
    "model_profile",
    "adapter",
    "merged_model",
    "predictions",
    "evaluation",
    "registered_model",
}
KNOWLEDGE = {
    "documents",
    "chunks",
    "chunk_embeddings",
    "extractions",
    "entity_graph",
    "communities",
    "community_summaries",
    "knowledge_graph",
}
ANSWERING = {"questions", "answers", "scoreboard"}
FOLDERS = {"instruction_folder", "document_folder", "question_folder"}
ARROWS = {
    "instruction_dataset": {"instruction_folder"},
    "adapter": {"instruction_dataset", "model_profile"},
    "merged_model": {"adapter"},
    "evaluation": {"predictions"},
    "registered_model": {"evaluation"},
    "documents": {"document_folder"},
    "chunks": {"documents"},
    "chunk_embeddings": {"chunks"},
    "extractions": {"chunks"},
    "entity_graph": {"extractions"},
    "communities": {"entity_graph"},
    "community_summaries": {"communities"},
    "knowledge_graph": {"chunk_embeddings", "entity_graph", "community_summaries"},
    "questions": {"question_folder"},
    "answers": {"knowledge_graph", "questions"},
    "scoreboard": {"answers", "questions"},
}


@pytest.fixture(scope="module")
def graph():
    return defs.resolve_asset_graph()


def test_the_assets_are_those_of_the_design(graph):
    names = {key.to_user_string() for key in graph.materializable_asset_keys}
    assert names == FINETUNE | KNOWLEDGE | ANSWERING
    assert {key.to_user_string() for key in graph.external_asset_keys} == FOLDERS


@pytest.mark.parametrize(("asset", "parents"), ARROWS.items(), ids=ARROWS)
def test_the_arrows_of_the_picture_are_in_the_lineage(graph, asset: str, parents: set[str]):
    assert parents <= {key.to_user_string() for key in graph.get(dg.AssetKey(asset)).parent_keys}


@pytest.mark.parametrize("name", sorted(FINETUNE | KNOWLEDGE | ANSWERING))
def test_the_catalogue_tells_what_each_asset_is(graph, name: str):
    node = graph.get(dg.AssetKey(name))
    assert len(node.description or "") > 20
    assert node.group_name == next(
        group
        for group, members in (("finetune", FINETUNE), ("knowledge", KNOWLEDGE), ("answering", ANSWERING))
        if name in members
    )
    assert node.kinds and node.owners and node.code_version
    assert (node.partitions_def is not None) == (name in PARTITIONED)


def test_jobs_schedule_and_sensors_are_there():
    repository = defs.get_repository_def()
    assert {"preparation", "finetune", "promotion", "knowledge", "answering", "night"} <= set(repository.job_names)
    schedule = repository.get_schedule_def("nightly_retraining")
    assert schedule.cron_schedule == "0 2 * * *"
    assert schedule.default_status == dg.DefaultScheduleStatus.STOPPED
    assert repository.has_sensor_def("new_documents")


def test_the_schedule_starts_one_night_under_one_tag():
    from pipelines.orchestration.night import NIGHT_TAG

    with (
        dg.DagsterInstance.local_temp() as instance,
        dg.build_schedule_context(instance, scheduled_execution_time=datetime(2026, 11, 24, 2)) as context,
    ):
        (request,) = defs.resolve_schedule_def("nightly_retraining").evaluate_tick(context).run_requests
    assert request.run_key == request.tags[NIGHT_TAG] == "2026-11-24T02:00"
    assert defs.get_repository_def().get_schedule_def("nightly_retraining").job_name == "night"


def test_the_schedule_waits_while_the_night_before_is_still_running():
    from pipelines.orchestration.night import NIGHT_TAG

    with dg.DagsterInstance.local_temp() as instance:
        instance.create_run_for_job(
            defs.resolve_job_def("promotion"), status=dg.DagsterRunStatus.STARTED, tags={NIGHT_TAG: "yesterday"}
        )
        with dg.build_schedule_context(instance, scheduled_execution_time=datetime(2026, 11, 24, 2)) as context:
            tick = defs.resolve_schedule_def("nightly_retraining").evaluate_tick(context)
    assert not tick.run_requests
    assert "never overlap" in (tick.skip_message or "")


@pytest.mark.parametrize(
    ("asset", "check"), [("documents", "documents_rejected_share"), ("instruction_dataset", "rows_are_sound")]
)
def test_a_gate_on_bad_input_names_its_setting_since_its_description_is_the_reason_on_the_terminal(
    graph, asset: str, check: str
):
    node = graph.get(dg.AssetCheckKey(dg.AssetKey(asset), check))
    assert node.blocking and "GRAFTLINE_BAD_SHARE" in node.description


@pytest.mark.parametrize("asset", GATED)
def test_promotion_asks_for_exactly_the_checks_that_block(graph, asset: str):
    checks = graph.get(dg.AssetKey(asset)).check_keys
    assert sorted(GATED[asset]) == sorted(key.name for key in checks if graph.get(key).blocking)
