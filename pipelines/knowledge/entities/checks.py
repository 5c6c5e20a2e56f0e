"""What is wrong with a stored entity graph: relations whose ends are missing."""

import pyarrow as pa


def dangling_ends(entities: pa.Table, relations: pa.Table) -> list[str]:
    """Return the relations with an end that is no entity."""
    known = set(entities["entity_id"].to_pylist())
    return [
        f"relation {row['relation_id']} has no {end.removesuffix('_id')} {row[end]}"
        for row in relations.to_pylist()
        for end in ("source_id", "target_id")
        if row[end] not in known
    ]
