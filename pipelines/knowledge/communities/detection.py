"""Hierarchical Leiden communities of the entity graph, with ids that outlive small changes."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from pipelines.core.delta import Work, compare_versions
from pipelines.core.identity import content_id, json_digest
from pipelines.core.schemas import COMMUNITIES

Edges = Mapping[tuple[str, str], float]


class CommunitySettings(BaseModel):
    """How the graph is divided."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_cluster_size: int = Field(default=14, ge=2, description="a community with more entities is divided again")
    levels: int = Field(default=2, ge=1, description="how many levels are kept, the coarsest first")
    min_members: int = Field(default=2, ge=2, description="smaller communities are left out")
    resolution: float = Field(
        default=1.0, gt=0, description="modularity resolution; higher gives more, smaller communities"
    )
    iterations: int = Field(default=4, ge=1, description="full Leiden cycles")
    seed: int = Field(default=17, description="seed of the random choices")


def detect_communities(
    entities: pa.Table, relations: pa.Table, previous: pa.Table | None, settings: CommunitySettings
) -> tuple[pa.Table, Work]:
    """Return COMMUNITIES of ENTITIES and RELATIONS; `previous` only serves the counters.

    Leiden: Traag, Waltman and van Eck, "From Louvain to Leiden", 2019. An id is made of the level and the least
    hash among the members (MinHash: Broder, "On the resemblance and containment of documents", 1997): it stays
    with a chance equal to the Jaccard overlap of the old and the new members, and it needs no memory of earlier
    runs, so that a clean rebuild gives the same ids. Communities of one level share no member, hence no id.
    """
    groups = _hierarchy(_edges(relations), settings)
    table = pa.Table.from_pylist(_rows(groups, entities, relations), COMMUNITIES)
    return table, Work.of(compare_versions(_digests(table), _digests(previous)), communities=table.num_rows)


def community_id(level: int, members: Iterable[str]) -> str:
    """Return the id of the community with these entity ids at a level."""
    return content_id("community", level, min(content_id("member", member) for member in members))


def _digests(table: pa.Table | None) -> dict[str, str]:
    if table is None:
        return {}
    return dict(zip(table.column("community_id").to_pylist(), table.column("digest").to_pylist(), strict=True))


def _edges(relations: pa.Table) -> dict[tuple[str, str], float]:
    """Return undirected edges with the weights of all relations between two entities, sorted."""
    weights: dict[tuple[str, str], float] = defaultdict(float)
    for row in relations.select(["source_id", "target_id", "weight"]).to_pylist():
        if row["source_id"] != row["target_id"]:
            source, target = sorted((row["source_id"], row["target_id"]))
            weights[source, target] += row["weight"]
    return dict(sorted(weights.items()))


def _hierarchy(edges: Edges, settings: CommunitySettings) -> list[list[tuple[str, ...]]]:
    """Return by level, coarsest first, the members of each connected community."""
    if not edges:
        return []
    import graspologic_native

    found = graspologic_native.hierarchical_leiden(
        [(source, target, weight) for (source, target), weight in edges.items()],
        resolution=settings.resolution, iterations=settings.iterations, use_modularity=True,
        max_cluster_size=settings.max_cluster_size, seed=settings.seed,
    )  # fmt: skip
    clusters: dict[tuple[int, int], list[str]] = defaultdict(list)
    for item in found:
        if item.level < settings.levels:
            clusters[item.level, item.cluster].append(item.node)
    neighbours: dict[str, list[str]] = defaultdict(list)
    for source, target in edges:
        neighbours[source].append(target)
        neighbours[target].append(source)
    levels: list[list[tuple[str, ...]]] = [[] for _ in range(settings.levels)]
    for (level, _), members in sorted(clusters.items()):
        # Leiden's communities are connected; a later version's might not be, and a summary of two halves says nothing.
        levels[level] += [part for part in components(members, neighbours) if len(part) >= settings.min_members]
    return levels


def components(members: Iterable[str], neighbours: Mapping[str, Sequence[str]]) -> list[tuple[str, ...]]:
    """Return the connected parts of a set of nodes, each sorted."""
    left, parts = set(members), []
    while left:
        reached, frontier = set(), [min(left)]
        while frontier:
            node = frontier.pop()
            if node in left and node not in reached:
                reached.add(node)
                frontier += neighbours[node]
        left -= reached
        parts.append(tuple(sorted(reached)))
    return sorted(parts)


def _rows(groups: list[list[tuple[str, ...]]], entities: pa.Table, relations: pa.Table) -> list[dict[str, Any]]:
    """Return rows with parents and digests; children before parents, so that a digest can cover its children's."""
    facts = {row["entity_id"]: row for row in entities.to_pylist()}
    touching = defaultdict(list)
    for row in relations.to_pylist():
        touching[row["source_id"]].append(row)
    homes = [
        {member: community_id(level, group) for group in parts for member in group}
        for level, parts in enumerate(groups)
    ]
    children: dict[str, list[str]] = defaultdict(list)
    rows = []
    for level in reversed(range(len(groups))):
        for members in groups[level]:
            key = community_id(level, members)
            parent = homes[level - 1].get(members[0], "") if level else ""
            inside = [row for member in members for row in touching[member] if row["target_id"] in set(members)]
            inside.sort(key=lambda row: row["relation_id"])
            digest = json_digest([[facts[member] for member in members], inside, sorted(children[key])])
            if parent:
                children[parent].append(digest)
            rows.append({
                "community_id": key, "level": level, "parent_id": parent, "entity_ids": list(members), "digest": digest
            })  # fmt: skip
    return sorted(rows, key=lambda row: row["community_id"])
