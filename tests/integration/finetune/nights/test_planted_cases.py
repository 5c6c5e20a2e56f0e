"""Planted candidates against the real engine, the real small model and a real training: each meets its verdict."""

import importlib.util
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pipelines.core.checkpoints.revision import checkpoint_digest
from pipelines.finetune.dataset.stored import load_dataset
from pipelines.finetune.merging.record import MergedRecord
from pipelines.finetune.promotion.aliases import rollback
from resources.engines.warm import WARM
from tests.integration.finetune.nights.planted import Line

pytestmark = pytest.mark.slow
ENGINE = "vllm" if importlib.util.find_spec("vllm") else "transformers"
LAYER = "model.layers.29.mlp.down_proj.weight"


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory, small_model: Path) -> Iterator[Line]:
    home = tmp_path_factory.mktemp("nights")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("GRAFTLINE_HOME", str(home))
        environment.setenv("GRAFTLINE_RECIPES", str(home / "recipes"))
        environment.setenv("GRAFTLINE_INSTRUCTIONS", str(home / "instructions"))
        made = Line(home, small_model, ENGINE)
        assert made.prepare()
        yield made
    WARM.stop()


@pytest.fixture(scope="module")
def good(line: Line) -> MergedRecord:
    """What a real training made."""
    return line.train()


@pytest.fixture
def reigning(line: Line, good: MergedRecord) -> Line:
    """The line in which the trained model is champion, and the only one."""
    line.forget()
    line.store(good)
    decision = line.night()
    assert (decision["verdict"], decision["recipe"]) == ("promote", "lora"), decision["reason"]
    return line


def nearly(weights: dict[str, Any]) -> None:
    weights[LAYER][0] *= 1.01


def noisy(weights: dict[str, Any]) -> None:
    import torch

    torch.manual_seed(0)
    for name in [name for name in weights if "down_proj" in name]:
        weights[name] = (weights[name].float() * (1 + 0.6 * torch.randn(weights[name].shape))).to(weights[name].dtype)


def test_a_truly_better_adapter_is_promoted_and_its_gates_and_noise_are_told(reigning: Line) -> None:
    decision = reigning.tables.read_record("registered_model")["decision"]
    assert "lora is better than the base over" in decision["reason"] and "noise floor chrf" in decision["reason"]
    table = reigning.tables.read("evaluation/lora").to_pylist()
    chosen = next(row for row in table if (row["slice"], row["metric"]) == ("all", "token_f1"))
    assert chosen["adapter"] > chosen["base"] + 0.3 and 0 <= chosen["noise"] < 0.3


def test_an_equal_one_is_held_and_no_stored_row_is_asked_again(reigning: Line, good: MergedRecord) -> None:
    reigning.plant("equal", Path(good.path), nearly)
    assert reigning.check_merge()
    (made,) = reigning.evaluate().asset_materializations_for_node("predictions")
    rows = reigning.tables.read("predictions/lora")
    assert made.metadata["computed_texts"].value == rows.num_rows + 32  # the candidate's, and 32 of them twice
    assert made.metadata["reused_texts"].value == 2 * rows.num_rows  # base and champion
    assert set(rows["champion_model"].to_pylist()) == {good.digest}
    decision = reigning.decide()
    assert decision["verdict"] == "hold" and "not better than the champion" in decision["reason"]


def test_a_worse_one_is_rejected(reigning: Line, small_model: Path) -> None:
    reigning.plant("worse", small_model, nearly)
    decision = reigning.night()
    assert decision["verdict"] == "reject" and "worse than the champion lora (version 1)" in decision["reason"]


def test_a_broken_one_is_never_promoted(reigning: Line, good: MergedRecord) -> None:
    reigning.plant("broken", Path(good.path), noisy)
    assert reigning.check_merge()
    reigning.evaluate()
    assert reigning.decide()["recipe"] is None and reigning.tracker.champion().version == "1"


def test_a_swapped_chat_template_is_stopped_by_the_parity_gate(reigning: Line, good: MergedRecord) -> None:
    reigning.plant("swapped", Path(good.path), nearly)
    folder = Path(reigning.merged().path)
    template = folder / "chat_template.jinja"
    template.write_text(template.read_text(encoding="utf-8").replace("<|im_start|>", "<|im_start|> "), encoding="utf-8")
    reigning.store(replace(reigning.merged(), digest=checkpoint_digest(folder)))
    assert reigning.check_merge() and not reigning.evaluate().success
    assert "prompts are served as other tokens than trained" in reigning.refused("predictions")
    decision = reigning.decide()
    assert decision["recipe"] is None and "prompts_are_as_trained" in decision["reason"]


def test_a_corrupted_merge_is_stopped_before_it_answers_and_alone_too(reigning: Line, good: MergedRecord) -> None:
    planted = reigning.plant("corrupted", Path(good.path), nearly)
    assert reigning.night()["verdict"] == "hold"
    file = Path(planted.path) / "model.safetensors"
    held = bytearray(file.read_bytes())
    held[len(held) // 2] ^= 1
    file.write_bytes(bytes(held))
    assert not reigning.check_merge() and "files_are_as_merged" in reigning.refused("merged_model")
    decision = reigning.decide()
    assert decision["recipe"] is None and "the gate of merged_model failed: files_are_as_merged" in decision["reason"]


def test_a_test_set_that_leaks_stops_the_promotion_of_what_would_be_better(line: Line, good: MergedRecord) -> None:
    line.forget()
    line.store(good)
    assert line.check_merge() and line.evaluate().success
    splits = load_dataset(Path(line.tables.read_record("instruction_dataset")["path"]))
    leaked = splits["test"][0]["messages"][0]["content"]
    line.documents(f"Our shelves. {leaked} It is there.")
    try:
        assert not line.prepare()
        decision = line.decide()
        assert decision["recipe"] is None and "no_test_question_in_documents" in decision["reason"]
    finally:
        line.documents("Nothing of it.")
        assert line.prepare()


def test_a_champion_is_rolled_back_and_what_was_left_is_not_promoted_again(
    line: Line, good: MergedRecord, small_model: Path
) -> None:
    line.forget()
    line.plant("worse", small_model, nearly)
    line.tracker.register("run", "worse", Path(), {"graftline.model": line.merged().digest, "graftline.recipe": "lora",
                                                   "graftline.folder": "models/merged/worse"})  # fmt: skip
    line.tracker.set_alias("champion", "1", "the first")
    line.store(good)
    assert line.night()["verdict"] == "promote" and line.tracker.champion().version == "2"
    assert rollback(line.tracker).startswith("The champion is version 1")
    assert line.tracker.champion().version == "1"
    decision = line.night()
    assert decision["recipe"] is None and "not_rolled_back" in decision["reason"]
