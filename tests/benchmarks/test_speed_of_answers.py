"""The graph for figures of speed holds together and is the same for a seed; times before the model are told apart."""

import random

import pyarrow as pa
import pytest

from benchmarks.answer_cases.overhead import Asked
from benchmarks.corpora import large_graph
from pipelines.core import schemas

CHUNKS = [f"chunk{number}" for number in range(7)]
TITLES = ["Halden harbour", "Petra Vogel", "Fjell 2"]
TEXTS = ["Halden harbour\nIt is 14 m deep. It was built in 1901.", "Petra Vogel\nShe manages the warehouse."]


def made(seed: int) -> tuple[pa.Table, ...]:
    return large_graph._entity_tables(CHUNKS, TITLES, TEXTS, 90, random.Random(seed))


def test_its_relations_and_communities_name_entities_and_chunks_that_are_there() -> None:
    entities, relations, communities, summaries = made(1)
    ids = set(entities["entity_id"].to_pylist())
    assert (len(ids), len(relations), len(communities), len(summaries)) == (90, 180, 3, 3)
    assert [table.schema for table in (entities, relations)] == [schemas.ENTITIES, schemas.RELATIONS]
    assert {*relations["source_id"].to_pylist(), *relations["target_id"].to_pylist()} <= ids
    assert {one for group in communities["entity_ids"].to_pylist() for one in group} == ids
    for table in (entities, relations, summaries):
        named = [one for chunks in table["chunk_ids"].to_pylist() for one in chunks]
        assert set(named) <= set(CHUNKS) and all(table["chunk_ids"].to_pylist())
    assert len(set(entities["name"].to_pylist())) == 90


def test_it_is_the_same_for_a_seed_and_another_for_another() -> None:
    assert made(1) == made(1)
    assert made(1) != made(2)


def test_what_the_server_spent_before_the_prompt_is_waiting_retrieval_and_prompt() -> None:
    timing = {"waiting": 0.3, "retrieval": 0.05, "prompt": 0.01, "model_first": 0.2, "model": 0.5, "proof": 0.1}
    assert Asked(0.6, timing).before_model == pytest.approx(0.36)
