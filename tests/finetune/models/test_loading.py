from pathlib import Path

import pytest

from pipelines.compute import processor
from pipelines.finetune.models.loading import precision
from pipelines.finetune.recipes.recipe import Recipe
from resources.engines.batch_engine import dtype_name
from tests.compute.test_processor import PROCESSORS


@pytest.mark.parametrize("name", PROCESSORS)
def test_a_processor_trains_and_generates_in_the_same_precision(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    import torch

    text, fast = PROCESSORS[name]
    (tmp_path / "cpuinfo").write_text(text)
    monkeypatch.setattr(processor, "CPUINFO", tmp_path / "cpuinfo")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert precision(Recipe()) == dtype_name() == ("bfloat16" if fast else "float32")
    assert precision(Recipe(pure_bf16=True)) == precision(Recipe())
    assert precision(Recipe(bf16=False)) == precision(Recipe(fp16=True)) == "float32"
