"""What must hold of the entity graph, its communities and their summaries; each finding is a sentence."""

from collections import Counter

import pyarrow as pa


def community_faults(communities: pa.Table, entities: pa.Table) -> list[str]:
    """Return communities with unknown members or parents, members that their parent lacks, and double members."""
    known = set(entities["entity_id"].to_pylist())
    rows = {row["community_id"]: row for row in communities.to_pylist()}
    faults = [] if len(rows) == communities.num_rows else ["two communities share an id"]
    homes: Counter[tuple[int, str]] = Counter()
    for key, row in rows.items():
        members = set(row["entity_ids"])
        homes.update((row["level"], member) for member in members)
        if members - known:
            faults.append(f"community {key} has members that are no entities")
        parent = rows.get(row["parent_id"])
        if parent is None and row["level"] >= 0:
            faults.append(f"community {key} has no parent")
        elif parent is not None and parent["level"] >= 0 and not members <= set(parent["entity_ids"]):
            faults.append(f"community {key} is not inside its parent {row['parent_id']}")
    faults += [f"entity {member} is twice on level {level}" for (level, member), count in homes.items() if count > 1]
    return faults


def unsummarised(communities: pa.Table, summaries: pa.Table) -> list[str]:
    """Return the ids of communities without a summary, and of summaries without a community."""
    wanted = set(communities["community_id"].to_pylist())
    written = {row["community_id"] for row in summaries.to_pylist() if row["summary"].strip()}
    return sorted(wanted ^ written)
