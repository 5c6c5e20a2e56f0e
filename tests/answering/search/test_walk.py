"""The walk over a graph that can be counted by hand, and the arrays that it walks on."""

import numpy as np
import pytest

from pipelines.answering.search.graph_index import GraphIndex, Links, read_index
from pipelines.answering.search.spotting import Spotter
from pipelines.answering.search.walk import WalkSettings, walk
from tests.fakes import FakeGraphStore

PLAIN = WalkSettings(follow=0.5, hops=1, sources=10, aside=0.0, sharpness=2.0, asked=0.2, common=1.0)
NOBODY = np.zeros(0, np.int64)


def _index(chunks: int, entities: list[list[int]]) -> GraphIndex:
    """Return an index of entities by the chunks that name them, all of one weight and rarity."""
    links = np.array([(entity, chunk) for entity, homes in enumerate(entities) for chunk in homes], np.int64)
    sources, targets = links.reshape(-1, 2).T
    ones = np.ones(len(links))
    return GraphIndex(
        [f"c{place}" for place in range(chunks)],
        [f"e{place}" for place in range(len(entities))],
        np.zeros((chunks, 2), np.float32),
        Links.of(targets, sources, ones, chunks),
        Links.of(sources, targets, ones, len(entities)),
        np.ones(len(entities)),
    )


def _mass(index: GraphIndex, relevance: list[float], asked: np.ndarray = NOBODY, settings: WalkSettings = PLAIN):
    seeds = np.eye(len(index.chunk_ids))[0]
    return walk(index, seeds, np.array(relevance), asked, settings)


def test_a_walk_ends_where_it_is_or_goes_on_by_an_entity():
    mass, met = _mass(_index(3, [[0, 1]]), [1.0, 1.0, 1.0])
    assert mass.tolist() == [0.5, 0.25, 0.0]
    assert met.tolist() == [1.0]


def test_the_question_says_in_which_of_an_entitys_chunks_a_step_ends():
    mass, _ = _mass(_index(3, [[0, 1, 2]]), [1.0, 1.0, 0.5])
    assert mass == pytest.approx([0.5, 0.25 * 0.8, 0.25 * 0.2])  # 1² against 0.5²


def test_of_two_entities_the_one_that_leads_to_something_asked_for_is_taken():
    mass, met = _mass(_index(3, [[0, 1], [0, 2]]), [1.0, 1.0, 0.5])
    assert mass == pytest.approx([0.5, 0.25 * 0.8, 0.25 * 0.2])
    assert met == pytest.approx([0.8, 0.2])


def test_an_entity_that_the_question_names_leads_on_less():
    mass, _ = _mass(_index(3, [[0, 1], [0, 2]]), [1.0, 1.0, 1.0], np.array([1]))
    assert mass == pytest.approx([0.5, 0.25 / 1.2, 0.25 * 0.2 / 1.2])


def test_two_hops_reach_what_shares_no_entity_with_the_first_chunk():
    index = _index(3, [[0, 1], [1, 2]])
    assert _mass(index, [0.0, 1.0, 1.0])[0].tolist() == [0.5, 0.25, 0.0]
    two = WalkSettings(follow=0.5, hops=2, sources=10, aside=0.0, sharpness=2.0, asked=0.2, common=1.0)
    assert _mass(index, [0.0, 1.0, 1.0], settings=two)[0] == pytest.approx([0.5, 0.25, 0.125])


def test_an_entity_of_most_chunks_leads_nowhere():
    rare = WalkSettings(follow=0.5, hops=1, aside=0.0, common=0.5)
    mass, _ = _mass(_index(4, [[0, 1, 2], [0, 3]]), [1.0] * 4, settings=rare)
    assert mass == pytest.approx([0.5, 0.0, 0.0, 0.25])


@pytest.mark.parametrize("entities", [[], [[0]], [[1, 2]]])
def test_where_nothing_leads_on_the_mass_stays_with_the_seeds(entities: list[list[int]]):
    mass, met = _mass(_index(3, entities), [1.0, 1.0, 1.0])
    assert mass.tolist() == [0.5, 0.0, 0.0] and not met.any()


