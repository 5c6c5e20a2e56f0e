"""From chunks to the entity graph and the summaries of its communities."""

import time
from typing import Any

import dagster as dg
import pyarrow as pa

from assets.costs import Spending
from assets.knowledge import views
from assets.results import OWNERS, faults_gate, gate, markdown_table, plot, record_result, table_result
from pipelines.core.identity import content_id
from pipelines.core.protocols import Embedder, LanguageModel
from pipelines.knowledge.communities.checks import community_faults, unsummarised
from pipelines.knowledge.communities.detection import CommunitySettings, detect_communities
from pipelines.knowledge.communities.picture import community_sizes
from pipelines.knowledge.communities.report import EXTRACTIVE
from pipelines.knowledge.communities.summaries import summarise
from pipelines.knowledge.communities.summary_settings import SummarySettings, writes
from pipelines.knowledge.entities.checks import DUPLICATE_SHARE, dangling_ends, duplicate_share, first_pairs
from pipelines.knowledge.entities.descriptions import Descriptions
from pipelines.knowledge.entities.edits import Edits
from pipelines.knowledge.entities.name_groups import Judge
from pipelines.knowledge.entities.resolution import resolve_entities
from pipelines.knowledge.entities.verdicts import ModelJudge, VectorJudge
from pipelines.knowledge.extraction.extraction import extract
from pipelines.knowledge.extraction.extractors import calls_of, extractor_named, unmatched_rows
from pipelines.knowledge.extraction.ledger import empty_share, failed_share
from pipelines.measuring.gates import at_most
from resources.engines.warm import engine_starts
from resources.settings import Settings
from resources.tables.tables import TableStore

GRAPH_TABLES = ("entities", "relations")
BESIDE_TABLES = ("aliases", "suspected_duplicates", "entity_descriptions")
COMMUNITY_SETTINGS = CommunitySettings()


@dg.asset(group_name="knowledge", kinds={"python", "lance"}, owners=OWNERS, code_version="1")
def extractions(
    chunks: pa.Table,
    settings: dg.ResourceParam[Settings],
    tables: dg.ResourceParam[TableStore],
    language_model: dg.ResourceParam[LanguageModel],
) -> dg.MaterializeResult:
    """Entities and relations that each chunk names, with exact spans; only new chunks are read.

    Without a language model (GRAFTLINE_EXTRACTOR=fast), by one (llm) or from a file of triples (replay). A row of each
    chunk says what became of it: ok, repaired, empty or failed; what failed is tried again next time.
    """
    started, extractor = time.monotonic(), extractor_named(settings.extractor, language_model, settings.extraction)
    spending = Spending(language_model, "extractions")
    table, work = extract(chunks, tables.find("extractions"), extractor)
    unmatched = unmatched_rows(extractor, chunks)
    return table_result(
        table,
        work,
        seconds=time.monotonic() - started,
        extractor=extractor.name,
        failed_share=failed_share(table),
        empty_share=empty_share(table),
        mentions=views.mention_types(table),
        **spending.metadata(tables, "extractions", work.computed["extractions"]),
        **views.ledger(table),
        **calls_of(extractor),
        **({"unmatched_rows": sum(unmatched.values()), "unmatched_by_reason": unmatched} if unmatched else {}),
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


@dg.asset(group_name="knowledge", kinds={"python", "lance"}, owners=OWNERS, code_version="3")
def entity_graph(
    extractions: pa.Table,
    chunks: pa.Table,
    settings: dg.ResourceParam[Settings],
    tables: dg.ResourceParam[TableStore],
    embedder: dg.ResourceParam[Embedder],
    language_model: dg.ResourceParam[LanguageModel],
) -> dg.MaterializeResult:
    """One entity for all names of a thing, one relation for all sentences that say it.

    The value names the digests of the two tables that it writes, `entities` and `relations`. Beside them stand
    `aliases` (why each name is whose: evidence, rule, score) and `suspected_duplicates`; merges and splits by hand
    (`graftline entities`) are replayed.
    """
    started = time.monotonic()
    judges: dict[str, list[Judge]] = {"vectors": [VectorJudge(embedder)], "model": [ModelJudge(language_model)]}
    asked, spending = judges.get(settings.resolution, []), Spending(language_model, "entity_graph")
    writer = None if language_model.packaged else language_model
    merging = Descriptions(settings.description_tokens, writer, tables.find("entity_descriptions"))
    edits = Edits.read(settings.entity_edits_file)
    before = [tables.find(name) for name in GRAPH_TABLES]
    graph = resolve_entities(extractions, chunks, before[0], before[1], edits, asked, merging)
    written = {name: tables.write(name, getattr(graph, name)) for name in GRAPH_TABLES}
    beside = {name: tables.write(name, getattr(graph, name)) for name in BESIDE_TABLES}
    record = {**written, **beside, "digest": content_id(*written.values())}
    metadata = views.graph_metadata(graph) | views.judges_metadata(asked)
    metadata |= spending.metadata(tables, "entity_graph", graph.entities.num_rows)
    return record_result(record, seconds=time.monotonic() - started, **metadata)


@dg.asset_check(asset=entity_graph, blocking=True)
def relations_have_both_ends(entity_graph: dict[str, Any], tables: dg.ResourceParam[TableStore]) -> dg.AssetCheckResult:
    """Both ends of every relation are entities, and both tables are the ones that the record names."""
    found = dangling_ends(tables.read("entities"), tables.read("relations"))
    found += [f"the table {name} is another one" for name in GRAPH_TABLES if tables.digest(name) != entity_graph[name]]
    return faults_gate(tables, "relations_have_both_ends", "entity_graph", entity_graph["digest"], found)


@dg.asset_check(asset=entity_graph)
def few_entities_look_like_others(
    entity_graph: dict[str, Any], tables: dg.ResourceParam[TableStore]
) -> dg.AssetCheckResult:
    """Few entities look like another one that they were not joined with; a warning, with the pairs."""
    pairs = tables.find("suspected_duplicates")
    share, shown = duplicate_share(tables.read("entities"), pairs), [] if pairs is None else first_pairs(pairs)
    return dg.AssetCheckResult(
        passed=share <= DUPLICATE_SHARE,
        severity=dg.AssetCheckSeverity.WARN,
        description=f"{share:.1%} of the entities look like another one, {DUPLICATE_SHARE:.0%} without a warning",
        metadata={
            "share": share,
            "pairs": 0 if pairs is None else pairs.num_rows,
            "first": dg.MetadataValue.md(markdown_table(shown)),
        },
    )


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
    starts, spending = engine_starts(), Spending(language_model, "community_summaries")
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
        **spending.metadata(tables, "community_summaries", work.new + work.changed),
    )


@dg.asset_check(asset=community_summaries, additional_ins={"communities": dg.AssetIn("communities")}, blocking=True)
def every_community_has_a_summary(
    community_summaries: pa.Table, communities: pa.Table, tables: dg.ResourceParam[TableStore]
) -> dg.AssetCheckResult:
    """Each community has a summary that says something, and no summary is left of a community that is gone."""
    found, version = unsummarised(communities, community_summaries), tables.digest("community_summaries")
    return faults_gate(tables, "every_community_has_a_summary", "community_summaries", version, found)
