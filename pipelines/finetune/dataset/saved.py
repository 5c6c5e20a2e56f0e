"""A DatasetDict on disk, written straight from Arrow: `datasets` itself takes longer to import than this to run."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

_BATCH_ROWS = 1000
"""Rows of a record batch, as `datasets` writes them: one is read at a time when rows are picked at random."""
_FILE = "data-00000-of-00001.arrow"


def save_splits(splits: Mapping[str, pa.Table], folder: Path, fingerprint: str) -> None:
    """Write what `DatasetDict.load_from_disk` reads; texts, whole numbers, lists and structs only.

    The fingerprint names the content: what is mapped from a split is found again under the same name.
    """
    for split, table in splits.items():
        place = folder / split
        place.mkdir(parents=True)
        with pa.OSFile(str(place / _FILE), "wb") as file, pa.ipc.new_stream(file, table.schema) as stream:
            stream.write_table(table.combine_chunks(), max_chunksize=_BATCH_ROWS)
        features = {field.name: _feature(field.type) for field in table.schema}
        info = {"citation": "", "description": "", "features": features, "homepage": "", "license": ""}
        state: dict[str, Any] = {
            "_data_files": [{"filename": _FILE}], "_fingerprint": f"{fingerprint}{split}", "_format_columns": None,
            "_format_kwargs": {}, "_format_type": None, "_output_all_columns": False, "_split": None,
        }  # fmt: skip
        (place / "dataset_info.json").write_text(json.dumps(info, indent=2), encoding="utf-8")
        (place / "state.json").write_text(json.dumps(state, indent=2), encoding="utf-8")
    (folder / "dataset_dict.json").write_text(json.dumps({"splits": list(splits)}), encoding="utf-8")


def _feature(kind: pa.DataType) -> dict[str, Any]:
    if pa.types.is_list(kind):
        return {"feature": _feature(kind.value_type), "_type": "List"}
    if pa.types.is_struct(kind):
        return {kind.field(n).name: _feature(kind.field(n).type) for n in range(kind.num_fields)}
    return {"dtype": str(kind), "_type": "Value"}
