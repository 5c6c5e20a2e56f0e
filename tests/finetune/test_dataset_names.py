from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset, DatasetDict

from pipelines.errors import InputError
from pipelines.finetune import dataset_names as module
from pipelines.finetune.dataset_names import require_configured_folder, require_known
from pipelines.finetune.recipe import Recipe


@pytest.fixture
def record(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    rows = DatasetDict(
        train=Dataset.from_dict({"dataset": ["identity", "my_data"]}), test=Dataset.from_dict({"dataset": ["my_data"]})
    )
    monkeypatch.setattr(module, "load_dataset", lambda path: rows)
    return {"path": "rows"}


def test_an_unknown_dataset_names_the_known_ones_and_the_nearest(record: dict[str, Any]):
    require_known(Recipe(dataset="identity, my_data", eval_dataset="my_data"), record)
    with pytest.raises(InputError, match=r"'my_dta'.*identity, my_data.*write dataset: my_data"):
        require_known(Recipe(dataset="identity,my_dta"), record)
    with pytest.raises(InputError, match="eval_dataset"):
        require_known(Recipe(eval_dataset="identity"), record)


def test_a_partition_takes_only_the_configured_folder(tmp_path: Path):
    require_configured_folder(Recipe(dataset_dir=str(tmp_path)), tmp_path)
    require_configured_folder(Recipe(), tmp_path)
    with pytest.raises(InputError, match="GRAFTLINE_INSTRUCTIONS"):
        require_configured_folder(Recipe(dataset_dir="data"), tmp_path)
