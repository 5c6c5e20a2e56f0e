"""`graftline train` and `graftline sweep` with the guide's recipe and rows, a tiny model and a real MLflow."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pipelines.commands import cli
from pipelines.commands import train as train_command
from pipelines.finetune.recipes.files import load_recipe
from tests.finetune.dataset.example_rows import write
from tests.finetune.recipes.test_recipe import GUIDE
from tests.finetune.training.records import training_record
from tests.integration.training.tiny_model import make_tiny_model

ROWS = [
    {"instruction": "如何退货？", "input": "", "output": "请在45天内提交退货申请。"},
    {"instruction": "发货要多久？", "input": "", "output": "一般在48小时内发货。"},
    *({"instruction": f"订单{n}到哪了？", "input": "", "output": f"订单{n}正在派送。"} for n in range(40)),
]
# The tiny model's tokenizer is ChatML's; rows of one file carry no other name than it.
QUICK = ["--template", "chatml", "--max_steps", "2", "--logging_steps", "1", "--cutoff_len", "256", "dataset=null"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("train")
    make_tiny_model(folder / "tiny")
    write(folder / "data", "my_data.json", ROWS)
    (folder / "qwen2_lora.yaml").write_text(GUIDE, encoding="utf-8")
    return folder


@pytest.fixture(autouse=True)
def own_home(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAFTLINE_HOME", str(place / "home"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(place)


def test_the_guides_recipe_trains_with_overrides_and_once_only(place: Path, capsys: pytest.CaptureFixture[str]):
    import mlflow

    call = ["train", "qwen2_lora.yaml", "--model_name_or_path", "tiny", "--dataset_dir", "data", *QUICK, "lora_rank=4"]
    assert cli.main(call) == 0
    out = capsys.readouterr().out
    printed = dict(line.split(maxsplit=1) for line in out.splitlines() if line)
    adapter = Path(printed["adapter"])
    resolved = load_recipe(adapter / "recipe.yaml")
    assert (resolved.lora_rank, resolved.alpha, resolved.learning_rate, resolved.fp16) == (4, 16, 5e-5, True)
    assert json.loads((adapter / "adapter_config.json").read_text())["r"] == 4
    assert "\nnoted       output_dir: ./output/qwen2_lora" in out and "\nnoted       fp16: true – a CPU" in out
    assert printed["vllm"].startswith("vllm serve tiny --enable-lora")
    client = mlflow.MlflowClient(f"sqlite:///{place / 'home' / 'mlflow' / 'mlflow.db'}")
    run = client.get_run(printed["MLflow"].split()[-1])
    assert run.info.run_name == printed["trained"] and "LoRA r4 a16" in run.info.run_name
    assert run.data.params["gradient_accumulation_steps"] == "4" and run.data.metrics["dataset.kept"] == len(ROWS)
    assert len(client.get_metric_history(run.info.run_id, "system/training_memory_megabytes")) >= 2
    assert cli.main(call) == 0
    again = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines() if line)
    assert again == printed and len(list((place / "home" / "models" / "adapters").iterdir())) == 1


def test_a_training_is_exported_by_its_key_and_vllms_refusal_is_named(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    import mlflow

    call = ["train", "qwen2_lora.yaml", "model_name_or_path=tiny", "dataset_dir=data", *QUICK]
    assert cli.main([*call, "--additional_target", "embed_tokens"]) == 0
    printed = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines() if line)
    said = "refuses the adapter: additional_target: vLLM takes no whole modules beside an adapter (embed_tokens)"
    assert printed["vllm"] == said
    run = mlflow.MlflowClient(f"sqlite:///{place / 'home' / 'mlflow' / 'mlflow.db'}").get_run(
        printed["MLflow"].split()[-1]
    )
    assert run.data.tags["graftline.vllm"] == said
    key = printed["export"].split()[-1]
    assert cli.main(["export", key, "--output", "exported"]) == 0
    exported = Path(capsys.readouterr().out.strip())
    assert list(exported.glob("*.safetensors")) and not (exported / "adapter_config.json").exists()
    monkeypatch.setattr("pipelines.finetune.merging.checks.MERGE_TOLERANCE", -1.0)
    assert cli.main(["export", key]) == 1
    assert "merge_is_faithful failed" in capsys.readouterr().err


def test_without_a_held_out_row_the_training_says_so(capsys: pytest.CaptureFixture[str]):
    train_command._print_record(replace(training_record(), held_out_before={}, held_out_after={}))
    assert "held out    nothing: no row is held out" in capsys.readouterr().out


def test_a_recipe_is_found_below_the_folder_with_its_ending_or_without(tmp_path: Path):
    for name in ("lora", "more/dpo", "more/lora"):
        write(tmp_path, f"{name}.yaml", "lora_rank: 8\n")
    assert train_command.recipe_file_of("dpo.yaml", tmp_path) == tmp_path / "more" / "dpo.yaml"
    assert train_command.recipe_file_of("dpo", tmp_path) == tmp_path / "more" / "dpo.yaml"
    assert train_command.recipe_file_of("lora", tmp_path) == tmp_path / "lora.yaml"


@pytest.mark.slow
def test_a_sweep_shows_the_failed_member_and_finds_finished_ones_again(place: Path, capsys: pytest.CaptureFixture[str]):
    import mlflow

    call = ["sweep", "qwen2_lora.yaml", "--set", "lora_target=q_proj,no_such_layer,v_proj", "model_name_or_path=tiny",
            "dataset_dir=data", *QUICK]  # fmt: skip
    assert cli.main(call) == 1
    printed = capsys.readouterr().out
    assert printed.count("held-out loss") == 2 and "lora_target=no_such_layer  FAILED" in printed
    made = {path.stat().st_mtime for path in (place / "home" / "models" / "adapters").glob("*/COMPLETE")}
    assert cli.main(call) == 1
    assert {path.stat().st_mtime for path in (place / "home" / "models" / "adapters").glob("*/COMPLETE")} == made
    client = mlflow.MlflowClient(f"sqlite:///{place / 'home' / 'mlflow' / 'mlflow.db'}")
    parent = next(line for line in printed.splitlines() if line.startswith("MLflow run")).split()[2]
    runs = client.search_runs([client.get_run(parent).info.experiment_id], f"tags.`mlflow.parentRunId` = '{parent}'")
    assert sorted(run.info.status for run in runs) == ["FAILED", "FINISHED", "FINISHED"]
    table = json.loads(Path(client.download_artifacts(parent, "sweep.json")).read_text())
    assert len(table["data"]) == 3 and "state" in table["columns"]


@pytest.mark.parametrize(
    ("call", "said", "lines"),
    [
        # Its data is not in the folder of instructions either: both faults in one message, each on a line.
        (["train", "qwen2_lora.yaml", "--deepspeed", "ds.json"], "accelerate launch", 3),
        (["train", "qwen2_lora.yaml", "lora_rnk=4"], "'lora_rank'", 3),
        (["train", "qwen2_lora.yaml", "model_name_or_path=tiny", "dataset_dir=none"], "no such folder", 1),
        (["train", "lorra"], "graftline train lora", 1),
        (["train", "dppo.yaml"], "graftline train dpo", 1),
        (["sweep", "qwen2_lora.yaml", "--set", "lora_rank"], "--set lora_rank=4,8,16", 1),
    ],
)
def test_a_wrong_call_is_told_with_what_to_type(
    call: list[str], said: str, lines: int, capsys: pytest.CaptureFixture[str]
):
    assert cli.main(call) == 1
    captured = capsys.readouterr()
    assert said in captured.err and captured.err.count("\n") == lines and captured.out == ""
