"""Nested communities of the entity graph, and the whole of it as their root; a change far away leaves one alone."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel, ConfigDict, Field

from pipelines.core.delta import Work, compare_versions
from pipelines.core.identity import content_id, json_digest
from pipelines.core.schemas import COMMUNITIES
from pipelines.knowledge.communities.hierarchy import hierarchy

ROOT = content_id("community", "root")
"""The id of the community that is the whole corpus; no entities are listed there, they are its parts'."""


class CommunitySettings(BaseModel):
    """How the graph is divided. Nothing here follows the graph's size: a change anywhere would move them all."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    resolutions: tuple[tuple[float, ...], ...] = Field(
        default=((1e-3,), (1e-3,), (1e-3, 3e-5)),
        min_length=1,
        description="by level, the finest first, one a round in which communities join their closest neighbours: the "
        "weight between two that joins them, as a share of both strengths; lower gives fewer, larger communities",
    )
    max_cluster_size: int = Field(
        default=10, ge=2, description="a community with more entities is divided again, while there are levels"
    )
    min_members: int = Field(default=4, ge=2, description="smaller parts of a community are left out")
    seed: int = Field(default=17, ge=0, description="seed of the hashes that decide between equals")

    @property
    def levels(self) -> int:
        """How many levels there are at most, the root not counted."""
        return len(self.resolutions)


def detect_communities(
    entities: pa.Table, relations: pa.Table, previous: pa.Table | None, settings: CommunitySettings
) -> tuple[pa.Table, Work]:
    """Return COMMUNITIES of ENTITIES and RELATIONS; `previous` only serves the counters.

    A pure function of the two tables, whatever the order of their rows, so that a delta run equals a clean rebuild. An
    id is made of the level and the least hash among the members (MinHash: Broder, "On the resemblance and containment
    of documents", 1997): it stays with a chance equal to the Jaccard overlap of the old and the new members, and needs
    no memory of earlier runs. Communities of one level share no member, hence no id. The root, at level -1, is the
    whole corpus; there is none without communities.
    """
    table = rows_of(_groups(relations, settings), entities, relations)
    return table, Work.of(compare_versions(_digests(table), _digests(previous)), communities=table.num_rows)


def community_id(level: int, members: Iterable[str]) -> str:
    """Return the id of the community with these entity ids at a level."""
    return content_id("community", level, min(content_id("member", member) for member in members))


def _digests(table: pa.Table | None) -> dict[str, str]:
    if table is None:
        return {}
    return dict(zip(table.column("community_id").to_pylist(), table.column("digest").to_pylist(), strict=True))


def _groups(relations: pa.Table, settings: CommunitySettings) -> list[list[tuple[str, ...]]]:
    """Return by level, coarsest first, the members of each community, sorted."""
    names, sources, targets, weights = related(relations)
    if not names:
        return []
    hashes = _hashes(names, settings.seed)
    groups: list[list[tuple[str, ...]]] = []
    around = np.full(len(names), settings.max_cluster_size + 1)
    known: set[tuple[str, ...]] = set()
    for labels in hierarchy(sources, targets, weights, hashes, settings.resolutions):
        members: dict[int, list[str]] = defaultdict(list)
        # What is not divided is one community, not two.
        for node in np.flatnonzero(around > settings.max_cluster_size).tolist():
            members[int(labels[node])].append(names[node])
        least = settings.min_members if groups else 2
        parts = {tuple(part) for part in members.values() if len(part) >= least} - known
        groups.append(sorted(parts))
        known |= parts
        around = np.bincount(labels)[labels]
    return groups


def related(relations: pa.Table) -> tuple[list[str], np.ndarray, np.ndarray, np.ndarray]:
    """Return the related entities, sorted, and the undirected edges between them with the weights of all relations."""
    used = pc.and_(pc.not_equal(relations["source_id"], relations["target_id"]), pc.greater(relations["weight"], 0))
    rows = relations.filter(used)
    ends = pa.chunked_array([*rows["source_id"].chunks, *rows["target_id"].chunks], type=pa.string())
    coded = ends.combine_chunks().dictionary_encode()
    names = sorted(coded.dictionary.to_pylist())
    rank = {name: place for place, name in enumerate(names)}
    places = np.array([rank[name] for name in coded.dictionary.to_pylist()], dtype=np.int64)
    one, other = np.split(places[coded.indices.to_numpy()], 2)
    weights = rows["weight"].to_numpy()
    source, target = np.minimum(one, other), np.maximum(one, other)
    # Sums of floats depend on their order: that of the rows must not matter.
    order = np.lexsort((weights, target, source))
    pairs = (source * len(names) + target)[order]
    starts = np.flatnonzero(np.diff(pairs, prepend=-1))
    totals = np.add.reduceat(weights[order], starts) if len(starts) else weights[order]
    return names, source[order][starts], target[order][starts], totals


def _hashes(names: Sequence[str], seed: int) -> np.ndarray:
    """Return a 64-bit hash of each name under a seed, the same on every machine."""
    key = str(seed).encode()
    joined = b"".join(hashlib.blake2b(name.encode(), digest_size=8, key=key).digest() for name in names)
    return np.frombuffer(joined, dtype="<u8").astype(np.uint64)


def rows_of(groups: list[list[tuple[str, ...]]], entities: pa.Table, relations: pa.Table) -> pa.Table:
    """Return COMMUNITIES of the members by level; children first, so that a digest can cover its children's."""
    facts = {row["entity_id"]: row for row in entities.to_pylist()}
    touching = defaultdict(list)
    for row in relations.to_pylist():
        touching[row["source_id"]].append(row)
    homes = [
        {member: community_id(level, group) for group in parts for member in group}
        for level, parts in enumerate(groups)
    ]
    children: dict[str, list[str]] = defaultdict(list)
    rows: list[dict[str, Any]] = []
    for level in reversed(range(len(groups))):
        for members in groups[level]:
            key = community_id(level, members)
            above = (homes[upper].get(members[0], "") for upper in reversed(range(level)))
            parent = next(filter(None, above), ROOT)
            own = set(members)
            inside = [row for member in members for row in touching[member] if row["target_id"] in own]
            inside.sort(key=lambda row: row["relation_id"])
            digest = json_digest([[facts[member] for member in members], inside, sorted(children[key])])
            children[parent].append(digest)
            rows.append({
                "community_id": key, "level": level, "parent_id": parent, "entity_ids": list(members), "digest": digest
            })  # fmt: skip
    if rows:
        digest = json_digest(sorted(children[ROOT]))
        rows.append({"community_id": ROOT, "level": -1, "parent_id": "", "entity_ids": [], "digest": digest})
    return pa.Table.from_pylist(sorted(rows, key=lambda row: row["community_id"]), COMMUNITIES)
