"""Mentions to the entity graph: one entity for all names of a thing, one relation for all sentences that say it.

A pure function of the extractions and their chunks, linear in them: what a delta run makes equals a clean rebuild.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from pipelines.core.delta import Work, compare_versions
from pipelines.core.identity import content_id, json_digest
from pipelines.core.schemas import ENTITIES, RELATIONS
from pipelines.knowledge.entities.name_groups import NameGroups, majority_type
from pipelines.knowledge.extraction.ledger import READ
from pipelines.knowledge.mentions import ALIAS_OF, CO_OCCURS
from pipelines.knowledge.names import canonical_name, is_han
from pipelines.text.sentence_spans import sentence_spans

SYMMETRIC = frozenset({CO_OCCURS})
_GOOD_LENGTH = (30, 220)
_ENTITY_SENTENCES = 2
_READ = ("chunk_id", "start", "text", "sentence_spans")


@dataclass
class _Thing:
    """What is gathered about one entity."""

    names: Counter[str] = field(default_factory=Counter)
    types: Counter[str] = field(default_factory=Counter)
    chunk_ids: set[str] = field(default_factory=set)
    sentences: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    typed: bool = False


@dataclass
class _Link:
    """What is gathered about one relation."""

    weight: float = 0.0
    chunk_ids: set[str] = field(default_factory=set)
    evidence: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class EntityGraph:
    """ENTITIES and RELATIONS with what changed in each since the previous run."""

    entities: pa.Table
    relations: pa.Table
    entity_work: Work
    relation_work: Work


def entity_id(key: str) -> str:
    """Return the id of the entity with this canonical key."""
    return content_id("entity", key)


def resolve_entities(
    extractions: pa.Table,
    chunks: pa.Table,
    previous_entities: pa.Table | None = None,
    previous_relations: pa.Table | None = None,
) -> EntityGraph:
    """Return the entity graph of EXTRACTIONS over CHUNKS; the previous tables only serve the counters."""
    rows = sorted((row for row in extractions.to_pylist() if row["status"] in READ), key=lambda row: row["chunk_id"])
    groups = NameGroups(rows)
    read = [name for name in _READ if name in chunks.column_names]
    texts = {row["chunk_id"]: row for row in chunks.select(read).to_pylist()}
    things: dict[str, _Thing] = defaultdict(_Thing)
    links: dict[tuple[str, str, str], _Link] = defaultdict(_Link)
    seen: set[tuple[str, ...]] = set()
    for row in rows:
        _add_mentions(things, groups, row, texts.get(row["chunk_id"]), seen)
        _add_relations(links, things, groups, row, seen)
    kept = {key: thing for key, thing in things.items() if _is_kept(thing)}
    entities = _sorted_table((_entity(key, thing) for key, thing in kept.items()), ENTITIES)
    relations = _sorted_table(
        (_relation(key, link) for key, link in links.items() if key[0] in kept and key[1] in kept), RELATIONS
    )
    return EntityGraph(entities, relations, _work(entities, previous_entities), _work(relations, previous_relations))


def _add_mentions(
    things: dict[str, _Thing],
    groups: NameGroups,
    row: Mapping[str, Any],
    chunk: Mapping[str, Any] | None,
    seen: set[tuple[str, ...]],
) -> None:
    """Add the mentions of a chunk; one that stands in the overlap of two chunks counts once."""
    spans = sentence_spans(chunk) if chunk and row["entities"] else []
    for mention in row["entities"]:
        thing = things[groups.key(row["document_id"], mention["name"])]
        thing.chunk_ids.add(row["chunk_id"])
        place_of_mention = (row["document_id"], str(mention["start"]), mention["name"])
        if place_of_mention not in seen:
            seen.add(place_of_mention)
            thing.names[mention["name"]] += 1
            guess = groups.is_short(row["document_id"], mention["name"])
            thing.types["CONCEPT" if guess else mention["type"]] += 1
        if chunk:
            place = mention["start"] - chunk["start"]
            for start, end in spans:
                if start <= place < end:
                    sentence = " ".join(chunk["text"][start:end].split())
                    rank = (int(not _is_prose(sentence)), place - start, len(sentence))
                    thing.sentences[sentence] = min(rank, thing.sentences.get(sentence, rank))
                    break


def _add_relations(
    links: dict[tuple[str, str, str], _Link],
    things: dict[str, _Thing],
    groups: NameGroups,
    row: Mapping[str, Any],
    seen: set[tuple[str, ...]],
) -> None:
    """Add the relations of a chunk; what one sentence of a document says counts once."""
    for found in row["relations"]:
        source, target = (groups.key(row["document_id"], found[end]) for end in ("source", "target"))
        if found["type"] == ALIAS_OF or source == target or source not in things or target not in things:
            continue
        if found["type"] in SYMMETRIC:
            source, target = sorted((source, target))
        else:
            things[source].typed = things[target].typed = True
        link = links[source, target, found["type"]]
        link.chunk_ids.add(row["chunk_id"])
        said = (row["document_id"], source, target, found["type"], found["evidence"])
        if said not in seen:
            seen.add(said)
            link.weight += found["weight"]
            link.evidence[found["evidence"]] += 1


def _is_kept(thing: _Thing) -> bool:
    """Say whether a thing is sure enough: a lone word of unknown type, or seen once, needs a relation that names it."""
    kind, mentions = majority_type(thing.types), thing.names.total()
    if thing.typed or any(" " in name for name in thing.names) or kind not in ("CONCEPT", "ORGANIZATION"):
        return thing.typed or kind != "CONCEPT" or mentions > 1
    return len(thing.chunk_ids) > 1 or (kind == "ORGANIZATION" and any(is_han(name) for name in thing.names))


def _is_prose(sentence: str) -> bool:
    return (
        _GOOD_LENGTH[0] // (2 if is_han(sentence) else 1) <= len(sentence) <= _GOOD_LENGTH[1]
        and sentence[0] not in "#|"
    )


def _entity(key: str, thing: _Thing) -> dict[str, Any]:
    spellings: dict[str, Counter[str]] = defaultdict(Counter)
    for name, count in thing.names.items():
        spellings[canonical_name(name)][name] += count
    # One name a spelling group: "Hanne Solberg's" and "HANNE SOLBERG" are no aliases of Hanne Solberg.
    best = {group: min(names, key=lambda name: (-names[name], name)) for group, names in spellings.items()}
    order = sorted(best, key=lambda group: (group != key, -spellings[group].total(), group))
    ranked = sorted(thing.sentences, key=lambda sentence: (thing.sentences[sentence], sentence))
    return {
        "entity_id": entity_id(key), "name": best[order[0]], "type": majority_type(thing.types),
        "aliases": [best[group] for group in order[1:]], "description": " ".join(ranked[:_ENTITY_SENTENCES]),
        "mentions": thing.names.total(), "chunk_ids": sorted(thing.chunk_ids),
    }  # fmt: skip


def _relation(key: tuple[str, str, str], link: _Link) -> dict[str, Any]:
    source, target = entity_id(key[0]), entity_id(key[1])
    return {
        "relation_id": content_id("relation", source, target, key[2]), "source_id": source, "target_id": target,
        "type": key[2], "weight": round(link.weight, 6), "chunk_ids": sorted(link.chunk_ids),
        "description": min(link.evidence, key=lambda it: (not _is_prose(it), -link.evidence[it], len(it), it)),
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
