"""From chunks to the entity graph and the summaries of its communities."""

import time
from typing import Any

import dagster as dg
import pyarrow as pa

from assets.knowledge import views
from assets.results import OWNERS, faults_gate, gate, plot, record_result, table_result
from pipelines.core.identity import content_id
from pipelines.core.protocols import LanguageModel
from pipelines.knowledge.communities.checks import community_faults, unsummarised
from pipelines.knowledge.communities.detection import CommunitySettings, detect_communities
from pipelines.knowledge.communities.picture import community_sizes
from pipelines.knowledge.communities.report import EXTRACTIVE
from pipelines.knowledge.communities.summaries import summarise
from pipelines.knowledge.communities.summary_settings import SummarySettings, writes
from pipelines.knowledge.entities.checks import dangling_ends
from pipelines.knowledge.entities.resolution import resolve_entities
from pipelines.knowledge.extraction.extraction import empty_share, extract, failed_share, noted_chunks
from pipelines.knowledge.extraction.extractors import extractor_named
from pipelines.measuring.gates import at_most
from resources.engines.warm import engine_starts
from resources.settings import Settings
from resources.tables.tables import TableStore

GRAPH_TABLES = ("entities", "relations")
COMMUNITY_SETTINGS = CommunitySettings()


@dg.asset(group_name="knowledge", kinds={"python", "lance"}, owners=OWNERS, code_version="1")
def extractions(
    chunks: pa.Table,
    settings: dg.ResourceParam[Settings],
    tables: dg.ResourceParam[TableStore],
    language_model: dg.ResourceParam[LanguageModel],
) -> dg.MaterializeResult:
    """Entities and relations that each chunk names, with exact spans; only new chunks are read.

    By rules for English and Chinese, or by the language model (GRAFTLINE_EXTRACTOR=llm). A chunk that fails is a
    row with its reason and is tried again next time; one whose answer was cut keeps what was complete.
    """
    started, extractor = time.monotonic(), extractor_named(settings.extractor, language_model)
    table, work = extract(chunks, tables.find("extractions"), extractor)
    return table_result(
        table,
        work,
        seconds=time.monotonic() - started,
        extractor=extractor.name,
        failed_share=failed_share(table),
        empty_share=empty_share(table),
        cut_answers=noted_chunks(table),
        mentions=views.mention_types(table),
        failed=views.failures(table),
    )


@dg.asset_check(asset=extractions, blocking=True)
def extraction_failures_are_few(
    extractions: pa.Table, settings: dg.ResourceParam[Settings], tables: dg.ResourceParam[TableStore]
) -> dg.AssetCheckResult:
    """No more chunks failed than GRAFTLINE_BAD_SHARE allows."""
    share = failed_share(extractions)
    figures = {"share": share, "limit": settings.bad_share, "failed": views.failures(extractions)}
    found, version = at_most(share, settings.bad_share, "of the chunks failed"), tables.digest("extractions")
    return gate(tables, "extraction_failures_are_few", "extractions", version, found, figures=figures)


@dg.asset_check(asset=extractions, blocking=True)
def few_chunks_are_empty(
    extractions: pa.Table, settings: dg.ResourceParam[Settings], tables: dg.ResourceParam[TableStore]
) -> dg.AssetCheckResult:
    """In no more chunks than GRAFTLINE_EMPTY_SHARE allows did a language model find nothing."""
    share, version = empty_share(extractions), tables.digest("extractions")
    found = at_most(share, settings.empty_share, "of the chunks that the model read hold no entity")
    figures = {"share": share, "limit": settings.empty_share}
    return gate(tables, "few_chunks_are_empty", "extractions", version, found, figures=figures)


@dg.asset(group_name="knowledge", kinds={"python", "lance"}, owners=OWNERS, code_version="1")
def entity_graph(extractions: pa.Table, chunks: pa.Table, tables: dg.ResourceParam[TableStore]) -> dg.MaterializeResult:
    """One entity for all names of a thing, one relation for all sentences that say it.

    The value names the digests of the two tables that it writes, `entities` and `relations`.
    """
    started = time.monotonic()
    graph = resolve_entities(extractions, chunks, tables.find("entities"), tables.find("relations"))
    written = {name: tables.write(name, getattr(graph, name)) for name in GRAPH_TABLES}
    record = {**written, "digest": content_id(*written.values())}
    return record_result(record, seconds=time.monotonic() - started, **views.graph_metadata(graph))


