"""The tracker against a real MLflow store on SQLite, with a real (tiny) model in the registry."""

import json
from pathlib import Path

import pytest

from pipelines.core.errors import ServiceError
from pipelines.finetune.dataset.preparation import prepare
from pipelines.finetune.evaluation.evaluation import evaluate, flat_metrics
from pipelines.finetune.recipes.recipe import Recipe
from pipelines.finetune.training.pictures import loss_curve
from pipelines.finetune.training.record import TrainingRun
from pipelines.finetune.training.tracked import dataset_counts, used_rows
from resources.tracking.run_logging import log_numbers
from resources.tracking.sweep_tracker import SweepTracker
from resources.tracking.tracker import EVALUATION_TAG, EXPERIMENT, Tracker
from tests.finetune.dataset.example_rows import many, write
from tests.finetune.evaluation.predicting import predictions
from tests.integration.training.tiny_model import make_tiny_model

LOG = [
    {"step": n, "total_steps": 4, "loss": 3.0 - n / 2, "learning_rate": 1e-3, "seconds": n * 2.0} for n in range(1, 5)
]


SAMPLES = [{"sample": n, "time": 1000 * n, "seconds": n, "cpu_utilization_percentage": 50.0 + n} for n in range(3)]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tracker")


@pytest.fixture(scope="module")
def tracker(place: Path) -> Tracker:
    return Tracker(f"sqlite:///{place / 'mlflow' / 'mlflow.db'}", place)


@pytest.fixture(scope="module")
def run_id(tracker: Tracker, place: Path) -> str:
    return log_training(tracker, place)


def log_training(tracker: Tracker, place: Path) -> str:
    dataset = prepare(many(place / "in", 40), place)
    adapter = place / "adapter"
    adapter.mkdir(exist_ok=True)
    (adapter / "adapter_config.json").write_text("{}")
    (adapter / "recipe.yaml").write_text("lora_rank: 8\n")
    return tracker.log_training(
        TrainingRun(
            key="key-1",
            name="lora · LoRA r8",
            recipe="lora",
            parameters={"lora_rank": 8, "model_name_or_path": "smollm2"},
            dataset_path=Path(dataset["path"]),
            dataset_digest=dataset["digest"],
            log_rows=LOG,
            summary={"train_loss": 1.5},
            adapter=adapter,
            plots=[loss_curve(LOG, "lora", place / "curve.png", (3.0, 1.0))],
            samples=SAMPLES,
            counts={"kept": 80, "rejected": 2},
            ledger=[{"file": "a.json", "row": 2, "found": "退货"}],
            notes=["plot_loss: True – drawn"],
            parts=used_rows(Recipe(), dataset),
        )
    )


def test_a_training_is_one_run_with_all_that_belongs_to_it(tracker: Tracker, run_id: str, place: Path):
    import mlflow

    client = mlflow.MlflowClient(tracker.uri)
    run = client.get_run(run_id)
    assert run.data.params["lora_rank"] == "8" and run.data.metrics["train_loss"] == 1.5
    assert [point.value for point in client.get_metric_history(run_id, "loss")] == [2.5, 2.0, 1.5, 1.0]
    assert run.data.params["dataset_digest"] == run.inputs.dataset_inputs[0].dataset.digest
    contexts = {tag.value for given in run.inputs.dataset_inputs for tag in given.tags}
    assert contexts == {"training", "evaluation"}
    assert {file.path for file in client.list_artifacts(run_id)} >= {
        "adapter",
        "plots",
        "recipe.yaml",
        "dataset",
        "recipe-notes.txt",
    }
    system = client.get_metric_history(run_id, "system/cpu_utilization_percentage")
    assert [(point.step, point.value) for point in system] == [(0, 50.0), (1, 51.0), (2, 52.0)]
    assert run.info.run_name == "lora · LoRA r8"
    assert (run.data.metrics["dataset.kept"], run.data.metrics["dataset.rejected"]) == (80, 2)
    ledger = json.loads(Path(client.download_artifacts(run_id, "dataset/ledger.json")).read_text())
    assert ledger == {"columns": ["file", "row", "found"], "data": [["a.json", 2, "退货"]]}
    assert run.info.artifact_uri.startswith((place / "mlflow" / "artifacts").as_uri())
    assert not (Path.cwd() / "mlruns").exists()


def test_the_same_training_gets_no_second_run(tracker: Tracker, run_id: str, place: Path):
    import mlflow

    assert log_training(tracker, place) == run_id == tracker.find_run("key-1")
    client = mlflow.MlflowClient(tracker.uri)
    number = client.get_experiment_by_name(EXPERIMENT).experiment_id
    assert len(client.search_runs([number])) == 1
    assert tracker.find_run("another") is None


