"""The instruction dataset on disk: a DatasetDict in a folder named by its content, written once."""

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.core.errors import NotMaterializedError
from pipelines.core.files import beside
from pipelines.core.identity import content_id
from pipelines.finetune.dataset.rows.table import STORED
from pipelines.finetune.dataset.saved import save_splits

if TYPE_CHECKING:
    from datasets import DatasetDict

log = logging.getLogger("graftline")

_MARKER = "graftline.json"


def store_dataset(rows: pa.Table, kept: np.ndarray, held_out: np.ndarray, home: Path) -> dict[str, Any]:
    """Store the rows (STORED) at the places `kept` as a DatasetDict in home/datasets/<digest>; return its record.

    They are stored in order of id; `held_out` (a bool each) are the test split.

    The record: digest, path, train and test (rows); languages, sources, kinds and datasets by split. Nothing is done
    where that folder is complete. The test split may be empty.
    """
    ranks = pc.sort_indices(rows["row_id"].take(pa.array(kept))).to_numpy()
    order, held_out = kept[ranks], held_out[ranks]
    told = [rows[name].take(pa.array(order)).to_pylist() for name in ("row_id", "source", "language", "dataset")]
    digest = content_id(str(STORED), *("\n".join(map(repr, column)) for column in told), held_out.tobytes().hex())
    folder = home / "datasets" / digest
    if not is_complete(folder):
        rows = rows.select(STORED.names)
        splits = {"train": rows.take(pa.array(order[~held_out])), "test": rows.take(pa.array(order[held_out]))}
        _write(splits, folder, digest, {"digest": digest, **_counts(splits)})
    return {**json.loads((folder / _MARKER).read_text(encoding="utf-8")), "path": str(folder)}


def is_complete(folder: Path) -> bool:
    """Return whether the folder holds a dataset that was written to its end."""
    return (folder / _MARKER).exists()


def load_dataset(path: Path) -> "DatasetDict":
    """Return the stored {"train", "test"}; NotMaterializedError where the folder is gone."""
    from datasets import DatasetDict

    if not is_complete(path):
        raise NotMaterializedError(
            str(path), "no complete dataset", "an earlier materialisation", "graftline run --select instruction_dataset"
        )
    return DatasetDict.load_from_disk(str(path))


def _counts(splits: dict[str, pa.Table]) -> dict[str, Any]:
    def by(column: str) -> dict[str, dict[str, int]]:
        counted = {split: pc.value_counts(table[column]).to_pylist() for split, table in splits.items()}
        return {split: dict(sorted((c["values"], c["counts"]) for c in each)) for split, each in counted.items()}

    rows = {split: table.num_rows for split, table in splits.items()}
    sources = {split: pc.count_distinct(table["source"]).as_py() for split, table in splits.items()}
    return {**rows, "languages": by("language"), "sources": sources, "kinds": by("kind"), "datasets": by("dataset")}


def _write(splits: dict[str, pa.Table], folder: Path, digest: str, counts: dict[str, Any]) -> None:
    with beside(folder, folder=True) as new:
        save_splits(splits, new, digest)
        (new / _MARKER).write_text(json.dumps(counts, ensure_ascii=False), encoding="utf-8")
    log.info("dataset %s: %d rows to train on, %d held out", digest, counts["train"], counts["test"])
