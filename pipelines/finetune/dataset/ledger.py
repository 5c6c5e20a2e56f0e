"""The ledger of instruction rows: which were repaired or rejected, each with its reason, and how many."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.core.errors import InputError, Problem
from pipelines.core.schemas import LEDGER
from pipelines.finetune.dataset.duplicates import DUPLICATE, NEAR_DUPLICATE, Duplicate
from pipelines.finetune.dataset.rows.files import EMPTY_FILE, READ_AS
from pipelines.finetune.dataset.rows.table import REPAIR_SEPARATOR

ROW_LEDGER = pa.schema([("outcome", pa.string()), ("reason", pa.string()), *LEDGER])
"""`outcome`: "rejected", or "repaired" (then `found` names the repairs, and nothing is left to do)."""
HELD_OUT_FEEDBACK = "feedback on a held-out question"
_NOT_BAD = (DUPLICATE, NEAR_DUPLICATE, EMPTY_FILE)
_FIRST_ROWS = 3
LARGE_SHARE = 0.2
"""Share of rows that go as near-duplicates from which a person should look whether they are."""


@dataclass(frozen=True)
class Rejected(Problem):
    """A row that is not learned from; `reason` is what the counts go by."""

    reason: str = ""


def problems_in(ledger: pa.Table) -> list[Rejected]:
    """Return the rejected rows of a ledger (ROW_LEDGER)."""
    return [Rejected(**row) for row in ledger.to_pylist() if row.pop("outcome") == "rejected"]


def ledger_of(rows: pa.Table, repeated: list[Duplicate], aside: Mapping[int, int] | None = None) -> pa.Table:
    """Return ROW_LEDGER: what was rejected or repaired, in order of file and row.

    `aside`: rows of feedback that are not trained on, each with the held-out row whose question it asks.
    """
    dropped = {duplicate.place: duplicate for duplicate in repeated}
    aside = aside or {}
    flawed = pc.or_(pc.not_equal(rows["reason"], ""), pc.not_equal(rows["repairs"], ""))
    places = sorted({*pc.indices_nonzero(flawed).to_pylist(), *dropped, *aside})
    names = ["file", "row", "reason", "found", "expected", "repairs"]
    entries = []
    others = {place: one.first for place, one in dropped.items()} | {**aside}
    named = rows.select(["file", "row"]).take(pa.array(list(others.values()), pa.int64())).to_pylist()
    first_of = dict(zip(others, named, strict=True))
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
    if first:
        return entry | {
            "reason": HELD_OUT_FEEDBACK,
            "found": f"the question of {first['file']}, row {first['row']}, which is held out",
            "expected": "a question that is not held out",
            "fix": "nothing: the row is not trained on while that one is held out",
        }
    if row["reason"]:
        fix = f"correct row {number} of {file}" if number else f"correct {file}"
        return entry | {"reason": row["reason"], "found": row["found"], "expected": row["expected"], "fix": fix}
    repaired = {"outcome": "repaired", "reason": row["repairs"], "found": row["repairs"]}
    return entry | repaired | {"expected": "as it is now", "fix": "nothing: the row is used as repaired"}


def counts_of(rows: int, ledger: pa.Table) -> dict[str, Any]:
    """Return how each of so many rows ended: kept as it was, repaired or rejected, both by reason.

    A row of two repairs counts under both, and once in `repaired_rows`.
    """
    reasons: dict[str, list[str]] = {"repaired": [], "rejected": []}
    for outcome, reason in zip(ledger["outcome"].to_pylist(), ledger["reason"].to_pylist(), strict=True):
        reasons[outcome].append(reason)
    repairs = (repair for row in reasons["repaired"] for repair in row.split(REPAIR_SEPARATOR))
    repaired, rejected = (dict(sorted(Counter(each).items())) for each in (repairs, reasons["rejected"]))
    return {
        "kept": rows - ledger.num_rows,
        "repaired": repaired,
        "repaired_rows": len(reasons["repaired"]),
        "rejected": rejected,
        "near_duplicate_share": rejected.get(NEAR_DUPLICATE, 0) / rows if rows else 0.0,
    }


def bad_by_dataset(rows: pa.Table) -> dict[str, list[int]]:
    """Return {dataset: [bad rows, all rows]} of ROWS; duplicates and empty files are rejected without being bad."""
    fine = pc.is_in(rows["reason"], pa.array(["", *_NOT_BAD]))
    counted = rows.select(["dataset"]).append_column("bad", pc.cast(pc.invert(fine), pa.int64())).group_by("dataset")
    totals = counted.aggregate([("bad", "sum"), ("bad", "count")]).sort_by("dataset").to_pylist()
    return {total["dataset"]: [total["bad_sum"], total["bad_count"]] for total in totals}


def rejected_share(bad: Mapping[str, Sequence[int]], counted: Collection[str] | None) -> tuple[float, str]:
    """Return the bad share of the datasets `counted` (None: of all), and a note on bad rows that it leaves out.

    `bad` is `bad_by_dataset`'s. Where none of the named ones has a row, all are counted.
    """
    named = [name for name in bad if counted is None or name in counted] or [*bad]
    rows = sum(bad[name][1] for name in named)
    left = [f"{name} ({bad[name][0]} of {bad[name][1]})" for name in bad if name not in named and bad[name][0]]
    note = f"rejected, and not in rejected_share, since no recipe names their dataset: {', '.join(left)}"
    return (sum(bad[name][0] for name in named) / rows if rows else 0.0), note if left else ""


def encoding_notes(rows: pa.Table) -> list[str]:
    """Return a note for each file that was read in another encoding than UTF-8."""
    others = rows.filter(pc.match_substring(rows["repairs"], READ_AS)).select(["file", "repairs"]).to_pylist()
    counted = Counter(
        (row["file"], repair.removeprefix(READ_AS))
        for row in others
        for repair in row["repairs"].split(REPAIR_SEPARATOR)
        if repair.startswith(READ_AS)
    )
    return [
        f"{file} is not UTF-8: its rows ({count}) were read as {encoding}; look at one, or save it as UTF-8"
        for (file, encoding), count in sorted(counted.items())
    ]


def near_duplicates_note(counts: Mapping[str, Any]) -> str:
    """Return what to look at where a large share of the rows went as near-duplicates, else ""."""
    share = counts["near_duplicate_share"]
    if share <= LARGE_SHARE:
        return ""
    return (
        f"{counts['rejected'][NEAR_DUPLICATE]} rows ({share:.0%}) went as near-duplicates of earlier rows: the ledger "
        "names each with the row that it is like; put what many rows share into `system`, which is not compared"
    )


def held_out_feedback_note(counts: Mapping[str, Any]) -> str:
    """Return how many rows of feedback are not trained on since they ask what is held out, "" for none."""
    aside = counts["rejected"].get(HELD_OUT_FEEDBACK, 0)
    told = "the ledger names each with the held-out row that asks the same"
    return f"{aside} rows of feedback ask what is held out, and are not trained on: {told}" if aside else ""


def unused_datasets(rows: pa.Table, kept: np.ndarray, aside: Collection[int] = ()) -> dict[str, str]:
    """Return the datasets of which no row (ROWS, at the places `kept`) is used, and why; `aside` as in `ledger_of`."""
    every, used = rows["dataset"].unique(), rows["dataset"].take(pa.array(kept)).unique()
    told = {}
    for dataset in sorted({*every.to_pylist()} - {*used.to_pylist()}):
        places = pc.indices_nonzero(pc.equal(rows["dataset"], dataset))
        theirs = rows.select(["reason", "found"]).take(places).to_pylist()
        reasons = Counter(
            row["reason"] or (HELD_OUT_FEEDBACK if place in aside else "a duplicate of another dataset's row")
            for place, row in zip(places.to_pylist(), theirs, strict=True)
        )
        counted = ", ".join(f"{reason} ({count})" for reason, count in reasons.most_common())
        found = next((f"; first: {row['found']}" for row in theirs if row["found"]), "")
        told[dataset] = f"none of its rows is used: {counted}{found}"
    return told


def nothing_used_error(folder: Path, ledger: pa.Table, kept: Path) -> InputError:
    """Return the error for a folder whose rows are all rejected: the counts by reason, and the first rows."""
    problems = problems_in(ledger)
    reasons = Counter(problem.reason for problem in problems).most_common()
    counted = ", ".join(f"{reason} ({count})" for reason, count in reasons)
    first = "; ".join(f"{p.file}, row {p.row}: {p.found}" for p in problems[:_FIRST_ROWS])
    return InputError(
        str(folder),
        f"no row to train on: {counted}. First: {first}" if problems else "files without a row",
        problems[0].expected if problems else "rows",
        f"{problems[0].fix if problems else 'add rows'}; every row's reason is in {kept}",
    )
