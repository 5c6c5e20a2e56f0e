"""A model's own chat template that refuses a row, or leaves something out: what `graftline train` says of it."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.commands import cli
from pipelines.finetune.training.training import RESULT
from tests.finetune.templates.test_encoding import DROPS_THOUGHTS, REFUSES, THINKING
from tests.integration.training.tiny_model import make_tiny_model


def call(folder: Path, template: str, rows: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the arguments of a short training of a tiny model with that template on those rows."""
    monkeypatch.setenv("GRAFTLINE_HOME", str(folder / "home"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    tiny = make_tiny_model(folder / "tiny")
    (tiny / "chat_template.jinja").write_text(template, encoding="utf-8")
    (folder / "in").mkdir()
    (folder / "in" / "rows.json").write_text(json.dumps(rows), encoding="utf-8")
    return ["train", f"model_name_or_path={tiny}", f"dataset_dir={folder / 'in'}", "max_steps=2", "lora_rank=4",
            "cutoff_len=128", "bf16=false"]  # fmt: skip


def test_a_row_that_the_template_refuses_is_one_line_with_file_row_and_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    rows = [{"instruction": f"What is {word}?", "output": f"It is {word}.", "source": "s"} for word in "abcd"]
    rows[2]["system"] = "Be kind."
    assert cli.main(call(tmp_path, REFUSES, rows, monkeypatch)) == 1
    told = [line for line in capsys.readouterr().err.splitlines() if "System role not supported" in line]
    assert len(told) == 1 and "rows.json, row 3: " in told[0] and "add template: gemma to the recipe" in told[0]


def test_thoughts_and_answers_without_loss_are_printed_and_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    rows = [{"instruction": f"What is {word}?", "output": f"It is {word}.", "source": "s"} for word in "abcd"]
    rows[0]["output"] = THINKING.format(n=0) + rows[0]["output"]
    rows[1]["output"] = "It is b. " * 40
    rows[2]["history"] = [["Who? " * 40, "You."]]
    assert cli.main(call(tmp_path, DROPS_THOUGHTS, rows, monkeypatch)) == 0
    printed = capsys.readouterr().out
    adapter = next(line.split()[-1] for line in printed.splitlines() if line.startswith("adapter"))
    result = json.loads((Path(adapter) / RESULT).read_text(encoding="utf-8"))
    assert (result["rows"], result["rows_without_loss"], result["turns_without_loss"]) == (3, 1, 2)
    assert "no loss     on 2 answers or calls" in printed
    assert (
        "thoughts without loss: 1 – the model's own chat template does not write them; template: qwen3 does" in printed
    )
    assert "answers without loss: 2 – they begin behind cutoff_len: 128; raise it" in printed
