"""Mentions to the entity graph: one entity for all names of a thing, one relation for all sentences that say it.

A pure function of the extractions, their chunks and the edits by hand, near-linear in them: what a delta run makes
equals a clean rebuild.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from pipelines.core.delta import Work, compare_versions
from pipelines.core.identity import content_id, json_digest
from pipelines.core.schemas import ALIASES, ENTITIES, ENTITY_DESCRIPTIONS, RELATIONS, SUSPECTED_DUPLICATES
from pipelines.knowledge.entities.alias_table import alias_rows, suspected
from pipelines.knowledge.entities.descriptions import Descriptions, Wanted
from pipelines.knowledge.entities.edits import NO_EDITS, Edits
from pipelines.knowledge.entities.gathering import Gathered, Link, LinkKey, Thing, flat_places, is_prose
from pipelines.knowledge.entities.kinds import majority_type
from pipelines.knowledge.entities.name_groups import Judge, NameGroups
from pipelines.knowledge.entities.naming.homonyms import plain_key
from pipelines.knowledge.entities.naming.seen import name_key
from pipelines.knowledge.extraction.ledger import READ

_ENTITY_SENTENCES = 2
_READ = ("chunk_id", "start", "text", "sentence_spans")


@dataclass(frozen=True)
class EntityGraph:
    """ENTITIES and RELATIONS with what changed in each since the previous run, and why names are one or stay two."""

    entities: pa.Table
    relations: pa.Table
    entity_work: Work
    relation_work: Work
    aliases: pa.Table = field(default_factory=ALIASES.empty_table)
    suspected_duplicates: pa.Table = field(default_factory=SUSPECTED_DUPLICATES.empty_table)
    entity_descriptions: pa.Table = field(default_factory=ENTITY_DESCRIPTIONS.empty_table)
    counts: Mapping[str, int] = field(default_factory=dict)
    """Pairs compared and left out, joins, refusals, homonyms, descriptions, edits."""
    unused_edits: tuple[str, ...] = ()


def entity_id(key: str) -> str:
    """Return the id of the entity with this canonical key."""
    return content_id("entity", key)


def resolve_entities(
    extractions: pa.Table,
    chunks: pa.Table,
    previous_entities: pa.Table | None = None,
    previous_relations: pa.Table | None = None,
    edits: Edits = NO_EDITS,
    judges: Iterable[Judge] = (),
    descriptions: Descriptions | None = None,
) -> EntityGraph:
    """Return the entity graph of EXTRACTIONS over CHUNKS; the previous tables only serve the counters."""
    rows = sorted((row for row in extractions.to_pylist() if row["status"] in READ), key=lambda row: row["chunk_id"])
    read = [name for name in (*_READ, "path", "document_id") if name in chunks.column_names]
    texts = {row["chunk_id"]: row for row in chunks.select(read).to_pylist()}
    paths = {row["path"]: row["document_id"] for row in texts.values() if "path" in row}
    groups = NameGroups(rows, texts, edits.in_documents(paths), judges)
    gathered = Gathered(groups, texts)
    for row in rows:
        gathered.add(row)
    kept = {key: thing for key, thing in gathered.things.items() if thing.kept}
    links = {key: link for key, link in gathered.links.items() if key[0] in kept and key[1] in kept}
    names = {key: _names(key, thing) for key, thing in kept.items()}
    merging = descriptions or Descriptions()
    texts_of = _descriptions(kept, links, {key: found[0] for key, found in names.items()}, merging)
    entities = _sorted_table((_entity(key, thing, names[key], texts_of[key]) for key, thing in kept.items()), ENTITIES)
    relations = _sorted_table((_relation(key, link, texts_of[key]) for key, link in links.items()), RELATIONS)
    own = {key: found[0] for key, found in names.items()}
    aliases, pairs = alias_rows(groups, kept, own, entity_id), suspected(groups, own, entity_id)
    unused = edits.unused(groups.seen.votes.__contains__)
    counts = {
        "pairs_compared": groups.compared, "pairs_left_out": groups.crowded, "joins": len(groups.joins),
        "refused_joins": len(groups.refusals), "short_names": len(groups.short_names()),
        "homonyms": len(groups.senses.split), "suspected_duplicates": pairs.num_rows, "edits": len(edits.made),
        "unused_edits": len(unused), "left_out": len(gathered.things) - len(kept),
        **{f"descriptions_{name}": count for name, count in merging.counts.items()},
        "descriptions_tokens": merging.tokens,
    }  # fmt: skip
    return EntityGraph(
        entities, relations, _work(entities, previous_entities), _work(relations, previous_relations), aliases, pairs,
        merging.table(), counts, tuple(unused),
    )  # fmt: skip


def _names(node: str, thing: Thing) -> list[str]:
    """Return a thing's name and its aliases: one a group of spellings, so that "HANNE SOLBERG" is none of Hanne's."""
    spellings: dict[str, Counter[str]] = defaultdict(Counter)
    for name, count in thing.names.items():
        spellings[name_key(name)][name] += count
    best = {group: min(names, key=lambda name: (-names[name], name)) for group, names in spellings.items()}
    own = plain_key(node)
    order = sorted(best, key=lambda group: (group != own, -spellings[group].total(), group))
    return [best[group] for group in order]


def _descriptions(
    things: Mapping[str, Thing], links: Mapping[LinkKey, Link], names: Mapping[str, str], merging: Descriptions
) -> dict[Any, str]:
    """Return the descriptions by key: a model's where it gave any, sentences of the texts else."""
    wanted: dict[Any, Wanted] = {}
    found: dict[Any, str] = {}
    for key, thing in things.items():
        if thing.descriptions:
            wanted[key] = Wanted(names[key], _most_said(thing.descriptions))
        else:
            ranked = sorted(thing.sentences, key=lambda sentence: (thing.sentences[sentence], sentence))
            found[key] = " ".join(ranked[:_ENTITY_SENTENCES])
    for pair, link in links.items():
        if link.descriptions:
            wanted[pair] = Wanted(f"{names[pair[0]]} {pair[2]} {names[pair[1]]}", _most_said(link.descriptions))
        else:
            said = link.evidence
            found[pair] = min(said, key=lambda it: (not is_prose(it), -said[it], len(it), it))
    return found | merging.merged(wanted)


