import numpy as np
import pyarrow as pa

from benchmarks.communities import Planted, _apart, at_size, planted
from benchmarks.corpora.changed_graph import Graph, differing, moved_without_cause
from pipelines.core.schemas import CHUNKS, COMMUNITIES, ENTITIES, EXTRACTIONS, RELATIONS


def _graph(entities: dict[str, str], relations: dict[tuple[str, str], str]) -> Graph:
    empty = {"type": "X", "weight": 1.0, "chunk_ids": []}
    rows = [{"entity_id": key, "name": key, "aliases": [], "mentions": 1, "description": text, **empty}
            for key, text in entities.items()]  # fmt: skip
    found = [{"relation_id": f"{one}-{other}", "source_id": one, "target_id": other, "description": text, **empty}
             for (one, other), text in relations.items()]  # fmt: skip
    tables = (pa.Table.from_pylist(rows, ENTITIES), pa.Table.from_pylist(found, RELATIONS))
    return Graph(CHUNKS.empty_table(), EXTRACTIONS.empty_table(), *tables)


def _communities(digests: dict[str, str]) -> pa.Table:
    rows = [
        {"community_id": members, "level": 0, "parent_id": "", "entity_ids": list(members), "digest": digest}
        for members, digest in digests.items()
    ]
    return pa.Table.from_pylist(rows, COMMUNITIES)


def test_a_community_moves_without_cause_where_all_that_it_holds_is_as_yesterday():
    links = {("a", "b"): "", ("c", "d"): "", ("e", "f"): "", ("d", "e"): ""}
    before = _graph(dict.fromkeys("abcdefgh", ""), links)
    after = _graph(dict.fromkeys("abcdefg", "") | {"h": "new"}, links | {("c", "d"): "new", ("b", "e"): "new"})
    yesterday = _communities({"ab": "1", "cd": "2", "efg": "3", "h": "4"})
    today = _communities({"ab": "1", "cd": "5", "ef": "6", "g": "7", "h": "8"})
    # "cd" has another relation and "h" is another entity; "ab" stays; "ef" and "g" were parted by nothing of theirs.
    assert moved_without_cause(before, after, yesterday, today) == {0: (3, 2)}


def test_rows_that_differ_are_counted_on_both_sides_whatever_their_order():
    one, other = _communities({"ab": "1", "cd": "2"}), _communities({"cd": "2", "ab": "3", "ef": "4"})
    assert differing(one, one.take([1, 0])) == 0
    assert differing(one, other) == 3


def test_the_modularity_is_that_of_the_definition_and_a_split_community_is_seen():
    pair = Planted(4, np.array([0, 2]), np.array([1, 3]))
    assert pair.modularity(np.array([0, 0, 1, 1])) == 0.5
    assert _apart(pair, [np.array([0, 0, 1, 1])]) == 0 and _apart(pair, [np.array([0, 0, 0, 0])]) == 1


def test_a_planted_graph_has_as_many_different_edges_as_asked_for_and_every_row_is_measured():
    graph = planted(5_000, 1)
    ends = {frozenset(pair) for pair in zip(graph.sources.tolist(), graph.targets.tolist(), strict=True)}
    assert len(ends) == 5_000 and {len(pair) for pair in ends} == {2} and graph.nodes == 500
    pace, gap = at_size(5_000, 1, 1)
    assert pace.value and gap.value is not None and "of our communities 0 are in" in pace.note
