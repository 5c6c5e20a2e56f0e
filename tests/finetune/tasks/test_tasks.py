from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset

from pipelines.core.errors import InputError
from pipelines.finetune.conversation import ANSWERED, PREFERENCE
from pipelines.finetune.models.profile import Weight, conversations, memory_bytes
from pipelines.finetune.recipes.files import recipe_of
from pipelines.finetune.recipes.recipe import Recipe
from pipelines.finetune.recipes.stages import STAGES, Stage
from pipelines.finetune.recipes.wanted_rows import no_rows_error, require_kind
from pipelines.finetune.tasks.task import HeldOutMetric, Task
from pipelines.finetune.tasks.tasks import TASKS, task_of
from pipelines.finetune.templates.encoding import RowEncoding, chosen_rows, tokens_of
from pipelines.finetune.training.arguments import trainer_arguments
from pipelines.finetune.training.tracked import run_name


def turns(*texts: str) -> list[dict[str, str]]:
    return [{"role": ("user", "assistant")[n % 2], "content": text, "tool_calls": ""} for n, text in enumerate(texts)]


def row(kind: str, messages: list[dict[str, str]], chosen: str = "", rejected: str = "") -> dict[str, Any]:
    return {"messages": messages, "tools": "", "kind": kind, "chosen": chosen, "rejected": rejected, "dataset": ""}


ROWS = [row(ANSWERED, turns("q", "a")), row(PREFERENCE, turns("q"), "yes", "no"), row("echo", turns("say it"))]


def echo_ids(stored: Mapping[str, Any], tokenizer: Any, recipe: Recipe) -> dict[str, list[int]]:
    ids = [len(message["content"]) for message in stored["messages"]]
    return {"ids": ids[: recipe.cutoff_len]}


ECHO = Task(
    stage=Stage(
        name="echo",
        about="by repeating",
        kind="echo",
        rows_name="rows to repeat",
        own_keys=("pref_beta",),
        refused={"an echo is not packed": ("packing",)},
    ),
    encoding=RowEncoding(echo_ids, lambda encoded: bool(encoded["ids"]), ("cutoff_len",)),
    dialogues=lambda stored: 3 * [(stored["messages"], None)],
    arguments=lambda options, recipe: {"steps": options["max_steps"], "beta": recipe.pref_beta},
    make_trainer=lambda *parts, **options: (parts, options),
    metrics={"eval_repeated": "repeated"},
    sequences=3,
    has_reference=True,
    run_label="echo",
)


@pytest.fixture
def echo(monkeypatch: pytest.MonkeyPatch) -> Task:
    """A stage of a package from outside: its record and its task, and nothing else is changed."""
    monkeypatch.setitem(STAGES, "echo", ECHO.stage)
    monkeypatch.setitem(TASKS, "echo", ECHO)
    return ECHO


def test_every_stage_that_a_recipe_may_name_has_its_task():
    assert list(TASKS) == list(STAGES) and all(TASKS[name].stage is stage for name, stage in STAGES.items())
    assert set().union(*(stage.own_keys for stage in STAGES.values())) <= set(Recipe.model_fields)
    assert {key for task in TASKS.values() for key in task.encoding.keys} <= set(Recipe.model_fields)


def test_a_stage_that_is_none_is_refused_with_those_there_are():
    with pytest.raises(InputError, match=r"key 'stage': found 'spo'; expected Input should be 'sft' or 'dpo'"):
        recipe_of({"stage": "spo"}, "mine.yaml")


def test_a_new_stages_keys_count_in_its_recipes(echo: Task):
    recipe = recipe_of({"stage": "echo", "pref_beta": 0.3, "pref_ftx": 0.2}, "mine.yaml")
    assert [note.partition(" – ")[0] for note in recipe.notes()] == ["pref_ftx: 0.2"]  # pref_beta is its own as well
    assert recipe.digest() != Recipe(stage="echo", pref_beta=0.4).digest() != Recipe(stage="echo").digest()
    with pytest.raises(InputError, match="an echo is not packed"):
        recipe_of({"stage": "echo", "packing": True}, "mine.yaml")


def test_a_new_stage_trains_on_its_own_rows_as_its_own_ids(echo: Task, tmp_path: Path):
    class Tokenizer:
        chat_template = "none"

        def __len__(self) -> int:
            return 1

    recipe = Recipe(stage="echo", cutoff_len=8)
    chosen = chosen_rows(Dataset.from_list(ROWS), recipe, None)
    assert [stored["kind"] for stored in chosen] == ["echo"]
    encoded, left_out = tokens_of(chosen, Tokenizer(), recipe, echo.encoding, tmp_path)
    assert encoded.to_list() == [{"ids": [6]}] and not left_out
    assert len(conversations(ROWS, recipe)) == 3


def test_rows_of_other_kinds_are_named_with_the_stages_that_read_them(echo: Task):
    with pytest.raises(
        InputError, match=r"stage: echo: found no row .*3 of kind sft.* rows to repeat.*write stage: sft,"
    ):
        require_kind(Recipe(stage="echo"), {"kinds": {"train": {"sft": 3}}})
    assert "write stage: dpo or echo, add" in str(no_rows_error(Recipe()))


def test_a_new_stages_cost_is_of_its_sequences_and_its_reference(echo: Task):
    config = {"num_hidden_layers": 1, "hidden_size": 64, "num_attention_heads": 4, "vocab_size": 100}
    weights = [Weight("model.layers.0.self_attn.q_proj.weight", (64, 64))]
    for method, bases in (("lora", 1), ("full", 2)):
        plain = memory_bytes(weights, Recipe(finetuning_type=method), config, 16, 1)
        echoed = memory_bytes(weights, Recipe(stage="echo", finetuning_type=method), config, 16, 1)
        assert echoed["activations"] == 3 * plain["activations"]
        assert echoed["weights"] == bases * plain["weights"]


def test_a_new_stage_has_its_own_arguments_figures_and_name(echo: Task, tmp_path: Path):
    recipe = Recipe(stage="echo", max_steps=7, pref_beta=0.3)
    assert trainer_arguments(recipe, tmp_path, 1) == {"steps": 7, "beta": 0.3}
    assert task_of(recipe).held_out({"eval_repeated": 1, "eval_loss": 2.0}) == {"repeated": 1.0}
    assert " · echo LoRA r8 a16 · " in run_name("mine", recipe, 1, "0123456789")


def test_better_is_lower_or_higher_as_the_metric_has_it_and_never_the_same():
    loss, accuracy = HeldOutMetric(), HeldOutMetric("accuracy", lower_is_better=False)
    assert loss.improved(2.0, 1.0) and not loss.improved(1.0, 2.0) and not loss.improved(1.0, 1.0)
    assert accuracy.improved(0.5, 0.6) and not accuracy.improved(0.6, 0.5) and not accuracy.improved(0.5, 0.5)


def test_pairs_are_two_conversations_and_teach_only_where_both_answers_are_left():
    task = task_of(Recipe(stage="dpo"))
    assert [messages[-1]["content"] for messages, _ in task.dialogues(ROWS[1])] == ["yes", "no"]
    assert task.encoding.has_loss({"prompt_ids": [1], "chosen_ids": [2], "rejected_ids": [3]})
    assert not task.encoding.has_loss({"prompt_ids": [1], "chosen_ids": [2], "rejected_ids": []})
    answered = task_of(Recipe())
    assert answered.encoding.has_loss({"labels": [-100, 5]}) and not answered.encoding.has_loss({"labels": [5, -100]})
