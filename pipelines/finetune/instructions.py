"""Instruction examples in every common shape: conversations, and a ledger of repaired and rejected rows."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipelines.errors import Problem
from pipelines.finetune.conversation import Conversation, messages_of
from pipelines.finetune.dataset_registry import find_sources
from pipelines.finetune.duplicates import DUPLICATE, NEAR_DUPLICATE, Duplicate, compare, duplicates, good_places
from pipelines.finetune.row_reading import Earlier, read_rows
from pipelines.finetune.split import SplitSettings
from pipelines.schemas import LEDGER

ROW_LEDGER = pa.schema([("outcome", pa.string()), ("reason", pa.string()), *LEDGER])
"""`outcome`: "rejected", or "repaired" (then `found` names the repairs, and nothing is left to do)."""
_REPEATS = (DUPLICATE, NEAR_DUPLICATE)


@dataclass(frozen=True)
class Rejected(Problem):
    """A row that is not learned from; `reason` is what the counts go by."""

    reason: str = ""


@dataclass(frozen=True)
class Instruction:
    """One conversation that ends with the assistant's answer; `row_id` is made of what is said in it."""

    row_id: str
    messages: Conversation
    source: str
    language: str
    file: str
    row: int
    tools: str = ""
    chosen: str = ""
    rejected: str = ""
    kind: str = "sft"
    dataset: str = ""
    repairs: str = ""


@dataclass(frozen=True)
class Instructions:
    """The good rows in order of file and row, the rejected ones, and how many there were of both."""

    rows: list[Instruction]
    problems: list[Rejected]

    @property
    def total(self) -> int:
        return len(self.rows) + len(self.problems)


def load_instructions(folder: Path, settings: SplitSettings | None = None) -> Instructions:
    """Read every file of rows below `folder`, without a cache; InputError where there is none."""
    settings = settings or SplitSettings()
    sources, _ = find_sources(folder)
    rows, _, _ = read_rows([(source, "") for source in sources], Earlier(), settings.salt)
    good = good_places(rows)
    repeated = duplicates(rows, good, compare(rows, good, settings.similarity), settings.similarity)
    dropped = {duplicate.place for duplicate in repeated}
    kept = [place for place in good.tolist() if place not in dropped]
    used = rows.take(pa.array(kept, pa.int64())).to_pylist()
    return Instructions([_instruction(row) for row in used], problems_in(ledger_of(rows, repeated)))


def problems_in(ledger: pa.Table) -> list[Rejected]:
    """Return the rejected rows of a ledger (ROW_LEDGER)."""
    return [Rejected(**row) for row in ledger.to_pylist() if row.pop("outcome") == "rejected"]


def ledger_of(rows: pa.Table, repeated: list[Duplicate]) -> pa.Table:
    """Return ROW_LEDGER: what was rejected or repaired, in order of file and row."""
    dropped = {duplicate.place: duplicate for duplicate in repeated}
    flawed = pc.or_(pc.not_equal(rows["reason"], ""), pc.not_equal(rows["repairs"], ""))
    places = sorted({*pc.indices_nonzero(flawed).to_pylist(), *dropped})
    names = ["file", "row", "reason", "found", "expected", "repairs"]
    entries = []
    kept = rows.select(["file", "row"]).take(pa.array([one.first for one in dropped.values()], pa.int64())).to_pylist()
    first_of = dict(zip(dropped, kept, strict=True))
    for place, row in zip(places, rows.select(names).take(pa.array(places, pa.int64())).to_pylist(), strict=True):
        entries.append(_entry(row, dropped.get(place), first_of.get(place)))
    return pa.Table.from_pylist(entries, ROW_LEDGER)


def _entry(row: dict[str, Any], duplicate: Duplicate | None, first: dict[str, Any] | None) -> dict[str, Any]:
    file, number = row["file"], row["row"]
    entry = {"outcome": "rejected", "file": file, "row": number}
    if duplicate and first:
        exact = duplicate.similarity == 1.0
        like = "the same conversation as" if exact else f"{duplicate.similarity:.0%} of the conversation in"
        return entry | {
            "reason": DUPLICATE if exact else NEAR_DUPLICATE,
            "found": f"{like} {first['file']}, row {first['row']}",
            "expected": "each conversation once",
            "fix": f"delete row {number} of {file}",
        }
    if row["reason"]:
        fix = f"correct row {number} of {file}" if number else f"correct {file}"
        return entry | {"reason": row["reason"], "found": row["found"], "expected": row["expected"], "fix": fix}
    repaired = {"outcome": "repaired", "reason": row["repairs"], "found": row["repairs"]}
    return entry | repaired | {"expected": "as it is now", "fix": "nothing: the row is used as repaired"}


def counts_of(rows: int, ledger: pa.Table) -> dict[str, Any]:
    """Return how each of so many rows ended: kept as it was, repaired or rejected, both by reason, and the bad share.

    Duplicates are rejected without being bad: `rejected_share` leaves them out.
    """
    by = Counter(zip(ledger["outcome"].to_pylist(), ledger["reason"].to_pylist(), strict=True))
    repaired, rejected = (
        {reason: count for (what, reason), count in sorted(by.items()) if what == outcome}
        for outcome in ("repaired", "rejected")
    )
    bad = sum(count for reason, count in rejected.items() if reason not in _REPEATS)
    return {
        "kept": rows - ledger.num_rows,
        "repaired": repaired,
        "rejected": rejected,
        "rejected_share": bad / rows if rows else 0.0,
    }


def _instruction(row: dict[str, Any]) -> Instruction:
    names = ("row_id", "source", "language", "file", "row", "tools", "chosen", "rejected", "kind", "dataset", "repairs")
    return Instruction(messages=messages_of(row), **{name: row[name] for name in names})
