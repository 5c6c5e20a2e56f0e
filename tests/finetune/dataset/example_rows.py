"""Instruction rows and files for the tests of the first half of fine-tuning."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipelines.finetune.conversation import messages_of, stored_messages
from pipelines.finetune.dataset.duplicates import duplicates, find_duplicates, good_places
from pipelines.finetune.dataset.ledger import Rejected, ledger_of, problems_in
from pipelines.finetune.dataset.rows.reading import Earlier, read_rows
from pipelines.finetune.dataset.rows.registry import find_sources
from pipelines.finetune.dataset.rows.table import STORED
from pipelines.finetune.dataset.split import SplitSettings


def write(folder: Path, name: str, rows: Any) -> Path:
    """Write a .json list, a .jsonl of rows, or text as it is."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(rows, str):
        text = rows
    elif name.endswith(".jsonl"):
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    else:
        text = json.dumps(rows, ensure_ascii=False)
    path.write_text(text, encoding="utf-8")
    return path


def many(folder: Path, sources: int, rows_each: int = 2) -> Path:
    """Write rows from so many sources, no two of them alike; return the folder."""
    rows = [
        {"instruction": f"Question {n} about gear {s}?", "output": f"Answer {n} on {s}.", "source": f"source-{s}"}
        for s in range(sources)
        for n in range(rows_each)
    ]
    write(folder, "many.json", rows)
    return folder


@dataclass(frozen=True)
class Read:
    """The used rows (ROWS, their messages in plain form) in order of file and row, and the rejected ones."""

    rows: list[dict[str, Any]]
    problems: list[Rejected]


def read(folder: Path) -> Read:
    """Read a folder by the steps of `prepare` that come before the split: one row is enough."""
    settings = SplitSettings()
    sources, _ = find_sources(folder)
    rows, _, _ = read_rows([(source, "") for source in sources], Earlier(), settings.salt)
    good = good_places(rows)
    repeated = duplicates(rows, good, find_duplicates(rows, good, settings.similarity), settings.similarity)
    used = sorted(set(good.tolist()) - {duplicate.place for duplicate in repeated})
    kept = rows.take(pa.array(used, pa.int64())).to_pylist()
    return Read([row | {"messages": messages_of(row)} for row in kept], problems_in(ledger_of(rows, repeated)))


def stored(rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    """Return rows (row_id, messages, source, language) as the dataset stores them (STORED)."""
    rest = {"tools": "", "chosen": "", "rejected": "", "kind": "sft", "dataset": ""}
    made = []
    for row in rows:
        characters = sum(len(message["content"]) for message in row["messages"])
        made.append({**rest, **row, "messages": stored_messages(row["messages"]), "characters": characters})
    return pa.Table.from_pylist(made, STORED)