@dg.asset_check(asset=entity_graph, blocking=True)
def relations_have_both_ends(entity_graph: dict[str, Any], tables: dg.ResourceParam[TableStore]) -> dg.AssetCheckResult:
    """Both ends of every relation are entities, and both tables are the ones that the record names."""
    found = dangling_ends(tables.read("entities"), tables.read("relations"))
    found += [f"the table {name} is another one" for name in GRAPH_TABLES if tables.digest(name) != entity_graph[name]]
    return faults_gate(tables, "relations_have_both_ends", "entity_graph", entity_graph["digest"], found)


@dg.asset(group_name="knowledge", kinds={"python", "lance"}, owners=OWNERS, code_version="2")
def communities(
    entity_graph: dict[str, Any], tables: dg.ResourceParam[TableStore], settings: dg.ResourceParam[Settings]
) -> dg.MaterializeResult:
    """Nested communities of the entity graph, the whole as their root; a change far away leaves them alone."""
    started, (entities, relations) = time.monotonic(), map(tables.read, GRAPH_TABLES)
    table, work = detect_communities(entities, relations, tables.find("communities"), COMMUNITY_SETTINGS)
    return table_result(
        table,
        work,
        seconds=time.monotonic() - started,
        graph=entity_graph["digest"],
        levels=len(set(table["level"].to_pylist())),
        sizes=plot(community_sizes(table, settings.home / "plots" / "community sizes.png")),
        settings=dg.MetadataValue.json(COMMUNITY_SETTINGS.model_dump()),
    )


@dg.asset_check(asset=communities, blocking=True)
def communities_nest(communities: pa.Table, tables: dg.ResourceParam[TableStore]) -> dg.AssetCheckResult:
    """Members are entities, once a level, and every community lies inside its parent."""
    found = community_faults(communities, tables.read("entities"))
    return faults_gate(tables, "communities_nest", "communities", tables.digest("communities"), found)


@dg.asset(group_name="knowledge", kinds={"python", "lance"}, owners=OWNERS, code_version="2", deps=["entity_graph"])
def community_summaries(
    communities: pa.Table,
    chunks: pa.Table,
    tables: dg.ResourceParam[TableStore],
    settings: dg.ResourceParam[Settings],
    language_model: dg.ResourceParam[LanguageModel],
) -> dg.MaterializeResult:
    """A report on each community and one on the whole: by a model that can write (GRAFTLINE_REPORTS), kept to the
    evidence, else of the evidence's own sentences; only what changed, and what holds it, anew."""
    started, (entities, relations) = time.monotonic(), map(tables.read, GRAPH_TABLES)
    previous, chosen = tables.find("community_summaries"), SummarySettings(writer=settings.reports)
    starts = engine_starts()
    table, work = summarise(communities, entities, relations, chunks, previous, language_model, chosen)
    return table_result(
        table,
        work,
        seconds=time.monotonic() - started,
        language_model=language_model.name if writes(language_model, chosen) else EXTRACTIVE,
        engine_starts=engine_starts() - starts,
        models=views.counts_by_type(table["model"].to_pylist()),
        samples=views.summary_samples(table),
        settings=dg.MetadataValue.json(chosen.model_dump()),
    )


@dg.asset_check(asset=community_summaries, additional_ins={"communities": dg.AssetIn("communities")}, blocking=True)
def every_community_has_a_summary(
    community_summaries: pa.Table, communities: pa.Table, tables: dg.ResourceParam[TableStore]
) -> dg.AssetCheckResult:
    """Each community has a summary that says something, and no summary is left of a community that is gone."""
    found, version = unsummarised(communities, community_summaries), tables.digest("community_summaries")
    return faults_gate(tables, "every_community_has_a_summary", "community_summaries", version, found)
