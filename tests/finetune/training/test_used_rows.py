"""What a tracker is told of the rows: those that the recipe trains on and those that it is measured by."""

import json
from pathlib import Path

from pipelines.finetune.dataset.preparation import prepare
from pipelines.finetune.recipes.recipe import Recipe
from pipelines.finetune.training.tracked import used_rows


def prepared(tmp_path: Path) -> dict:
    folder = tmp_path / "in"
    folder.mkdir()
    for name, count in (("train", 24), ("val", 8)):
        words = ["tide", "harbour", "crane", "berth"]
        rows = [
            {"instruction": f"{name} {words[n % 4]} {n * 37}?", "output": f"{words[n % 3]} {n} of {name}"}
            for n in range(count)
        ]
        (folder / f"{name}.json").write_text(json.dumps(rows))
    return prepare(folder, tmp_path / "home")


def test_an_own_validation_set_is_what_measured_and_all_else_trained(tmp_path: Path):
    dataset = prepared(tmp_path)
    trained, measured = used_rows(Recipe(dataset="train", eval_dataset="val"), dataset)
    assert (trained.context, trained.name, len(trained.rows)) == ("training", "train", 24)
    assert (measured.context, measured.name, len(measured.rows)) == ("evaluation", "val", 8)
    assert set(measured.rows["dataset"]) == {"val"}
    assert len({trained.digest, measured.digest, dataset["digest"]}) == 3


def test_without_a_choice_the_parts_are_the_datasets_own_split(tmp_path: Path):
    dataset = prepared(tmp_path)
    parts = used_rows(Recipe(), dataset)
    assert [len(part.rows) for part in parts] == [count for count in (dataset["train"], dataset["test"]) if count]
    assert {part.digest for part in parts} == {dataset["digest"]}


def test_fewer_samples_are_another_part(tmp_path: Path):
    dataset = prepared(tmp_path)
    few = used_rows(Recipe(dataset="train", eval_dataset="val", max_samples=5), dataset)
    assert [len(part.rows) for part in few] == [5, 8]
    whole = used_rows(Recipe(dataset="train", eval_dataset="val"), dataset)
    assert few[0].digest != whole[0].digest and few[1].digest == whole[1].digest
