"""Metadata of the graph assets: counts by type, the best-known entities, community sizes as a picture."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import dagster as dg
import pyarrow as pa

from assets.results import markdown_table
from pipelines.knowledge.entities.alias_table import rules_counted
from pipelines.knowledge.entities.resolution import EntityGraph
from pipelines.knowledge.extraction.ledger import EMPTY, FAILED, REPAIRED, dropped_totals, statuses

_TOP = 15


def counts_by_type(types: Iterable[str]) -> dg.MetadataValue:
    """Return a table of how many there are of each type, the most frequent first."""
    counts = sorted(Counter(types).items(), key=lambda item: (-item[1], item[0]))
    return dg.MetadataValue.md(markdown_table([{"type": kind, "count": count} for kind, count in counts]))


def mention_types(extractions: pa.Table) -> dg.MetadataValue:
    """Return a table of the mentions by type."""
    return counts_by_type(mention["type"] for row in extractions["entities"].to_pylist() for mention in row)


def failures(extractions: pa.Table) -> dg.MetadataValue:
    """Return the chunks that failed, were repaired or are empty, with their reasons, in this order."""
    rows = [row for row in extractions.select(["chunk_id", "status", "reason"]).to_pylist() if row["reason"]]
    order = (FAILED, REPAIRED, EMPTY)
    return dg.MetadataValue.md(markdown_table(sorted(rows, key=lambda row: order.index(row["status"]))[:50]))


def ledger(extractions: pa.Table) -> dict[str, Any]:
    """Return the chunks by status, and what was dropped by reason."""
    dropped = dropped_totals(extractions)
    return {
        **{f"chunks_{status}": count for status, count in statuses(extractions).items()},
        "dropped": sum(dropped.values()),
        "dropped_by_reason": dg.MetadataValue.json(dropped),
        "failed": failures(extractions),
    }


def graph_metadata(graph: EntityGraph) -> dict[str, Any]:
    """Return counts, what changed, types and the best-known entities."""
    return {
        "entities": graph.entities.num_rows,
        "relations": graph.relations.num_rows,
        **{f"entities_{name}": count for name, count in graph.entity_work.metadata().items()},
        **{f"relations_{name}": count for name, count in graph.relation_work.metadata().items()},
        "entity_types": counts_by_type(graph.entities["type"].to_pylist()),
        "relation_types": counts_by_type(graph.relations["type"].to_pylist()),
        "top_entities": top_entities(graph.entities),
        **graph.counts,
        "alias_rules": alias_rules(graph.aliases),
        "unused_edits_named": "; ".join(graph.unused_edits) or "none",
    }


def alias_rules(aliases: pa.Table) -> dg.MetadataValue:
    """Return a table of how many names each rule, and each person's or model's word, gave to entities."""
    rows = [{"rule": rule, "by": by, "aliases": count} for rule, by, count in rules_counted(aliases)]
    return dg.MetadataValue.md(markdown_table(rows))


def judges_metadata(judges: Iterable[Any]) -> dict[str, int]:
    """Return what the judges of names that look alike were asked, and what it cost."""
    names = ("asked", "joined", "failed", "tokens")
    return {f"judge_{name}": getattr(one, name) for one in judges for name in names if hasattr(one, name)}


def top_entities(entities: pa.Table) -> dg.MetadataValue:
    """Return the entities with most mentions."""
    rows = sorted(entities.to_pylist(), key=lambda row: (-row["mentions"], row["name"]))[:_TOP]
    shown: list[dict[str, Any]] = [
        {"name": row["name"], "type": row["type"], "mentions": row["mentions"], "aliases": ", ".join(row["aliases"])}
        for row in rows
    ]
    return dg.MetadataValue.md(markdown_table(shown))


def summary_samples(summaries: pa.Table) -> dg.MetadataValue:
    """Return the first summaries in full."""
    rows = summaries.slice(0, 8).to_pylist()
    return dg.MetadataValue.md("\n\n".join(f"**{row['title']}** ({row['model']}): {row['summary']}" for row in rows))
