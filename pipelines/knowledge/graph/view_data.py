"""What the page of the graph shows, as JSON-able values: the best connected entities, and how many are left out."""

import math
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel, ConfigDict, Field

from pipelines.core.graph_tables import GRAPH_TABLES
from pipelines.knowledge.graph.layout import nested_places
from pipelines.knowledge.graph.seen import Sentences

CO_OCCURS = "CO_OCCURS"
WHOLE = -1
"""The level of the report about the whole corpus."""
_CHUNKS_LOOKED_INTO = 24


class ViewLimits(BaseModel):
    """How much one page shows; what is left out is counted on it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    entities: int = Field(default=2000, ge=1, description="the best connected entities")
    relations: int = Field(default=6000, ge=1, description="relations between them, the named first, then the heaviest")
    sentences: int = Field(default=6, ge=1, description="sentences of an entity")
    evidence: int = Field(default=2, ge=1, description="sentences of a relation")


def view_data(tables: Mapping[str, pa.Table], limits: ViewLimits) -> dict[str, Any]:
    """Return the page's data of GRAPH_TABLES; the same tables give the same values. Vectors are not looked at."""
    plain = {name: without_vectors(tables[name]) for name in GRAPH_TABLES}
    degree = degrees(plain["relations"])
    entities = _best_connected(plain["entities"], degree, limits.entities)
    number = {row["entity_id"]: place for place, row in enumerate(entities)}
    between = _between(plain["relations"], list(number))
    relations = _foremost(between, limits.relations)
    communities, homes = _communities(plain["communities"], number)
    radii = [3 + min(15.0, 2.2 * degree.get(row["entity_id"], 0) ** 0.5) for row in entities]
    places, discs = nested_places(
        radii, _links(between, list(number)), homes, [community["parent"] for community in communities]
    )
    chunks = _chunks(plain["chunks"], entities, relations)
    sentences = Sentences(chunks)
    shown = {
        "entities": [
            _entity(row, degree, sentences, limits, home=homes[place], at=(*places[place], radii[place]))
            for place, row in enumerate(entities)
        ],
        "relations": [_relation(row, number, sentences, limits) for row in relations],
        "communities": [community | {"at": _rounded(disc)} for community, disc in zip(communities, discs, strict=True)],
        "whole": _whole(plain["communities"]),
    }
    documents, kept = _sources(plain["documents"], sentences)
    _cite(shown, documents, plain, number)
    totals = {name: plain[name].num_rows for name in GRAPH_TABLES}
    totals["communities"] -= len(shown["whole"])
    more = {"apart": _telling_level(shown["communities"], len(shown["entities"])), "sentences": kept, **shown}
    return {"totals": totals, "between": between.num_rows, "documents": documents, **more}


def _telling_level(communities: Sequence[Mapping[str, Any]], entities: int) -> int:
    """Return the coarsest level whose largest community shows at most half of the entities, else the finest; -1: none.

    Where one community is nearly all there is, its level tells nothing apart.
    """
    largest: dict[int, int] = {}
    for one in communities:
        largest[one["level"]] = max(largest.get(one["level"], 0), len(one["members"]))
    small = [level for level in sorted(largest) if 2 * largest[level] <= entities]
    return min(small, default=max(largest, default=-1))


def shown_of_all(data: Mapping[str, Any]) -> str:
    """Say how much of the graph a page shows: 2,000 of 214,717 entities, …"""
    totals = ((name, data["totals"][name]) for name in ("entities", "relations", "communities"))
    return ", ".join(f"{len(data[name]):,} of {total:,} {name}" for name, total in totals)


def without_vectors(table: pa.Table) -> pa.Table:
    """Return a table without its vectors."""
    return table.drop_columns(["vector"]) if "vector" in table.column_names else table


def degrees(relations: pa.Table) -> dict[str, int]:
    """Return how many relations each entity has that has any."""
    ends = pa.chunked_array([*relations["source_id"].chunks, *relations["target_id"].chunks], pa.string())
    return {row["values"]: row["counts"] for row in ends.value_counts().to_pylist()}


