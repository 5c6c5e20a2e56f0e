import random

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.core.identity import table_digest
from pipelines.core.schemas import ENTITIES, RELATIONS
from pipelines.knowledge.communities.checks import community_faults
from pipelines.knowledge.communities.detection import CommunitySettings, community_id, detect_communities
from pipelines.knowledge.entities.checks import dangling_ends

Pairs = list[tuple[str, str]]


def _graph(pairs: Pairs, lonely: tuple[str, ...] = (), description: str = "") -> tuple[pa.Table, pa.Table]:
    names = sorted({name for pair in pairs for name in pair} | set(lonely))
    entities = [
        {
            "entity_id": n,
            "name": n.upper(),
            "type": "PERSON",
            "aliases": [],
            "description": description,
            "mentions": 1,
            "chunk_ids": [],
        }
        for n in names
    ]
    relations = [
        {
            "relation_id": f"{s}-{t}",
            "source_id": s,
            "target_id": t,
            "type": "CO_OCCURS",
            "weight": 1.0,
            "description": "",
            "chunk_ids": [],
        }
        for s, t in sorted(pairs)
    ]
    return pa.Table.from_pylist(entities, ENTITIES), pa.Table.from_pylist(relations, RELATIONS)


def _clique(*names: str) -> Pairs:
    return [(one, other) for one in names for other in names if one < other]


def test_two_cliques_and_a_bridge_are_two_communities():
    table, work = detect_communities(
        *_graph([*_clique("a", "b", "c", "d"), *_clique("w", "x", "y", "z"), ("d", "w")]),
        None,
        CommunitySettings(resolutions=((1e-3,),)),
    )
    root, *others = sorted(table.to_pylist(), key=lambda row: row["entity_ids"])
    assert [row["entity_ids"] for row in others] == [["a", "b", "c", "d"], ["w", "x", "y", "z"]]
    assert {(row["level"], row["parent_id"]) for row in others} == {(0, root["community_id"])}
    assert (root["level"], root["parent_id"], root["entity_ids"]) == (-1, "", [])
    assert work.new == 3


def test_isolated_entities_are_left_out_and_an_empty_graph_has_none():
    table, _ = detect_communities(*_graph([("a", "b")], lonely=("c",)), None, CommunitySettings())
    assert sorted(table["entity_ids"].to_pylist()) == [[], ["a", "b"]]
    assert detect_communities(*_graph([]), None, CommunitySettings())[0].num_rows == 0


def test_a_large_community_is_divided_and_knows_its_parts():
    rings = [[f"{ring}{i}" for i in range(5)] for ring in "abcdef"]
    pairs = [pair for ring in rings for pair in _clique(*ring)]
    pairs += [(rings[i][0], rings[i + 1][0]) for i in range(5)]
    entities, relations = _graph(pairs)
    table, _ = detect_communities(entities, relations, None, CommunitySettings(max_cluster_size=5))
    rows = table.to_pylist()
    assert {row["level"] for row in rows} >= {-1, 0, 1}
    assert community_faults(table, entities) == []
    parents = {row["parent_id"] for row in rows if row["level"] == 1}
    assert parents <= {row["community_id"] for row in rows if row["level"] == 0}


def test_the_same_graph_gives_the_same_communities_in_any_order():
    entities, relations = _graph([*_clique("a", "b", "c"), *_clique("x", "y", "z"), ("c", "x")])
    backwards = relations.take(list(reversed(range(relations.num_rows))))
    one, other = (detect_communities(entities, edges, None, CommunitySettings())[0] for edges in (relations, backwards))
    assert table_digest(one) == table_digest(other)


def test_a_community_that_gains_a_member_mostly_keeps_its_id():
    kept = 0
    for trial in range(200):
        members = [f"{trial}-{i}" for i in range(9)]
        kept += community_id(0, members) == community_id(0, [*members, f"{trial}-new"])
    # MinHash: the chance is the Jaccard overlap, 9 of 10.
    assert 160 <= kept <= 198


def test_levels_do_not_share_ids():
    assert community_id(0, ["a", "b"]) != community_id(1, ["a", "b"])


def test_the_digest_covers_descriptions_and_the_counters_tell():
    pairs = [*_clique("a", "b", "c"), *_clique("x", "y", "z")]
    before, _ = detect_communities(*_graph(pairs), None, CommunitySettings())
    same, work = detect_communities(*_graph(pairs), before, CommunitySettings())
    assert (work.same, work.changed) == (3, 0)
    assert same.equals(before)
    _, work = detect_communities(*_graph(pairs, description="changed"), before, CommunitySettings())
    assert (work.same, work.changed) == (0, 3)


def test_a_dangling_relation_is_found():
    entities, relations = _graph([("a", "b")])
    assert dangling_ends(entities, relations) == []
    assert len(dangling_ends(entities.slice(0, 1), relations)) == 1


_NODES = st.sampled_from("abcdefghijklmnopqrstuvwxyz")