def test_a_run_that_a_crash_left_open_is_replaced(tracker: Tracker, run_id: str, place: Path):
    import mlflow

    client = mlflow.MlflowClient(tracker.uri)
    number = client.get_experiment_by_name(EXPERIMENT).experiment_id
    half = client.create_run(number, tags={"graftline.key": "key-2"})
    assert tracker.find_run("key-2") is None
    dataset = prepare(many(place / "in", 40), place)
    made = tracker.log_training(
        TrainingRun("key-2", "lora", "lora", {}, Path(dataset["path"]), dataset["digest"], LOG, {}, place / "adapter")
    )
    assert made != half.info.run_id and client.get_run(half.info.run_id).info.lifecycle_stage == "deleted"


def test_an_evaluation_joins_its_run_once(tracker: Tracker, run_id: str):
    import mlflow

    for _ in range(2):
        tracker.log_evaluation(run_id, {"token_f1": 0.25}, {"scores": [{"id": "a", "text": "退货"}]})
    client = mlflow.MlflowClient(tracker.uri)
    assert client.get_run(run_id).data.metrics["token_f1"] == 0.25
    (table,) = client.list_artifacts(run_id, "evaluation")
    stored = json.loads(Path(client.download_artifacts(run_id, table.path)).read_text())
    assert stored["columns"] == ["id", "text"] and stored["data"] == [["a", "退货"]]
    tracker.log_evaluation(run_id, {"token_f1": 0.5}, {"scores": [{"id": "a", "text": "换货"}]})
    assert [file.path for file in client.list_artifacts(run_id, "evaluation")] == ["evaluation/scores.json"]
    mlflow.set_tracking_uri(tracker.uri)
    mlflow.set_experiment(EXPERIMENT)
    assert mlflow.load_table("evaluation/scores.json", run_ids=[run_id])["text"].tolist() == ["换货"]


def test_a_decision_joins_the_runs_that_it_was_about_once(tracker: Tracker, run_id: str, place: Path):
    import mlflow

    picture = place / "decision.png"
    picture.write_bytes(b"png")
    verdicts = {run_id: {"graftline.verdict": "hold", "graftline.decision": "x" * 9000}}
    for _ in range(2):
        tracker.log_decision(verdicts, {"recipes": [{"recipe": "lora", "chrf": 0.5}]}, [picture])
    client = mlflow.MlflowClient(tracker.uri)
    tags = client.get_run(run_id).data.tags
    assert tags["graftline.verdict"] == "hold" and len(tags["graftline.decision"]) == 5000
    assert json.loads(tags["mlflow.loggedArtifacts"]).count({"path": "decision/recipes.json", "type": "table"}) == 1
    assert "plots/decision.png" in [file.path for file in client.list_artifacts(run_id, "plots")]


def test_the_champion_loads_and_generates(tracker: Tracker, run_id: str, place: Path):
    import mlflow

    assert tracker.champion() is None
    model = make_tiny_model(place / "model")
    version = tracker.register(run_id, "merged-1", model, {"graftline.recipe": "lora"})
    assert tracker.register(run_id, "merged-1", model, {}).version == version.version
    tracker.set_alias("champion", version.version, "token F1 0.20 to 0.31")
    champion = tracker.champion()
    assert champion is not None and champion.key == "merged-1" and champion.run_id == run_id
    assert champion.tags["graftline.reason.champion"] == "token F1 0.20 to 0.31"
    mlflow.set_tracking_uri(tracker.uri)
    pipeline = mlflow.transformers.load_model("models:/graftline@champion")
    answer = pipeline([{"role": "user", "content": "Hi"}], max_new_tokens=4)
    assert answer[0]["generated_text"][-1]["role"] == "assistant"
    signature = mlflow.models.get_model_info("models:/graftline@champion").signature
    assert signature.inputs.to_dict()[0]["type"] == signature.outputs.to_dict()[0]["type"] == "string"
    stored = [path.name for path in (place / "mlflow" / "artifacts" / "models").rglob("*") if path.is_file()]
    assert "model.safetensors" in stored
    assert not [name for name in stored if name.endswith((".pkl", ".bin", ".pt", ".pth"))]


def test_a_sweep_holds_its_members_and_the_failed_one_beside_a_run_of_the_same_training(
    tracker: Tracker, run_id: str, place: Path
):
    import mlflow

    sweeps, client = SweepTracker(tracker.uri, place), mlflow.MlflowClient(tracker.uri)
    parent = sweeps.open_sweep("sweep-1", "sweep lora", "lora")
    dataset = prepare(many(place / "in", 40), place)
    run = TrainingRun(
        "key-1", "member", "lora", {}, Path(dataset["path"]), dataset["digest"], LOG, {}, place / "adapter",
        parent=parent,
    )  # fmt: skip
    member = sweeps.log_training(run)
    assert member == sweeps.log_training(run) != run_id == tracker.find_run("key-1")
    failed = [sweeps.log_failure("key-9", "member", "lora", parent, "no such layer") for _ in range(2)][-1]
    rows = [{"setting": "a", "held_out_loss": 1.0}, {"setting": "b", "held_out_loss": None}]
    sweeps.close_sweep(parent, rows, place / "curve.png", failed=1)
    nested = client.search_runs(
        [client.get_experiment_by_name(EXPERIMENT).experiment_id], f"tags.`mlflow.parentRunId` = '{parent}'"
    )
    assert {run.info.run_id: run.info.status for run in nested} == {member: "FINISHED", failed: "FAILED"}
    whole = client.get_run(parent)
    assert whole.data.tags["graftline.best"] == "a" and whole.data.metrics["failed_members"] == 1
    assert sweeps.open_sweep("sweep-1", "sweep lora", "lora") == parent


