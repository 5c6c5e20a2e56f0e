"""How much of the graph hangs together: entities without a relation, chunks without an entity."""

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

Tables = Mapping[str, pa.Table]


def orphan_share(entities: pa.Table, relations: pa.Table) -> float:
    """Return the share of the entities that no relation begins or ends at; 0 where there is no entity.

    A relation of an entity to itself joins it to nothing.
    """
    joined = relations.filter(pc.not_equal(relations["source_id"], relations["target_id"]))
    ends = pa.chunked_array([*joined["source_id"].chunks, *joined["target_id"].chunks], pa.string())
    alone = pc.invert(pc.is_in(entities["entity_id"], value_set=pc.unique(ends)))
    return (pc.sum(alone).as_py() or 0) / max(1, entities.num_rows)


def chunk_coverage(tables: Tables) -> float:
    """Return the share of the chunks that an entity stands in; 1 where there is no chunk."""
    chunks = tables["chunks"]["chunk_id"]
    named = pc.unique(pc.list_flatten(tables["entities"]["chunk_ids"]))
    covered = pc.sum(pc.is_in(chunks, value_set=named)).as_py() or 0
    return covered / len(chunks) if len(chunks) else 1.0


def entities_by_chunk(tables: Tables) -> dict[str, int]:
    """Return how many entities stand in each chunk, in those with none 0."""
    counts = pc.value_counts(pc.list_flatten(tables["entities"]["chunk_ids"])).to_pylist()
    found = {row["values"]: row["counts"] for row in counts}
    return {key: found.get(key, 0) for key in tables["chunks"]["chunk_id"].to_pylist()}
