"""`graftline check`: all faults in one message, what is noted, and no training."""

from pathlib import Path

import pytest

from pipelines.commands import cli
from pipelines.finetune.training import training
from tests.finetune.dataset.example_rows import many


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GRAFTLINE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GRAFTLINE_INSTRUCTIONS", str(many(tmp_path / "in", 40)))
    monkeypatch.setattr(training, "run_child", lambda *_: pytest.fail("something was trained"))
    return tmp_path / "mine.yaml"


def test_keys_template_rows_and_base_are_all_told_at_once(recipe: Path, capsys: pytest.CaptureFixture[str]):
    recipe.write_text(
        "model_name_or_path: ./no/such/folder\ntemplate: qwne\ndataset: mny, other\ndeepspeed: a.json\nlora_rnk: 8\n"
        "fp16: true\nbf16: true\nflash_attn: fa2\n",
        encoding="utf-8",
    )
    assert cli.main(["check", str(recipe)]) == 1
    printed = capsys.readouterr()
    for word in ("deepspeed", "lora_rnk", "bf16 and fp16", "qwne", "'mny'", "'other'", "no/such/folder"):
        assert word in printed.err
    assert printed.out == "" and "7 faults" in printed.err and "flash_attn" not in printed.err


def test_a_recipe_without_a_fault_is_told_with_its_rows_and_notes(recipe: Path, capsys: pytest.CaptureFixture[str]):
    recipe.write_text("dataset: many\nreport_to: wandb\nsave_strategy: epoch\n", encoding="utf-8")
    assert cli.main(["check", str(recipe), "lora_rank=4"]) == 0
    printed = capsys.readouterr().out
    assert "mine: it can be trained" in printed and "to train on" in printed
    assert "report_to: wandb" in printed and "save_strategy: epoch" in printed
