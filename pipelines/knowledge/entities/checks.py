"""What is wrong with a stored entity graph: relations whose ends are missing, entities that look like others."""

from typing import Any

import pyarrow as pa

DUPLICATE_SHARE = 0.02
"""Share of the entities that may look like another one before a check warns."""
_SHOWN = 30


def dangling_ends(entities: pa.Table, relations: pa.Table) -> list[str]:
    """Return the relations with an end that is no entity."""
    known = set(entities["entity_id"].to_pylist())
    return [
        f"relation {row['relation_id']} has no {end.removesuffix('_id')} {row[end]}"
        for row in relations.to_pylist()
        for end in ("source_id", "target_id")
        if row[end] not in known
    ]


def duplicate_share(entities: pa.Table, pairs: pa.Table | None) -> float:
    """Return the share of ENTITIES that stand in a pair of SUSPECTED_DUPLICATES."""
    named = set() if pairs is None else {*pairs["one_id"].to_pylist(), *pairs["other_id"].to_pylist()}
    return len(named) / max(1, entities.num_rows)


def first_pairs(pairs: pa.Table, count: int = _SHOWN) -> list[dict[str, Any]]:
    """Return the likeliest pairs with what speaks for and against them."""
    rows = sorted(pairs.to_pylist(), key=lambda row: (-row["score"], row["one"], row["other"]))
    return [{name: row[name] for name in ("one", "other", "rule", "score", "reason")} for row in rows[:count]]
