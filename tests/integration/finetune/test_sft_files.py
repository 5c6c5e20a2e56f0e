"""The sample files train through their own LLaMA-Factory registry, each dataset by the command, 64 samples of each."""

import json
import math
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from pipelines.commands import cli
from pipelines.finetune.dataset.preparation import prepare, read_ledger
from pipelines.finetune.dataset.stored import load_dataset
from pipelines.finetune.training.training import LOG, RESULT, read_log

MOST = 64
GIVEN = os.environ.get("GRAFTLINE_BENCH_DATA", "")
DATA = Path(GIVEN, "sft")
INFO = DATA / "llamafactory_dataset_info.json"
REGISTERED = ("identity", "alpaca_en_demo", "alpaca_zh_demo", "glaive_toolcall_en_demo", "dpo_en_demo")
UNREGISTERED = ("gsm8k_train", "gsm8k_test")
"""Files beside the registry that it does not name: a dataset each, by the file's name."""
TOOLS, PREFERENCES = "glaive_toolcall_en_demo", "dpo_en_demo"
CUTOFF = {TOOLS: 768}
SHORT = 512
FLAGS = ["model_name_or_path=smollm2", f"max_samples={MOST}", "num_train_epochs=1", "lora_rank=8",
         "per_device_train_batch_size=4", "gradient_accumulation_steps=2", "learning_rate=2e-4", "warmup_ratio=0.1",
         "logging_steps=1", "save_steps=1000", "bf16=true"]  # fmt: skip

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (GIVEN and INFO.is_file()), reason="GRAFTLINE_BENCH_DATA names no folder of sample files"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All sample files, the registry under the name that LLaMA-Factory gives it."""
    made = tmp_path_factory.mktemp("data")
    for file in (*DATA.glob("*.json"), *DATA.glob("*.jsonl")):
        shutil.copyfile(file, made / ("dataset_info.json" if file == INFO else file.name))
    return made


@pytest.fixture(scope="module")
def own_home(small_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("home")
    (made / "models").mkdir()
    os.symlink(small_model, made / "models" / small_model.name)
    return made


@pytest.fixture(scope="module")
def record(folder: Path, own_home: Path) -> dict[str, Any]:
    return prepare(folder, own_home)


@pytest.fixture(autouse=True)
def settings(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAFTLINE_HOME", str(own_home))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


def rows_of(file: Path) -> int:
    """Return how many rows a file has, read without our readers."""
    text = file.read_text(encoding="utf-8")
    return len(json.loads(text)) if file.suffix == ".json" else sum(bool(line.strip()) for line in text.split("\n"))


def flags(name: str, folder: Path) -> list[str]:
    stage = "dpo" if name == PREFERENCES else "sft"
    template = ["template=chatml"] if name == TOOLS else []
    own = [f"dataset={name}", f"stage={stage}", f"cutoff_len={CUTOFF.get(name, SHORT)}", *template]
    return ["train", *FLAGS, f"dataset_dir={folder}", *own]


def filled_by_the_question(rows: list[dict[str, Any]], model: Path) -> int:
    """Return how many pairs have a question that leaves no token of the cutoff to an answer."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model)
    told = [[{"role": turn["role"], "content": turn["content"]} for turn in row["messages"]] for row in rows]
    texts = [tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True) for turns in told]
    return sum(len(tokenizer(text, add_special_tokens=False)["input_ids"]) >= SHORT for text in texts)


def test_every_registered_file_that_is_here_is_tested(folder: Path):
    entries = json.loads((folder / "dataset_info.json").read_text(encoding="utf-8"))
    here = {name for name, entry in entries.items() if (folder / str(entry.get("file_name"))).is_file()}
    assert here == set(REGISTERED)
    left = {file.stem for file in folder.iterdir()} - {"dataset_info", *REGISTERED}
    assert left == set(UNREGISTERED)


def test_each_row_of_each_file_is_kept_or_in_the_ledger_with_its_reason(folder: Path, record: dict[str, Any]):
    ledger = read_ledger(record).to_pylist()
    rejected = [row for row in ledger if row["outcome"] == "rejected"]
    assert all(row["reason"] and row["row"] >= 1 for row in ledger)
    for name in (*REGISTERED, *UNREGISTERED):
        (file,) = folder.glob(f"{name}.json*")
        kept = sum(record["datasets"][split].get(name, 0) for split in ("train", "test"))
        lost = {row["row"] for row in rejected if row["file"] == file.name}
        assert kept + len(lost) == rows_of(file), name
    total = sum(rows_of(file) for file in folder.iterdir() if file.stem != "dataset_info")
    fates = {"repaired": record["repaired_rows"], "rejected": sum(record["rejected"].values())}
    assert record["kept"] + fates["repaired"] + fates["rejected"] == total
    assert record["kept"] + fates["repaired"] == record["train"] + record["test"]
    assert fates == {"repaired": len(ledger) - len(rejected), "rejected": len(rejected)}
    entries = json.loads((folder / "dataset_info.json").read_text(encoding="utf-8"))
    assert set(record["absent"]) == set(entries) - set(REGISTERED)
    assert all(record["absent"].values())


@pytest.mark.parametrize("name", [*REGISTERED, *UNREGISTERED])
def test_a_dataset_trains_on_its_first_samples(
    name: str, folder: Path, record: dict[str, Any], small_model: Path, capsys: pytest.CaptureFixture[str]
):
    import mlflow

    assert cli.main(flags(name, folder)) == 0
    printed = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines() if line)
    adapter = Path(printed["adapter"])
    result = json.loads((adapter / RESULT).read_text(encoding="utf-8"))
    rows = [row for row in load_dataset(Path(record["path"]))["train"] if row["dataset"] == name]
    assert {row["kind"] for row in rows} == {"preference" if name == PREFERENCES else "sft"}
    assert len(rows) == record["datasets"]["train"][name]
    expected = min(MOST, len(rows))
    without = filled_by_the_question(rows[:MOST], small_model) if name == PREFERENCES else 0
    assert (result["rows"], result["rows_without_loss"]) == (expected - without, without)
    assert ("left" in printed) == bool(without), "what is left out is said"
    assert result["steps"] == math.ceil(result["rows"] / 8)
    assert (adapter / LOG).is_file()
    log = read_log(adapter)
    assert [row["step"] for row in log] == list(range(1, result["steps"] + 1))
    assert all(math.isfinite(row["loss"]) for row in log)
    assert result["held_out_rows"] > 0
    assert result["held_out_loss_after"] < result["held_out_loss_before"]
    client = mlflow.MlflowClient(f"sqlite:///{os.environ['GRAFTLINE_HOME']}/mlflow/mlflow.db")
    metrics = client.get_run(printed["MLflow"].split()[-1]).data.metrics
    assert metrics["rows"] == result["rows"] and metrics["rows_without_loss"] == result["rows_without_loss"]
    assert metrics["dataset.kept"] == record["kept"]
    told = f"{name}: {result['rows']} of {len(rows)} training rows, held-out loss"
    print(f"{told} {result['held_out_loss_before']:.3f} -> {result['held_out_loss_after']:.3f}")


def test_tools_under_a_template_without_them_are_refused_by_name(folder: Path, capsys: pytest.CaptureFixture[str]):
    call = [flag for flag in flags(TOOLS, folder) if not flag.startswith("template=")]
    assert cli.main(call) == 1
    captured = capsys.readouterr()
    assert "add template: chatml" in captured.err and captured.out == ""
