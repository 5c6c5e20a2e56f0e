"""Rows to token ids: what the rows leave out is summed, and a row that is refused is named by file and number."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipelines.core.errors import InputError
from pipelines.finetune.dataset.preparation import place_of_row, prepare
from pipelines.finetune.dataset.stored import load_dataset
from pipelines.finetune.recipes.recipe import Recipe
from pipelines.finetune.tasks.tasks import task_of
from pipelines.finetune.templates.encoding import chosen_rows, tokens_of
from pipelines.finetune.templates.refusals import left_out_lines, require_answers, turns_without_loss
from tests.integration.training.tiny_model import make_tiny_model

THINKING = "<think>\nhm, {n}\n</think>\n\n"
REFUSES = (
    "{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
    "{% for m in messages %}<start_of_turn>{{ 'model' if m.role == 'assistant' else m.role }}\n"
    "{{ m.content }}<end_of_turn>\n{% endfor %}"
    "{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
)
DROPS_THOUGHTS = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content.split('</think>')[-1] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(make_tiny_model(tmp_path_factory.mktemp("tiny")))


def prepared(folder: Path, rows: list[dict[str, Any]]) -> dict[str, Any]:
    (folder / "in").mkdir()
    (folder / "in" / "rows.json").write_text(json.dumps(rows), encoding="utf-8")
    return prepare(folder / "in", folder / "home")


def pair(folder: Path) -> dict[str, Any]:
    """Return a row of stage dpo whose answers differ in their thoughts."""
    question = {"messages": [{"role": "user", "content": "Why?", "tool_calls": ""}], "tools": "", "kind": "preference"}
    answers = {"chosen": THINKING.format(n=1) + "So.", "rejected": THINKING.format(n=2) + "No."}
    return {**question, **answers, "row_id": "p", "dataset": ""}


def test_what_rows_leave_out_is_summed_and_told_with_the_template_that_keeps_it(
    tokenizer: Any, tmp_path: Path, monkeypatch
):
    monkeypatch.setattr(tokenizer, "chat_template", DROPS_THOUGHTS)
    rows = [{"instruction": f"What is {word}?", "output": f"It is {word}.", "source": "s"} for word in "abc"]
    rows[0]["output"] = THINKING.format(n=0) + rows[0]["output"]
    record = prepared(tmp_path, rows)
    recipe = Recipe(cutoff_len=2048)
    chosen = chosen_rows(load_dataset(Path(record["path"]))["train"], recipe, None)
    encoded, left_out = tokens_of(chosen, tokenizer, recipe, task_of(recipe).encoding, tmp_path / "cache")
    assert dict(left_out) == {"thoughts": 1} and turns_without_loss(left_out) == 0
    assert sorted(encoded.column_names) == ["input_ids", "labels"] and len(encoded) == len(chosen) == 3
    lines = left_out_lines(left_out, tokenizer, None, recipe.cutoff_len)
    assert lines == [
        "thoughts without loss: 1 – the model's own chat template does not write them; template: qwen3 does"
    ]
    again = tokens_of(chosen, tokenizer, recipe, task_of(recipe).encoding, tmp_path / "cache")
    assert again[1] == left_out, "what was cached is told again"


def test_thoughts_of_pairs_are_counted_as_well(tokenizer: Any, tmp_path: Path, monkeypatch):
    from datasets import Dataset

    monkeypatch.setattr(tokenizer, "chat_template", DROPS_THOUGHTS)
    recipe = Recipe(stage="dpo", cutoff_len=2048)
    rows = Dataset.from_list([pair(tmp_path)])
    encoded, left_out = tokens_of(rows, tokenizer, recipe, task_of(recipe).encoding, tmp_path / "cache")
    assert dict(left_out) == {"thoughts": 1} and "left_out" not in encoded.column_names


def test_a_row_that_the_template_refuses_is_named_by_file_and_row(tokenizer: Any, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(tokenizer, "chat_template", REFUSES)
    rows = [{"instruction": f"What is {word}?", "output": f"It is {word}.", "source": "s"} for word in "abc"]
    rows[1]["system"] = "Be kind."
    record = prepared(tmp_path, rows)
    recipe = Recipe()
    chosen = chosen_rows(load_dataset(Path(record["path"]))["train"], recipe, None)
    ledger = Path(record["ledger"])
    with pytest.raises(InputError, match="System role not supported") as caught:
        tokens_of(
            chosen, tokenizer, recipe, task_of(recipe).encoding, tmp_path / "cache", lambda n: place_of_row(ledger, n)
        )
    assert caught.value.where == "rows.json, row 2: the conversation that asks 'What is b?'"
    assert caught.value.fix == "add template: gemma to the recipe, or correct the row's messages"


def test_a_row_whose_file_is_not_known_is_named_by_its_id(tmp_path: Path):
    assert place_of_row(tmp_path / "ledger-k.arrow", "abc") == "row abc"


def test_rows_of_which_no_answer_is_written_are_refused_by_the_template(tokenizer: Any):
    with pytest.raises(InputError, match=r"not one answer .* 3 answers .*add template: chatml"):
        require_answers(tokenizer, 0, {"answers": 3})
    require_answers(tokenizer, 1, {"answers": 3})
    require_answers(tokenizer, 0, {"cut": 3})
    assert turns_without_loss({"answers": 3, "cut": 2, "thoughts": 7}) == 5


def test_answers_behind_the_cutoff_are_told_with_the_key_to_raise(tokenizer: Any):
    assert left_out_lines({"cut": 2}, tokenizer, None, 64) == [
        "answers without loss: 2 – they begin behind cutoff_len: 64; raise it"
    ]