def test_without_seeds_nothing_is_found():
    mass, met = walk(_index(2, [[0, 1]]), np.zeros(2), np.ones(2), NOBODY)
    assert not mass.any() and not met.any()


def _stored(*entities: dict[str, object]) -> GraphIndex:
    texts = {"c0": "Brand is by Ibsen. Ibsen was a Norwegian.", "c1": "易卜生是挪威人。布兰德是易卜生写的。"}
    chunks = [{"chunk_id": key, "document_id": "d", "text": text, "vector": [1.0, 0.0]} for key, text in texts.items()]
    named = [{"entity_id": f"e{place}", "aliases": [], "type": "PERSON", **one} for place, one in enumerate(entities)]
    return read_index(FakeGraphStore(documents=[{"document_id": "d", "title": ""}], chunks=chunks, entities=named))


def test_a_link_weighs_more_for_each_mention_and_for_what_a_chunk_begins_with():
    brand = {"name": "Brand", "aliases": ["布兰德"], "chunk_ids": ["c0", "c1"]}
    index = _stored(brand, {"name": "Henrik Ibsen", "aliases": ["Ibsen", "易卜生"], "chunk_ids": ["c0", "c1"]})
    twice = 1 + np.log(2)
    _, targets, weights = index.entities_of.from_nodes(np.array([0, 1]))
    assert targets.tolist() == [0, 1, 0, 1]
    assert weights == pytest.approx([3.0, twice, 1.0, twice + 2])  # "Brand" begins the English one, 易卜生 the Chinese
    assert index.rarity == pytest.approx([np.log(1 + 0.5 / 2.5)] * 2)


def test_a_chunk_that_is_gone_is_no_link():
    index = _stored({"name": "Brand", "chunk_ids": ["c0", "deleted"]})
    assert np.diff(index.chunks_of.starts).tolist() == [1]


def test_a_store_without_entities_is_an_index_without_links():
    index = _stored()
    assert index.entity_ids == [] and not len(index.entities_of.targets)
    assert index.vectors.tolist() == [[1.0, 0.0], [1.0, 0.0]]


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("Clarence Brown", "Clarence Leon Brown (1890 to 1987) was a director.", "PERSON"),
        ("Robert A. Stemmle", "Robert Adolf Stemmle was a director.", "PERSON"),
        ("Nicholas the Small", "Nicholas the Small of Ziębice was a duke.", "CONCEPT"),
        ("沈从文", "作家沈从文出生于凤凰。", "PERSON"),
    ],
)
def test_a_name_that_the_extractor_did_not_see_is_a_link_too(name: str, text: str, kind: str):
    spotter = Spotter([[name]], [kind == "PERSON"])
    assert {entity for entity, _ in spotter.spot(text)} == {0}


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("Royal Navy", "The Royal Canadian Navy sailed.", "ORGANIZATION"),  # companies have no middle names
        ("Clarence Brown", "Clarence met the other Brown.", "PERSON"),
        ("Brown", "Clarence Brown was a director.", "PERSON"),
        ("北京", "他住在北京路。", "LOCATION"),
    ],
)
def test_half_a_name_is_no_link(name: str, text: str, kind: str):
    assert not list(Spotter([[name]], [kind == "PERSON"]).spot(text))


def test_a_long_chunk_weighs_less_as_an_entitys():
    texts = {"c0": "Ibsen wrote.", "c1": "Ibsen wrote." + " " * 24}
    chunks = [{"chunk_id": key, "document_id": "d", "text": text, "vector": [1.0]} for key, text in texts.items()]
    entity = {"entity_id": "e", "name": "Ibsen", "aliases": [], "type": "PERSON", "chunk_ids": ["c0", "c1"]}
    index = read_index(FakeGraphStore(documents=[{"document_id": "d", "title": ""}], chunks=chunks, entities=[entity]))
    _, _, weights = index.chunks_of.from_nodes(np.array([0]))
    # A line break before each: 13 and 37 characters, 25 in the mean.
    assert weights == pytest.approx([3.0 / (0.5 + 0.5 * 13 / 25), 3.0 / (0.5 + 0.5 * 37 / 25)])
