"""A folder with 200 malformed rows of 1,000 trains on the rest, and its run names each of the 200."""

import json
from collections import Counter
from pathlib import Path

import pytest

from pipelines.commands import cli
from pipelines.finetune.dataset.preparation import prepare, read_ledger
from pipelines.finetune.training.training import RESULT
from tests.finetune.dataset.bad_rows import WAYS, write_thousand
from tests.integration.training.tiny_model import make_tiny_model


def test_the_rest_of_a_folder_with_two_hundred_malformed_rows_is_trained_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    import mlflow

    home, folder = tmp_path / "home", tmp_path / "in"
    monkeypatch.setenv("GRAFTLINE_HOME", str(home))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    expected = write_thousand(folder)
    call = ["train", f"model_name_or_path={make_tiny_model(tmp_path / 'tiny')}", f"dataset_dir={folder}",
            "num_train_epochs=1", "per_device_train_batch_size=16", "learning_rate=1e-2", "cutoff_len=256",
            "lora_rank=4", "logging_steps=10", "bf16=false"]  # fmt: skip
    assert cli.main(call) == 0
    printed = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines() if line)
    result = json.loads((Path(printed["adapter"]) / RESULT).read_text(encoding="utf-8"))
    record = prepare(folder, home)
    assert record["kept"] == record["train"] + record["test"] == 800
    assert result["rows"] == record["train"] and result["rows_without_loss"] == 0
    assert result["steps"] == -(-record["train"] // 16)
    assert result["held_out_loss_after"] < result["held_out_loss_before"]
    ledger = read_ledger(record).to_pylist()
    assert {(row["file"], row["row"]): row["reason"] for row in ledger} == expected
    assert len(ledger) == 200 and len(WAYS) >= 20
    client = mlflow.MlflowClient(f"sqlite:///{home / 'mlflow' / 'mlflow.db'}")
    run = printed["MLflow"].split()[-1]
    metrics = client.get_run(run).data.metrics
    assert metrics["dataset.kept"] == 800 and metrics["dataset.rejected"] == 200
    by_reason = {reason: metrics[f"dataset.rejected.{reason}"] for reason in Counter(expected.values())}
    assert by_reason == Counter(expected.values())
    logged = json.loads(Path(client.download_artifacts(run, "dataset/ledger.json")).read_text(encoding="utf-8"))
    rows = [dict(zip(logged["columns"], values, strict=True)) for values in logged["data"]]
    assert {(row["file"], row["row"]): row["reason"] for row in rows} == expected
