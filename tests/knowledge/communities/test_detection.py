import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.core.identity import table_digest
from pipelines.core.schemas import ENTITIES, RELATIONS
from pipelines.knowledge.communities.checks import community_faults
from pipelines.knowledge.communities.detection import CommunitySettings, community_id, components, detect_communities
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
        *_graph([*_clique("a", "b", "c", "d"), *_clique("w", "x", "y", "z"), ("d", "w")]), None, CommunitySettings()
    )
    assert sorted(table["entity_ids"].to_pylist()) == [["a", "b", "c", "d"], ["w", "x", "y", "z"]]
    assert set(table["level"].to_pylist()) == {0}
    assert set(table["parent_id"].to_pylist()) == {""}
    assert work.new == 2


def test_isolated_entities_are_left_out_and_an_empty_graph_has_none():
    table, _ = detect_communities(*_graph([("a", "b")], lonely=("c",)), None, CommunitySettings())
    assert table["entity_ids"].to_pylist() == [["a", "b"]]
    assert detect_communities(*_graph([]), None, CommunitySettings())[0].num_rows == 0


def test_a_large_community_is_divided_and_knows_its_parts():
    rings = [[f"{ring}{i}" for i in range(5)] for ring in "abcdef"]
    pairs = [pair for ring in rings for pair in _clique(*ring)]
    pairs += [(rings[i][0], rings[i + 1][0]) for i in range(5)]
    entities, relations = _graph(pairs)
    table, _ = detect_communities(entities, relations, None, CommunitySettings(max_cluster_size=6, resolution=0.1))
    rows = table.to_pylist()
    assert {row["level"] for row in rows} == {0, 1}
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
    assert (work.same, work.changed) == (2, 0)
    assert same.equals(before)
    _, work = detect_communities(*_graph(pairs, description="changed"), before, CommunitySettings())
    assert (work.same, work.changed) == (0, 2)


def test_components_are_the_connected_parts():
    neighbours = {"a": ["b"], "b": ["a", "z"], "c": [], "z": ["b"]}
    assert components(["a", "b", "c"], neighbours) == [("a", "b"), ("c",)]


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
    for members in table["entity_ids"].to_pylist():
        assert len(members) >= 2
        assert components(members, neighbours) == [tuple(members)]