def test_an_unreachable_server_says_what_to_do_and_keeps_the_password(tmp_path: Path):
    with pytest.raises(ServiceError, match="make ui") as caught:
        Tracker("http://user:secret@127.0.0.1:9", tmp_path).find_run("key")
    assert "secret" not in str(caught.value) and "MLFLOW_TRACKING_URI" in str(caught.value)


def test_a_database_that_cannot_be_opened_is_a_service_error(tmp_path: Path):
    (tmp_path / "mlflow.db").mkdir()
    with pytest.raises(ServiceError, match="MLflow"):
        Tracker(f"sqlite:///{tmp_path / 'mlflow.db'}", tmp_path).find_run("key")


def test_rows_of_many_repairs_and_none_held_out_are_a_run_too(tracker: Tracker, place: Path):
    import mlflow

    rows = [
        {"instruction": "Is the shop\r\nop\x01en?", "output": "Yes."},
        {"instruction": "Is it?", "output": "No.\x01"},
    ]
    write(place / "two", "rows.json", [row | {"source": "one"} for row in rows])
    dataset = prepare(place / "two", place / "home")
    (place / "small").mkdir()
    run_id = tracker.log_training(TrainingRun(
        key="key-small", name="two rows", recipe="lora", parameters={}, dataset_path=Path(dataset["path"]),
        dataset_digest=dataset["digest"], log_rows=LOG, summary={"train_loss": 1.5}, adapter=place / "small",
        counts=dataset_counts(dataset), parts=used_rows(Recipe(), dataset),
    ))  # fmt: skip
    client = mlflow.MlflowClient(tracker.uri)
    run = client.get_run(run_id)
    logged = {name: value for name, value in run.data.metrics.items() if name.startswith("dataset.repaired")}
    assert logged == {
        "dataset.repaired": 2, "dataset.repaired.line ends unified": 1,
        "dataset.repaired.unprintable characters removed": 2,
    }  # fmt: skip
    assert dataset["test"] == 0 and run.data.metrics["dataset.test"] == 0
    assert [tag.value for given in run.inputs.dataset_inputs for tag in given.tags] == ["training"]
    log_numbers(client, run_id, {"a, b": 1, "a; b": 2, "../up//there/": 3, "/": 4, "n" * 300: 5, "退货（元）": 6})
    logged = client.get_run(run_id).data.metrics
    assert logged["a_ b"] == 1 and logged["a_ b_2"] == 2 and logged["退货_元_"] == 6
    assert {1, 2, 3, 4, 5, 6} <= set(logged.values())


def test_evaluated_runs_of_all_recipes_compare_in_a_table_without_holes(place: Path):
    import mlflow

    tracker = Tracker(f"sqlite:///{place}/compared.db", place / "compared")
    dataset = prepare(many(place / "in", 40), place)
    for recipe, rank in (("lora", 16), ("二号", 4), ("never evaluated", 8)):
        resolved = Recipe(lora_rank=rank, quantization_bit=4 if rank == 4 else None).resolved()
        run = TrainingRun(recipe, recipe, recipe, resolved, Path(dataset["path"]), dataset["digest"], LOG,
                          {"train_loss": 1.0}, place / "adapter")  # fmt: skip
        run_id = tracker.log_training(run)
        if recipe != "never evaluated":
            table = evaluate(recipe, predictions(["a", "七天"], ["x", "x"], ["a", "x"], languages=["en", "zh"]))
            tracker.log_evaluation(run_id, flat_metrics(table), {"answers": [{"prompt": "问", "adapter": recipe}]})
    mlflow.set_tracking_uri(tracker.uri)
    mlflow.set_experiment(EXPERIMENT)
    found = mlflow.search_runs(experiment_names=[EXPERIMENT], filter_string=f"tags.`{EVALUATION_TAG}` LIKE '%'")
    compared = [name for name in found.columns if name.startswith(("params.", "metrics."))]
    assert len(found) == 2 and not found[compared].isna().any().any()
    assert {"params.lora_rank", "metrics.adapter_token_f1_all", "metrics.adapter_chrf_zh"} <= set(compared)
    beside = mlflow.load_table("evaluation/answers.json", run_ids=found["run_id"].tolist())
    assert sorted(beside["adapter"]) == ["lora", "二号"]