def _best_connected(entities: pa.Table, degree: Mapping[str, int], most: int) -> list[dict[str, Any]]:
    keys, mentions = entities["entity_id"].to_pylist(), entities["mentions"].to_pylist()
    order = sorted(range(len(keys)), key=lambda place: (-degree.get(keys[place], 0), -mentions[place], keys[place]))
    return entities.take(pa.array(order[:most], pa.int64())).to_pylist()


def _between(relations: pa.Table, entity_ids: Sequence[str]) -> pa.Table:
    shown = pa.array(entity_ids, pa.string())
    return relations.filter(
        pc.and_(pc.is_in(relations["source_id"], value_set=shown), pc.is_in(relations["target_id"], value_set=shown))
    )


def _foremost(between: pa.Table, most: int) -> list[dict[str, Any]]:
    named = pc.cast(pc.not_equal(between["type"], CO_OCCURS), pa.int8())
    order = pc.sort_indices(
        between.append_column("named", named),
        [("named", "descending"), ("weight", "descending"), ("relation_id", "ascending")],
    )
    return between.take(order[:most]).to_pylist()


def _links(between: pa.Table, entity_ids: Sequence[str]) -> dict[tuple[int, int], float]:
    shown = pa.array(entity_ids, pa.string())
    source, target = (pc.index_in(between[end], value_set=shown) for end in ("source_id", "target_id"))
    ends = {"one": pc.min_element_wise(source, target), "other": pc.max_element_wise(source, target)}
    pairs = pa.table({**ends, "weight": between["weight"]}).group_by(["one", "other"], use_threads=False)
    sums = pairs.aggregate([("weight", "sum")]).to_pylist()
    return {(row["one"], row["other"]): max(row["weight_sum"], 0.0) for row in sums}


def _communities(table: pa.Table, number: Mapping[str, int]) -> tuple[list[dict[str, Any]], list[int]]:
    """Return the communities with a shown member, coarsest and largest first, and each entity's smallest (-1: none)."""
    rows = [row for row in table.to_pylist() if row["level"] != WHOLE]
    members = {row["community_id"]: sorted(number[key] for key in row["entity_ids"] if key in number) for row in rows}
    rows = [row for row in rows if members[row["community_id"]]]
    rows.sort(key=lambda row: (row["level"], -len(row["entity_ids"]), row["community_id"]))
    place = {row["community_id"]: order for order, row in enumerate(rows)}
    homes = [-1] * len(number)
    for order, row in enumerate(rows):  # finer levels come later
        for member in members[row["community_id"]]:
            homes[member] = order
    made = [
        _report(row)
        | {
            "id": row["community_id"],
            "level": row["level"],
            "parent": place.get(row["parent_id"], -1),
            "size": len(row["entity_ids"]),
            "members": members[row["community_id"]],
        }
        for row in rows
    ]
    return made, homes


def _report(row: Mapping[str, Any]) -> dict[str, Any]:
    rating = row.get("rating")
    return {
        "title": row.get("title") or "",
        "summary": row.get("summary") or "",
        "findings": [
            {"text": text, "chunks": chunks.split(), "entities": members.split()}
            for text, chunks, members in zip_longest(
                row.get("findings") or [],
                row.get("finding_chunk_ids") or [],
                row.get("finding_entity_ids") or [],
                fillvalue="",
            )
        ],
        "chunks": list(row.get("chunk_ids") or []),
        "rating": rating if rating is not None and math.isfinite(rating) else None,
        "model": row.get("model") or "",
    }


def _whole(communities: pa.Table) -> list[dict[str, Any]]:
    return [_report(row) for row in communities.filter(pc.equal(communities["level"], WHOLE)).to_pylist()]


