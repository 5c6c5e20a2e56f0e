from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset, DatasetDict

from pipelines.core.errors import InputError
from pipelines.finetune.dataset.preparation import prepare
from pipelines.finetune.recipes import datasets as module
from pipelines.finetune.recipes.datasets import require_configured_folder, require_known
from pipelines.finetune.recipes.recipe import Recipe
from tests.finetune.dataset.example_rows import write


@pytest.fixture
def record(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    rows = DatasetDict(
        train=Dataset.from_dict({"dataset": ["identity", "my_data"]}), test=Dataset.from_dict({"dataset": ["my_data"]})
    )
    monkeypatch.setattr(module, "load_dataset", lambda path: rows)
    return {"path": "rows", "absent": {"kto_en_demo": "none of its rows is used: not for text (1)"}}


def test_an_unknown_dataset_names_the_known_ones_and_the_nearest(record: dict[str, Any]):
    require_known(Recipe(dataset="identity, my_data", eval_dataset="my_data"), record)
    with pytest.raises(InputError, match=r"'my_dta'.*identity, my_data.*write dataset: my_data"):
        require_known(Recipe(dataset="identity,my_dta"), record)
    with pytest.raises(InputError, match=r"eval_dataset.*'identity', of which all rows are trained on"):
        require_known(Recipe(eval_dataset="identity"), record)


def test_a_known_reason_is_told_and_no_unrelated_name(record: dict[str, Any]):
    with pytest.raises(InputError, match=r"'kto_en_demo', .*no row: none of its rows is used: not for text"):
        require_known(Recipe(dataset="kto_en_demo"), record)
    with pytest.raises(InputError, match=r"write dataset: kto_en_demo"):
        require_known(Recipe(dataset="kto_end_demo"), record)
    with pytest.raises(InputError, match=r"add 'alpaca_en' .*dataset_dir or GRAFTLINE_INSTRUCTIONS"):
        require_known(Recipe(dataset="alpaca_en"), record)
    with pytest.raises(InputError) as error:
        require_known(Recipe(dataset="alpaca_en", dataset_dir="data"), record)
    assert "dataset_dir" not in str(error.value)


def test_the_reasons_of_a_real_folder_are_told(tmp_path: Path):
    write(tmp_path / "in", "rows.json", [{"instruction": f"Question {n}?", "output": f"It is {n}."} for n in range(9)])
    write(tmp_path / "in", "kto.json", [{"messages": [], "label": True}])
    kto = {"file_name": "kto.json", "formatting": "sharegpt", "columns": {"messages": "messages", "kto_tag": "label"}}
    entries = {"kto": kto, "gone": {"file_name": "gone.json"}, "hub": {"hf_hub_url": "nobody/nothing"}}
    write(tmp_path / "in", "dataset_info.json", entries)
    made = prepare(tmp_path / "in", tmp_path / "home")
    for name, reason in (("kto", "KTO labels"), ("gone", "gone.json is not in the folder"), ("hub", "on the hub")):
        with pytest.raises(InputError, match=rf"'{name}', of which there is no row: .*{reason}"):
            require_known(Recipe(dataset=name), made)


def test_a_partition_takes_only_the_configured_folder(tmp_path: Path):
    require_configured_folder(Recipe(dataset_dir=str(tmp_path)), tmp_path)
    require_configured_folder(Recipe(), tmp_path)
    with pytest.raises(InputError, match="GRAFTLINE_INSTRUCTIONS"):
        require_configured_folder(Recipe(dataset_dir="data"), tmp_path)
