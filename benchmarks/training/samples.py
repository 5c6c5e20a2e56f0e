"""The samples that all trainers get, each in the shape that it reads: the same conversations, in the same order."""

import json
import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmarks.ground.common import DATA
from pipelines.core.errors import InputError
from pipelines.core.identity import content_id, json_digest
from pipelines.finetune.dataset.stored import _MARKER

NAME = "benchmark"
"""The data set's name in dataset_info.json."""


@dataclass(frozen=True)
class Sample:
    """A question and its answer."""

    question: str
    answer: str

    @property
    def messages(self) -> list[dict[str, str]]:
        """The sample as a conversation of two turns."""
        return [{"role": "user", "content": self.question}, {"role": "assistant", "content": self.answer}]


def alpaca() -> list[Sample]:
    """Return alpaca_en_demo's rows; instruction and input are joined by a line break, as LLaMA-Factory does."""
    rows = json.loads(_read("alpaca_en_demo.json"))
    return [
        Sample("\n".join(part for part in (row["instruction"], row["input"]) if part), row["output"]) for row in rows
    ]


def gsm8k(split: str = "train") -> list[Sample]:
    """Return GSM8K's rows of a split."""
    rows = (json.loads(line) for line in _read(f"gsm8k_{split}.jsonl").split("\n") if line.strip())
    return [Sample(row["question"], row["answer"]) for row in rows]


def choose(rows: Sequence[Sample], count: int, seed: int) -> list[Sample]:
    """Return `count` different rows, drawn with the seed."""
    unique = list(dict.fromkeys(rows))
    return random.Random(seed).sample(unique, count)


def write_llamafactory(rows: Sequence[Sample], folder: Path) -> None:
    """Write an alpaca file and its dataset_info.json."""
    folder.mkdir(parents=True, exist_ok=True)
    values = [{"instruction": row.question, "input": "", "output": row.answer} for row in rows]
    (folder / "rows.json").write_text(json.dumps(values, ensure_ascii=False), encoding="utf-8")
    info = {NAME: {"file_name": "rows.json"}}
    (folder / "dataset_info.json").write_text(json.dumps(info), encoding="utf-8")


def write_alpaca_lines(rows: Sequence[Sample], path: Path) -> None:
    """Write one alpaca row a line: what data preparation reads."""
    values = ({"instruction": row.question, "input": "", "output": row.answer} for row in rows)
    path.write_text("".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values), encoding="utf-8")


def write_lines(rows: Sequence[Sample], path: Path) -> None:
    """Write one {"question", "answer"} a line: what TRL's script and the evaluator read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(asdict(row), ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def write_ours(rows: Sequence[Sample], held_out: Sequence[Sample], folder: Path) -> dict[str, Any]:
    """Store the rows as a prepared instruction dataset, without its preparation, and return its record.

    Preparation would hold some of the rows out; here each trainer must see exactly the same ones.
    """
    from datasets import Dataset, DatasetDict, disable_progress_bars

    disable_progress_bars()
    splits = {"train": [_stored(row) for row in rows], "test": [_stored(row) for row in held_out]}
    DatasetDict({name: Dataset.from_list(values) for name, values in splits.items()}).save_to_disk(str(folder))
    record = {"digest": json_digest(splits), "train": len(rows), "test": len(held_out)}
    (folder / _MARKER).write_text(json.dumps(record), encoding="utf-8")
    return {**record, "path": str(folder)}


def _stored(row: Sample) -> dict[str, Any]:
    # The columns of a stored conversation; a sample has no tools and no rejected answer.
    identity = content_id(row.question, row.answer)
    return {
        "row_id": identity,
        "messages": [{**message, "tool_calls": ""} for message in row.messages],
        "tools": "",
        "chosen": "",
        "rejected": "",
        "kind": "sft",
        "dataset": NAME,
        "source": identity,
        "language": "en",
        "characters": len(row.question) + len(row.answer),
    }


def _read(name: str) -> str:
    path = DATA / "sft" / name
    if not path.is_file():
        raise InputError(
            str(path), "no such file", "the benchmark's data", "set GRAFTLINE_BENCH_DATA to the folder that has sft/"
        )
    return path.read_text(encoding="utf-8")