def _most_said(counts: Counter[str]) -> list[str]:
    return sorted(counts, key=lambda text: (-counts[text], text))


def _entity(key: str, thing: Thing, names: list[str], description: str) -> dict[str, Any]:
    chunk_ids = sorted(thing.chunk_ids)
    return {
        "entity_id": entity_id(key), "name": names[0], "type": majority_type(thing.types), "aliases": names[1:],
        "description": description, "mentions": thing.names.total(), "chunk_ids": chunk_ids,
        "spans": flat_places(thing.places, chunk_ids),
    }  # fmt: skip


def _relation(key: LinkKey, link: Link, description: str) -> dict[str, Any]:
    source, target = entity_id(key[0]), entity_id(key[1])
    chunk_ids = sorted(link.chunk_ids)
    return {
        "relation_id": content_id("relation", source, target, key[2]), "source_id": source, "target_id": target,
        "type": key[2], "weight": round(link.weight, 6), "chunk_ids": chunk_ids, "description": description,
        "spans": flat_places(link.places, chunk_ids),
    }  # fmt: skip


def _sorted_table(rows: Iterable[dict[str, Any]], schema: pa.Schema) -> pa.Table:
    first = schema.names[0]
    return pa.Table.from_pylist(sorted(rows, key=lambda row: row[first]), schema)


def _work(table: pa.Table, previous: pa.Table | None) -> Work:
    """Count rows by what happened to them since the previous table."""
    first = table.column_names[0]
    now, before = (
        {row[first]: json_digest(row) for row in (rows.to_pylist() if rows is not None else [])}
        for rows in (table, previous)
    )
    return Work.of(compare_versions(now, before))
