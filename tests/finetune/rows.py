"""Instruction rows and files for the tests of the first half of fine-tuning."""

import json
from pathlib import Path
from typing import Any

from pipelines.finetune.instructions import Instruction, load_instructions

GOOD = {"instruction": "Can I return a tent?", "input": "It is unused.", "output": "Yes, for 45 days.", "source": "a"}


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


def many(folder: Path, sources: int, rows_each: int = 2) -> list[Instruction]:
    """Return loaded rows from so many sources."""
    rows = [
        {"instruction": f"Question {n} about gear {s}?", "output": f"Answer {n} on {s}.", "source": f"source-{s}"}
        for s in range(sources)
        for n in range(rows_each)
    ]
    write(folder, "many.json", rows)
    return load_instructions(folder).rows
