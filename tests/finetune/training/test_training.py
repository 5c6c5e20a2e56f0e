import json
import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipelines.core.errors import InputError
from pipelines.finetune.models.base import BaseModel
from pipelines.finetune.recipes.recipe import Recipe
from pipelines.finetune.templates import templates
from pipelines.finetune.training import training
from tests.finetune.training.records import RESULT

RECIPE = Recipe(lora_rank=2)
BASE = BaseModel(Path("base"), "org/base", "revision")
DATASET = {"digest": "d", "path": "rows", "train": 3}


class FakeChild:
    """Writes what the training child would; counts its runs."""

    def __init__(self) -> None:
        self.specs: list[dict[str, Any]] = []

    def __call__(
        self, module: str, spec: dict[str, Any], folder: Path, environment: Any, watch: Any, needed_bytes: int
    ) -> Path:
        self.specs.append(spec)
        folder.mkdir(parents=True, exist_ok=True)
        row = {"step": 2, "total_steps": 4, "loss": 1.5, "tokens_per_second": 10.0, "seconds_left": 3.0}
        (folder / training.LOG).write_text(json.dumps(row) + "\n")
        watch()
        output = Path(spec["output"])
        output.mkdir()
        (output / training.RESULT).write_text(json.dumps(RESULT | {"digest": "w"}))
        return folder / "child.log"


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch) -> FakeChild:
    fake = FakeChild()
    monkeypatch.setattr(training, "run_child", fake)
    return fake


def test_the_key_is_of_recipe_data_and_base():
    key = training.run_key(RECIPE, "d", "r")
    assert training.run_key(Recipe(lora_rank=2), "d", "r") == key
    changes = [(Recipe(), "d", "r"), (RECIPE, "e", "r"), (RECIPE, "d", "s")]
    others = {training.run_key(*change) for change in changes}
    assert key not in others and len(others) == 3


def test_an_edited_form_of_a_template_is_another_training(monkeypatch: pytest.MonkeyPatch):
    recipe = Recipe(template="chatml")
    before, plain = training.run_key(recipe, "d", "r"), training.run_key(RECIPE, "d", "r")
    forms = templates._forms()
    monkeypatch.setitem(forms, "chatml", replace(forms["chatml"], user="<|user|>{content}"))
    assert training.run_key(recipe, "d", "r") != before
    assert training.run_key(RECIPE, "d", "r") == plain


def test_a_finished_training_is_never_run_again(tmp_path: Path, child: FakeChild):
    first = training.train(RECIPE, DATASET, BASE, tmp_path)
    assert training.train(RECIPE, DATASET, BASE, tmp_path) == first
    assert len(child.specs) == 1
    assert first.digest == "w" and Path(first.path).name == first.key
    assert not list((tmp_path / "work" / "training").iterdir())


@pytest.mark.parametrize(
    ("values", "dataset", "said"),
    [
        ({"template": "llama9"}, DATASET, "write template: llama"),
        ({"stage": "dpo"}, {**DATASET, "kinds": {"train": {"sft": 3}}}, "3 of kind sft"),
        ({"early_stopping_steps": 1}, {**DATASET, "test": 0}, "no held-out row"),
    ],
)
def test_what_can_be_known_before_is_refused_before_a_child_starts(
    values: dict[str, Any], dataset: dict[str, Any], said: str, tmp_path: Path, child: FakeChild
):
    with pytest.raises(InputError, match=said):
        training.train(Recipe(**values), dataset, BASE, tmp_path)
    assert not child.specs


def test_without_its_marker_a_training_runs_again(tmp_path: Path, child: FakeChild):
    first = training.train(RECIPE, DATASET, BASE, tmp_path)
    (Path(first.path) / training.MARKER).unlink()
    assert training.train(RECIPE, DATASET, BASE, tmp_path) == first
    assert len(child.specs) == 2


def test_progress_is_logged_with_rate_and_time_left(tmp_path: Path, child: FakeChild, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.INFO, logger="graftline"):
        training.train(RECIPE, DATASET, BASE, tmp_path)
    assert "step 2/4: loss 1.500, 10 tokens/s, 3 s left" in caplog.text


def test_a_line_that_is_still_being_written_is_not_read(tmp_path: Path):
    (tmp_path / training.LOG).write_text('{"step": 1}\n{"step": 2')
    assert training.read_log(tmp_path) == [{"step": 1}]