def _chunks(
    chunks: pa.Table, entities: Sequence[dict[str, Any]], relations: Sequence[dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Return the chunks that sentences are taken from, by id; of a thing that stands in many, the first ones."""
    wanted = {key for row in (*entities, *relations) for key in row["chunk_ids"][:_CHUNKS_LOOKED_INTO]}
    columns = ["chunk_id", "document_id", "text", "start", "page", "sentence_spans"]
    chosen = chunks.filter(pc.is_in(chunks["chunk_id"], value_set=pa.array(sorted(wanted), pa.string())))
    there = [column for column in columns if column in chunks.column_names]
    return {row["chunk_id"]: row for row in chosen.select(there).to_pylist()}


def _entity(
    row: Mapping[str, Any],
    degree: Mapping[str, int],
    sentences: Sentences,
    limits: ViewLimits,
    home: int,
    at: Sequence[float],
) -> dict[str, Any]:
    return {
        "id": row["entity_id"],
        "name": row["name"],
        "type": row["type"],
        "aliases": [alias for alias in row["aliases"] if alias != row["name"]],
        "description": row["description"],
        "mentions": row["mentions"],
        "chunks": len(row["chunk_ids"]),
        "degree": degree.get(row["entity_id"], 0),
        "home": home,
        "at": _rounded(at),
        "seen": sentences.of_entity(row, limits.sentences),
    }


def _relation(
    row: Mapping[str, Any], number: Mapping[str, int], sentences: Sentences, limits: ViewLimits
) -> dict[str, Any]:
    seen = sentences.of_relation(row, limits.evidence)
    quoted = any(row["description"] in sentences.kept[place[0]][1] for place in seen)
    return {
        "source": number[row["source_id"]],
        "target": number[row["target_id"]],
        "type": row["type"],
        "weight": round(row["weight"], 3),
        "chunks": len(row["chunk_ids"]),
        "description": "" if quoted else row["description"],
        "seen": seen,
    }


def _sources(table: pa.Table, sentences: Sentences) -> tuple[list[str], list[list[Any]]]:
    """Return the paths of the documents, and of each sentence the place of its path, its page, start and text."""
    path_of = dict(zip(table["document_id"].to_pylist(), table["path"].to_pylist(), strict=True))
    number: dict[str, int] = {}
    rows = []
    for key, text, start in sentences.kept:
        chunk = sentences.chunks[key]
        path = path_of.get(chunk["document_id"], chunk["document_id"])
        place = number.setdefault(path, len(number))
        rows.append([place, chunk.get("page") or 0, (chunk.get("start") or 0) + start, text])
    return list(number), rows


def _cite(
    shown: dict[str, Any], documents: list[str], plain: Mapping[str, pa.Table], number: Mapping[str, int]
) -> None:
    """Put the places of documents, and of shown entities, for the ids that reports and their findings cite."""
    reports = [*shown["communities"], *shown["whole"]]
    citing = [one for report in reports for one in (report, *report["findings"])]
    wanted = pa.array(sorted({key for one in citing for key in one["chunks"]}), pa.string())
    chunks = plain["chunks"].filter(pc.is_in(plain["chunks"]["chunk_id"], value_set=wanted))
    columns = (chunks[name].to_pylist() for name in ("chunk_id", "document_id"))
    document_of = dict(zip(*columns, strict=True))
    columns = (plain["documents"][name].to_pylist() for name in ("document_id", "path"))
    path_of = dict(zip(*columns, strict=True))
    place = {path: order for order, path in enumerate(documents)}
    for one in citing:
        paths = dict.fromkeys(path_of.get(document_of.get(key, ""), "") for key in one.pop("chunks"))
        one["documents"] = [place.setdefault(path, len(place)) for path in paths if path]
        if "entities" in one:
            one["entities"] = [number[key] for key in one["entities"] if key in number]
    documents += list(place)[len(documents) :]


def _rounded(values: Sequence[float] | np.ndarray) -> list[float]:
    return [round(float(value), 1) for value in values]
