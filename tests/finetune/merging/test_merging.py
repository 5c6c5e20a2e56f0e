import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipelines.core.checkpoints.revision import checkpoint_digest, weights_digest
from pipelines.core.errors import InputError
from pipelines.finetune.merging import merging
from pipelines.finetune.models.base import BaseModel
from pipelines.finetune.recipes.recipe import Recipe
from pipelines.finetune.training.record import TrainingRecord
from pipelines.finetune.training.training import RESULT
from tests.checkpoints import write_checkpoint
from tests.finetune.merging import records
from tests.finetune.training.records import RESULT as TRAINED


@pytest.fixture
def children(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    ran: list[str] = []

    def run(module: str, spec: dict[str, Any], folder: Path, needed_bytes: int, watch: Any) -> None:
        ran.append(module)
        Path(spec["output"]).mkdir(parents=True)
        (Path(spec["output"]) / RESULT).write_text(json.dumps(records.RESULT))

    monkeypatch.setattr(merging, "run_child", run)
    return ran


def base_of(folder: Path) -> BaseModel:
    return BaseModel(folder, "org/tiny", checkpoint_digest(folder))


def trained_on(revision: str, folder: Path) -> TrainingRecord:
    return replace(TrainingRecord.of_result(TRAINED, "k", folder), base_revision=revision)


def test_trainings_that_differ_in_their_tokens_alone_are_merged_each(tmp_path: Path):
    one = trained_on("r", tmp_path)
    other = replace(one, key="another recipe, the same weights")
    assert merging.merge_key(one, "r") != merging.merge_key(other, "r")


def test_an_adapter_is_not_merged_onto_an_edited_base(tmp_path: Path, children: list[str]):
    base = base_of(write_checkpoint(tmp_path / "base"))
    adapter = trained_on(base.revision, tmp_path / "adapter")
    (base.path / "chat_template.jinja").write_text("edited")
    with pytest.raises(InputError, match="an edited one"):
        merging.merge(Recipe(), adapter, tmp_path, base_of(base.path), tmp_path)
    assert not children


@pytest.mark.parametrize("digest", [checkpoint_digest, weights_digest])
def test_what_was_trained_on_the_base_is_merged_once(digest: Any, tmp_path: Path, children: list[str]):
    base = base_of(write_checkpoint(tmp_path / "base"))
    adapter = trained_on(digest(base.path), tmp_path / "adapter")  # records of before name the weights alone
    first = merging.merge(Recipe(), adapter, tmp_path, base, tmp_path)
    (base.path / "chat_template.jinja").write_text("edited")
    assert merging.merge(Recipe(), adapter, tmp_path, base_of(base.path), tmp_path) == first
    assert len(children) == 1 and first.base_revision == adapter.base_revision
