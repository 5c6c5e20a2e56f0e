r"""Communities: what moves without cause, whether a delta equals a rebuild, and time and modularity at a million edges.

.venv/bin/python -m benchmarks.communities --json docs/benchmarks/communities.json \
    --markdown docs/benchmarks/communities.md
"""

import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.corpora import changed_graph
from benchmarks.corpora.changed_graph import Graph
from benchmarks.ground.common import Row, finish, interleave, machine, median, parse, ratio, result, say, versions
from pipelines.core.errors import GraftlineError
from pipelines.knowledge.communities.detection import CommunitySettings, related, rows_of
from pipelines.knowledge.communities.hierarchy import hierarchy
from pipelines.knowledge.communities.summary_settings import SummarySettings
from resources.settings import Settings
from resources.tables.tables import TableStore

ROWS = {
    "delta_equals_rebuild": ("rows", "<= 0"),
    "communities_touched": ("share", "<= 0.02"),
    "communities_1m": ("x", ">= 2"),
    "communities_modularity_gap": ("modularity", "<= 0.002"),
}
_PACKAGES = ("graspologic-native", "numpy", "scipy")
_CHOSEN = CommunitySettings()
"""For every row the settings that `graftline run` has."""
_BEFORE = {"iterations": 4, "max_cluster_size": 14, "seed": 17}
"""How this project called graspologic-native until these communities replaced its two coarsest levels."""
_DEGREE, _SIZE, _INSIDE = 20, 50, 0.8


@dataclass(frozen=True)
class Planted:
    """Undirected edges between nodes in groups of fifty; four of five fall inside a group."""

    nodes: int
    sources: np.ndarray
    targets: np.ndarray

    def modularity(self, labels: np.ndarray) -> float:
        """Return the modularity of a division of all nodes."""
        degrees = np.bincount(self.sources, minlength=self.nodes) + np.bincount(self.targets, minlength=self.nodes)
        inside = np.mean(labels[self.sources] == labels[self.targets])
        return float(inside - np.sum((np.bincount(labels, degrees) / (2 * len(self.sources))) ** 2))


