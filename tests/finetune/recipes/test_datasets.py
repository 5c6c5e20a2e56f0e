from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset, DatasetDict

from pipelines.core.errors import InputError
from pipelines.finetune.dataset.preparation import prepare
from pipelines.finetune.dataset.stored import load_dataset
from pipelines.finetune.recipes import datasets as module
from pipelines.finetune.recipes.datasets import require_configured_folder, require_known, row_counts, split_for
from pipelines.finetune.recipes.faults import RecipeErrors
from pipelines.finetune.recipes.recipe import Recipe
from pipelines.finetune.recipes.wanted_rows import asked_in_both, rows_line
from pipelines.finetune.templates.encoding import chosen_rows
from pipelines.finetune.training.training import run_key
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
        require_known(Recipe(dataset="identity", eval_dataset="identity"), record)
    with pytest.raises(RecipeErrors, match=r"(?s)'one'.*'two'.*'three'"):
        require_known(Recipe(dataset="one, two", eval_dataset="three"), record)


ROWS = {
    "train": Dataset.from_dict({"dataset": ["a", "b", "a", "c"], "row_id": ["1", "2", "3", "4"]}),
    "test": Dataset.from_dict({"dataset": ["a", "b", "c"], "row_id": ["5", "6", "7"]}),
}
COUNTS = {"datasets": {"train": {"a": 2, "b": 1, "c": 1}, "test": {"a": 1, "b": 1, "c": 1}}}


@pytest.mark.parametrize(
    ("values", "train", "held_out"),
    [
        ({}, "1234", "567"),
        ({"dataset": "a"}, "13", "5"),
        ({"dataset": "a", "eval_dataset": "b"}, "135", "26"),
        ({"eval_dataset": "b"}, "13457", "26"),
        ({"dataset": "a,c", "eval_dataset": "b,c"}, "1345", "267"),  # c stands in both: parted by source
    ],
)
def test_an_eval_dataset_is_held_out_whole_and_all_of_the_others_trains(
    values: dict[str, str], train: str, held_out: str
):
    recipe = Recipe(**values)
    sides = split_for(recipe, ROWS)
    names = (recipe.dataset, recipe.eval_dataset or recipe.dataset)
    chosen = [chosen_rows(side, recipe, name)["row_id"] for side, name in zip(sides, names, strict=True)]
    assert ["".join(ids) for ids in chosen] == [train, held_out]
    assert row_counts(recipe, COUNTS) == (len(train), len(held_out))


def test_rows_of_an_eval_dataset_that_ask_what_is_trained_are_told():
    rows = [{"messages": [{"role": "user", "content": text}]} for text in ("Open today?", "open today", "Closed?")]
    recipe = Recipe(dataset="a", eval_dataset="b")
    (line,) = asked_in_both(recipe, rows[:1], rows[1:])
    assert "1 of its 2 rows" in line
    assert asked_in_both(recipe, rows[:1], rows[2:]) == [] == asked_in_both(Recipe(), rows[:1], rows[1:])


def test_a_file_of_24_rows_trains_whole_and_one_of_8_is_held_out_whole(tmp_path: Path):
    for name, count in (("train", 24), ("val", 8)):
        asked = [f"What does the {name} piece with the number {n} cost in {n * 7} shops?" for n in range(count)]
        rows = [{"instruction": text, "output": f"{len(text)} crowns, number {n}."} for n, text in enumerate(asked)]
        write(tmp_path / "in", f"{name}.json", rows)
    dataset = prepare(tmp_path / "in", tmp_path / "home")
    recipe = Recipe(dataset="train", eval_dataset="val")
    require_known(recipe, dataset)
    assert row_counts(recipe, dataset) == (24, 8) and "24 to train on, 8 held out" in rows_line(recipe, dataset)
    assert [len(side) for side in split_for(recipe, load_dataset(Path(dataset["path"])))] == [24, 8]
    own, other = (run_key(each, "d", "b") for each in (recipe, Recipe(dataset="train")))
    assert own != other


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
