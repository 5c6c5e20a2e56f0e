"""The instruction dataset: a DatasetDict whose split follows the source, so that train and test share none."""

import json
import logging
import os
import shutil
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from pipelines.errors import InputError, NotMaterializedError
from pipelines.finetune.instructions import Instruction
from pipelines.identity import content_id, json_digest

if TYPE_CHECKING:
    from datasets import DatasetDict

log = logging.getLogger("graftline")

COLUMNS = ("row_id", "messages", "source", "language")
_MARKER = "graftline.json"


class SplitSettings(BaseModel):
    """How rows are held out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    test_share: float = Field(
        default=0.2, gt=0, lt=1, description="share of the sources that are held out for evaluation"
    )
    salt: str = Field(default="graftline", description="another salt holds out other sources")


def split_of(source: str, settings: SplitSettings) -> str:
    """Return "train" or "test" from the hash of the source alone: adding rows moves no other row."""
    place = int(content_id(settings.salt, source), 16) / float(1 << 96)
    return "test" if place < settings.test_share else "train"


def build_dataset(rows: list[Instruction], home: Path, settings: SplitSettings | None = None) -> dict[str, Any]:
    """Store the rows as a DatasetDict in home/datasets/<digest>; return its record.

    The record: digest, path, train and test (rows), languages and sources by split. Nothing is done where that folder
    is complete. InputError when a split would be empty.
    """
    settings = settings or SplitSettings()
    records = [
        {
            "row_id": row.row_id,
            "messages": row.messages,
            "source": row.source,
            "language": row.language,
            "split": split_of(row.source, settings),
        }
        for row in sorted(rows, key=lambda row: row.row_id)
    ]
    digest = json_digest(records)
    folder = home / "datasets" / digest
    if not (folder / _MARKER).exists():
        _require_both(records)
        _write(records, folder, home / "cache" / "datasets", {"digest": digest, **_counts(records)})
    return {**json.loads((folder / _MARKER).read_text(encoding="utf-8")), "path": str(folder)}


def load_dataset(path: Path) -> "DatasetDict":
    """Return the stored {"train", "test"}; NotMaterializedError where the folder is gone."""
    from datasets import DatasetDict

    if not (path / _MARKER).exists():
        raise NotMaterializedError(
            str(path), "no complete dataset", "an earlier materialisation", "graftline run --select instruction_dataset"
        )
    return DatasetDict.load_from_disk(str(path))


def _require_both(records: list[dict[str, Any]]) -> None:
    counts = Counter(record["split"] for record in records)
    for split in ("train", "test"):
        if not counts[split]:
            raise InputError(
                "the instruction dataset",
                f"{len(records)} rows and none for '{split}'",
                "rows from more sources, some of which are held out",
                "add rows with other values of 'source' below GRAFTLINE_INSTRUCTIONS",
            )


def _counts(records: list[dict[str, Any]]) -> dict[str, Any]:
    splits = Counter(record["split"] for record in records)
    languages = {
        split: dict(sorted(Counter(r["language"] for r in records if r["split"] == split).items()))
        for split in ("train", "test")
    }
    sources = {split: len({r["source"] for r in records if r["split"] == split}) for split in ("train", "test")}
    return {"train": splits["train"], "test": splits["test"], "languages": languages, "sources": sources}


def _write(records: list[dict[str, Any]], folder: Path, cache: Path, counts: dict[str, Any]) -> None:
    from datasets import Dataset, DatasetDict, disable_progress_bars, enable_progress_bars

    beside = folder.with_name(f".{folder.name}.part{os.getpid()}")
    shutil.rmtree(beside, ignore_errors=True)
    cache.mkdir(parents=True, exist_ok=True)
    disable_progress_bars()
    try:
        # The cache files carry the digest of all that goes in: a crash between two steps repeats neither.
        every = Dataset.from_list(records).map(
            _measured, cache_file_name=str(cache / f"{folder.name}-measured.arrow"), new_fingerprint=folder.name
        )
        splits = {
            split: every.filter(
                _belongs,
                fn_kwargs={"split": split},
                cache_file_name=str(cache / f"{folder.name}-{split}.arrow"),
                new_fingerprint=f"{folder.name}{split}",
            ).remove_columns("split")
            for split in ("train", "test")
        }
        DatasetDict(splits).save_to_disk(str(beside))
    finally:
        enable_progress_bars()
    (beside / _MARKER).write_text(json.dumps(counts, ensure_ascii=False), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)  # never complete: a complete one has its marker
    os.replace(beside, folder)
    log.info("dataset %s: %d rows to train on, %d held out", counts["digest"], counts["train"], counts["test"])


def _measured(record: dict[str, Any]) -> dict[str, int]:
    return {"characters": sum(len(message["content"]) for message in record["messages"])}


def _belongs(record: dict[str, Any], split: str) -> bool:
    return record["split"] == split