def planted(edges: int, seed: int) -> Planted:
    """Return a planted graph of so many edges, its nodes named in no order."""
    draw, nodes = np.random.default_rng(seed), 2 * edges // _DEGREE
    keys = np.empty(0, dtype=np.int64)
    while len(keys) < edges:
        one = draw.integers(0, nodes, 2 * edges)
        beside = one // _SIZE * _SIZE + draw.integers(0, _SIZE, len(one))
        other = np.where(draw.random(len(one)) < _INSIDE, beside % nodes, draw.integers(0, nodes, len(one)))
        fresh = (np.minimum(one, other) * nodes + np.maximum(one, other))[one != other]
        found, first = np.unique(np.concatenate([keys, fresh]), return_index=True)
        keys = found[np.argsort(first)]
    names = draw.permutation(nodes)
    return Planted(nodes, names[keys[:edges] // nodes], names[keys[:edges] % nodes])


def at_size(edges: int, seed: int, rounds: int) -> list[Row]:
    """Return the rows of time and modularity against graspologic-native on one planted graph."""
    graph = planted(edges, seed)
    hashes = np.random.default_rng(seed).integers(0, 2**63, graph.nodes).astype(np.uint64)
    named = [(f"{a:08}", f"{b:08}", 1.0) for a, b in zip(graph.sources.tolist(), graph.targets.tolist(), strict=True)]

    def ours(_: int) -> tuple[float, Any]:
        return _timed(lambda: _levels(graph, hashes))

    def peer(cycles: int) -> Callable[[int], tuple[float, Any]]:
        return lambda _: _timed(lambda: _graspologic(named, cycles))

    taken = interleave(rounds, {"ours": ours, "once": peer(1), "four": peer(4)})
    seconds = {name: median(one for one, _ in runs) for name, runs in taken.items()}
    own = [graph.modularity(_whole(labels)) for labels in taken["ours"][0][1]]
    theirs = [graph.modularity(labels) for labels in _labels(taken["once"][0][1], graph.nodes)]
    apart = _apart(graph, taken["ours"][0][1])
    told = (
        f"{edges:,} edges, {graph.nodes:,} nodes; processor seconds, median of {rounds}, from edges in memory to all "
        f"levels; more than {_CHOSEN.max_cluster_size} entities are divided by both; ours by scipy, the peer with one "
        f"Leiden cycle, its default; with four, as this project called it until now, {seconds['four']:.2f} s, "
        f"{seconds['four'] / seconds['ours']:.2f} times ours; of our communities {apart} are in more than one piece"
    )
    pace = ratio(seconds["once"], seconds["ours"])
    speed = Row("communities_1m", *ROWS["communities_1m"], pace, seconds["ours"], seconds["once"], told)
    told = f"best level of each; ours by level {_shown(own)}, graspologic-native's {_shown(theirs)}"
    best, peers = max(own), max(theirs)
    gap = Row("communities_modularity_gap", *ROWS["communities_modularity_gap"], peers - best, best, peers, told)
    return [speed, gap]


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    started = time.process_time()
    found = work()
    return time.process_time() - started, found


def _levels(graph: Planted, hashes: np.ndarray) -> list[np.ndarray]:
    ones = np.ones(len(graph.sources))
    return hierarchy(graph.sources, graph.targets, ones, hashes, _CHOSEN.resolutions)


def _graspologic(edges: list[tuple[str, str, float]], cycles: int) -> Any:
    import graspologic_native

    size, seed = _CHOSEN.max_cluster_size, _CHOSEN.seed
    return graspologic_native.hierarchical_leiden(edges, iterations=cycles, max_cluster_size=size, seed=seed)


def _whole(labels: np.ndarray) -> np.ndarray:
    """Return a level's labels with each node that it leaves out alone."""
    return np.where(labels < 0, np.arange(len(labels)) + len(labels), labels)


def _labels(found: Any, nodes: int) -> list[np.ndarray]:
    """Return graspologic's labels by level; a community that is not divided stays as it is below."""
    labels, levels = np.zeros(nodes, dtype=np.int64), []
    for level in range(1 + max(one.level for one in found)):
        for one in found:
            if one.level == level:
                labels[int(one.node)] = one.cluster
        levels.append(labels.copy())
    return levels


def _apart(graph: Planted, levels: Sequence[np.ndarray]) -> int:
    """Return how many communities are not connected."""
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components

    count = 0
    for labels in map(_whole, levels):
        inside = labels[graph.sources] == labels[graph.targets]
        ends = (graph.sources[inside], graph.targets[inside])
        edges = csr_matrix((np.ones(int(inside.sum())), ends), shape=(graph.nodes, graph.nodes))
        count += connected_components(edges, directed=False)[0] - len(np.unique(labels))
    return count


def _shown(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.4f}" for value in values)


def over_changes(name: str, tables: TableStore, seed: int) -> tuple[list[Row], str]:
    """Return the rows of deltas over one corpus, and by level what each change moved, here and as it was before."""
    kinds = changed_graph.changes(name, tables, seed)
    graphs = {id(graph): graph for _, *both in kinds for graph in both}
    lines, shares, differing = [], dict[str, list[float]](), 0
    for way, find in (("ours", _ours), ("graspologic-native by modularity, as until now", _by_modularity)):
        found = {key: find(graph) for key, graph in graphs.items()}
        lines += [f"{way}: {line}" for line in _levels_told(kinds[0][1], found[id(kinds[0][1])])]
        for kind, before, after in kinds:
            levels = changed_graph.moved_without_cause(before, after, found[id(before)], found[id(after)])
            quiet, moved = map(sum, zip(*levels.values(), strict=True))
            shares.setdefault(way, []).append(ratio(moved, quiet))
            told = ", ".join(f"level {level} {some} of {still}" for level, (still, some) in levels.items())
            lines.append(f"{way}, {kind}: moved without a change {moved} of {quiet} ({told})")
            if find is _ours:
                differing += _differing(before, after, found[id(before)], found[id(after)])
    rebuilt = Row(
        "delta_equals_rebuild", *ROWS["delta_equals_rebuild"], float(differing),
        note=f"{name}: entities, relations and communities after each change, made on yesterday's tables and from the "
        "kept extractions of all chunks",
    )  # fmt: skip
    own, peer = (max(found) for found in shares.values())
    each = ", ".join(f"{kind} {share:.4f}" for (kind, *_), share in zip(kinds, shares["ours"], strict=True))
    touched = Row(
        "communities_touched", *ROWS["communities_touched"], own, own, peer,
        note=f"{name}, 1 % of the documents each: {each}; of today's communities without a changed entity or "
        "relation, those whose digest yesterday had not; the peer is graspologic-native as it was called until now",
    )  # fmt: skip
    return [rebuilt, touched], "\n".join(lines)


def _ours(graph: Graph) -> pa.Table:
    return changed_graph.communities(graph, None, _CHOSEN)


def _by_modularity(graph: Graph) -> pa.Table:
    """Return graspologic-native's two coarsest levels, as this project took them."""
    import graspologic_native

    names, sources, targets, weights = related(graph.relations)
    ends = zip(sources.tolist(), targets.tolist(), weights.tolist(), strict=True)
    edges = [(names[one], names[other], weight) for one, other, weight in ends]
    members: dict[tuple[int, int], list[str]] = defaultdict(list)
    for one in graspologic_native.hierarchical_leiden(edges, **_BEFORE):
        if one.level < 2:
            members[one.level, one.cluster].append(one.node)
    groups = [sorted(tuple(sorted(part)) for (at, _), part in members.items() if at == level and len(part) > 1)
              for level in (0, 1)]  # fmt: skip
    return rows_of(groups, graph.entities, graph.relations)


def _levels_told(graph: Graph, communities: pa.Table) -> list[str]:
    """Return how many communities each level has, how large they are, and the modularity of its division."""
    names, sources, targets, weights = related(graph.relations)
    place, labels = {name: node for node, name in enumerate(names)}, np.arange(len(names))
    strengths = np.bincount(sources, weights, len(names)) + np.bincount(targets, weights, len(names))
    rows, lines = communities.to_pylist(), []
    for level in sorted({row["level"] for row in rows} - {-1}):
        groups = [row["entity_ids"] for row in rows if row["level"] == level]
        for number, group in enumerate(groups):
            labels[[place[member] for member in group]] = (level + 1) * len(names) + number
        _, parts = np.unique(labels, return_inverse=True)
        inside = np.sum(weights * (parts[sources] == parts[targets])) / np.sum(weights)
        modularity = inside - np.sum((np.bincount(parts, strengths) / np.sum(strengths)) ** 2)
        sizes = list(map(len, groups))
        large = sum(size >= SummarySettings().least_members for size in sizes)
        lines.append(
            f"level {level}: {len(sizes)} communities of {np.mean(sizes):.1f} entities, {max(sizes)} at most, {large} "
            f"large enough for a model's report; modularity {modularity:.3f}"
        )
    return lines


def _differing(before: Graph, after: Graph, one: pa.Table, other: pa.Table) -> int:
    """Return how many rows a run on yesterday's tables makes otherwise than one from nothing."""
    delta = before.after(after)
    pairs = [(delta.entities, after.entities), (delta.relations, after.relations)]
    pairs.append((changed_graph.communities(delta, one, _CHOSEN), other))
    return sum(changed_graph.differing(*pair) for pair in pairs)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; 0 when every row was measured."""
    options = parse("communities", list(ROWS), arguments)
    host, rows, details = machine(), list[Row](), dict[str, str]()
    wanted = set(options.rows)
    try:
        if wanted & {"communities_1m", "communities_modularity_gap"}:
            say("planted graph")
            rows += at_size(100_000 if options.quick else 1_000_000, options.seed, 1 if options.quick else 3)
        if wanted & {"delta_equals_rebuild", "communities_touched"}:
            name = "musique" if options.quick else "2wiki"
            say(name)
            kept = TableStore(Settings.load().home / "bench" / "communities" / name)
            found, details[f"Changes to {name}"] = over_changes(name, kept, options.seed)
            rows += found
    except GraftlineError as error:
        say(str(error))
        return 1
    rows = [row for row in rows if row.id in wanted]
    more = {"seed": options.seed, "quick": options.quick, "details": details, "versions": versions(_PACKAGES)}
    finish(options, result("communities", rows, host, **more), "python -m benchmarks.communities")
    return 0


if __name__ == "__main__":
    sys.exit(main())