@settings(max_examples=40, deadline=None)
@given(st.sets(st.tuples(_NODES, _NODES).filter(lambda pair: pair[0] < pair[1]), max_size=70), st.integers(2, 12))
def test_communities_are_connected_disjoint_and_nested(pairs: set[tuple[str, str]], size: int):
    entities, relations = _graph(sorted(pairs))
    table, _ = detect_communities(entities, relations, None, CommunitySettings(max_cluster_size=size))
    assert community_faults(table, entities) == []
    neighbours: dict[str, list[str]] = {name: [] for name in entities["entity_id"].to_pylist()}
    for one, other in pairs:
        neighbours[one].append(other)
        neighbours[other].append(one)
    for members in filter(None, table["entity_ids"].to_pylist()):
        assert len(members) >= 2
        reached, frontier = set(), [members[0]]
        while frontier:
            node = frontier.pop()
            if node in members and node not in reached:
                reached.add(node)
                frontier += neighbours[node]
        assert reached == set(members)


def test_a_community_that_is_not_divided_stands_on_one_level_alone():
    entities, relations = _graph([*_clique("a", "b", "c", "d"), *_clique("w", "x", "y", "z")])
    table, _ = detect_communities(entities, relations, None, CommunitySettings(max_cluster_size=2))
    assert sorted(table["level"].to_pylist()) == [-1, 0, 0]


def test_a_part_two_levels_below_knows_the_community_it_is_in():
    # Joined in the second round already, they are one community on the coarsest level, and its parts on the finest.
    pairs = [*_clique("a", "b", "c", "d"), *_clique("w", "x", "y", "z"), ("d", "w")]
    table, _ = detect_communities(*_graph(pairs), None, CommunitySettings(max_cluster_size=4))
    rows = {row["community_id"]: row for row in table.to_pylist()}
    assert sorted(row["level"] for row in rows.values()) == [-1, 0, 2, 2]
    assert {rows[row["parent_id"]]["level"] for row in rows.values() if row["level"] == 2} == {0}


def test_small_parts_of_a_community_are_left_to_it():
    table, _ = detect_communities(*_chain(40), None, CommunitySettings(min_members=6))
    assert min(len(row["entity_ids"]) for row in table.to_pylist() if row["level"] > 0) >= 6


def _chain(cliques: int, changed: int = -1) -> tuple[pa.Table, pa.Table]:
    """Return a chain of overlapping random groups of eight; one of them with other relations."""
    pairs = set()
    for place in range(cliques):
        draw = random.Random(place if place != changed else f"other {place}")
        names = [f"{place:03}-{i}" for i in range(8)]
        pairs |= {pair for pair in _clique(*names) if draw.random() < 0.5}
        pairs |= {(draw.choice(names), f"{place + 1:03}-{draw.randrange(8)}") for _ in range(3) if place + 1 < cliques}
    return _graph(sorted(pairs))


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_a_change_leaves_the_communities_far_from_it_alone(levels: int):
    chosen = CommunitySettings(resolutions=CommunitySettings().resolutions[:levels])
    before = detect_communities(*_chain(120), None, chosen)[0]
    known = set(zip(before["community_id"].to_pylist(), before["digest"].to_pylist(), strict=True))
    for changed in (0, 30, 60, 119):
        after = detect_communities(*_chain(120, changed), None, chosen)[0]
        moved = [row for row in after.to_pylist() if (row["community_id"], row["digest"]) not in known]
        members = [member for row in moved for member in row["entity_ids"]]
        assert members and all(abs(int(member[:3]) - changed) <= 40 for member in members)


_EDITS = st.lists(st.tuples(_NODES, _NODES, st.sampled_from([0.1, 0.2, 0.3, 0.7, 1.0, 2.5])), max_size=25)


@settings(max_examples=40, deadline=None)
@given(st.lists(_EDITS, min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_after_any_changes_the_communities_are_those_of_a_rebuild(edits: list, draw: random.Random):
    weights: dict[tuple[str, str], list[float]] = {}
    previous, small = None, CommunitySettings(max_cluster_size=4, min_members=2)
    for edit in edits:
        for one, other, weight in edit:
            if one < other:
                weights[one, other] = [] if weight == 1.0 else [*weights.get((one, other), []), weight]
        entities, relations = _graph(sorted(pair for pair in weights for _ in weights[pair]))
        column = pa.array([weight for pair in sorted(weights) for weight in weights[pair]], pa.float64())
        keys = pa.array([f"{place} {pair}" for pair in sorted(weights) for place in range(len(weights[pair]))])
        relations = relations.set_column(relations.column_names.index("weight"), "weight", column)
        relations = relations.set_column(0, "relation_id", keys)
        previous, _ = detect_communities(entities, relations, previous, small)
    shuffled = list(range(relations.num_rows))
    draw.shuffle(shuffled)
    turned = entities.sort_by([("entity_id", "descending")])
    rebuilt, _ = detect_communities(turned, relations.take(pa.array(shuffled, pa.int64())), None, small)
    assert rebuilt.equals(previous)


def test_a_seed_decides_between_equals_and_the_same_one_decides_alike():
    ring = [(f"{i:02}", f"{(i + 1) % 40:02}") for i in range(40)]  # all neighbours are equally close
    entities, relations = _graph([(min(pair), max(pair)) for pair in ring])
    found = [detect_communities(entities, relations, None, CommunitySettings(seed=seed))[0] for seed in (1, 1, 2)]
    assert found[0].equals(found[1]) and not found[0].equals(found[2])
