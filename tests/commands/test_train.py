"""How the command line of `train` and `sweep` reaches the recipes' own reader."""

from pathlib import Path

import pytest

from pipelines.commands import cli, sweep, train
from pipelines.core.errors import InputError
from tests.finetune.training.records import training_record


@pytest.fixture
def received(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What reaches `read_arguments`, where the command stops."""
    calls: list[list[str]] = []

    def stop(arguments, _: Path) -> None:
        calls.append(list(arguments))
        raise InputError("here", "enough", "no more", "stop")

    monkeypatch.setattr(train, "read_arguments", stop)
    return calls


@pytest.mark.parametrize(
    "arguments",
    [
        ["lora", "lora_rank=4", "--max_samples", "16", "--learning_rate=5e-4", "-1", "--do_train"],
        ["--model_name_or_path", "smollm2", "--stage", "sft", "--do_train", "--dataset_dir", "./data"],
        ["--template", "chatml", "recipe.yaml", "--warmup_steps", "-0.5", "key=--value"],
    ],
)
def test_llama_factorys_flags_and_pairs_arrive_unchanged_and_in_order(arguments: list[str], received):
    assert cli.main(["train", *arguments]) == 1
    assert received == [arguments]


def test_sweep_takes_its_sets_and_leaves_the_rest_as_it_is(monkeypatch: pytest.MonkeyPatch):
    call = ["lora", "--set", "lora_rank=4,8", "--max_steps", "3", '--set=lora_target="q,v",all', "seed=1"]
    calls: list[tuple[tuple[str, ...], tuple[str, ...]]] = []
    monkeypatch.setattr(sweep.command, "callback", lambda arguments, sets: calls.append((arguments, sets)))
    assert cli.main(["sweep", *call]) == 0
    assert calls == [(("lora", "--max_steps", "3", "seed=1"), ("lora_rank=4,8", 'lora_target="q,v",all'))]


def test_without_a_recipe_and_a_flag_it_says_what_to_type(capsys: pytest.CaptureFixture[str]):
    assert cli.main(["train"]) == 1
    assert capsys.readouterr().err.rstrip().endswith("Next: graftline train --help")


def test_a_recipe_that_there_is_not_is_named_with_its_nearest(tmp_path: Path):
    (tmp_path / "more").mkdir()
    for name in ("lora.yaml", "more/dora.yaml"):
        (tmp_path / name).write_text("stage: sft", encoding="utf-8")
    assert train.recipe_file_of("dora", tmp_path) == tmp_path / "more" / "dora.yaml"
    with pytest.raises(InputError, match=r"one of dora, lora, .* Next: graftline train lora$"):
        train.recipe_file_of("lorra", tmp_path)


def test_answers_without_loss_are_printed(capsys: pytest.CaptureFixture[str]):
    train._print_record(training_record(turns_without_loss=3, notes=["answers without loss: 3 – why"]))
    printed = capsys.readouterr().out
    assert "no loss     on 3 answers or calls" in printed and "answers without loss: 3 – why" in printed
    train._print_record(training_record())
    assert "no loss" not in capsys.readouterr().out
