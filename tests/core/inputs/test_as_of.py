"""What arrives during a night is none of it, whichever step looks; afterwards it is."""

import json
import time
from pathlib import Path

from pipelines.answering.scoreboard.questions import load_questions
from pipelines.core.inputs.as_of import as_of_now
from pipelines.finetune.dataset.preparation import prepare
from pipelines.finetune.dataset.rows.measures import registered_measures
from pipelines.finetune.recipes.files import load_recipe
from resources.feedback.files import write_instructions
from resources.feedback.store import Verdict, feedback_store


def _rows(path: Path, mark: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [{"instruction": f"{mark} 问题 {n}: where is {n * 7919}?", "output": f"In {n}"} for n in range(6)]
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")


def _questions(path: Path, mark: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"question": f"{mark}?", "answer": "yes", "documents": ["a.md"], "type": "single-hop"}))


def test_a_file_of_rows_or_questions_that_arrives_meanwhile_waits_for_the_next_night(tmp_path: Path):
    rows, questions = tmp_path / "rows", tmp_path / "questions"
    _rows(rows / "a.jsonl", "old")
    _questions(questions / "a.jsonl", "old")
    with as_of_now([rows, questions]):
        _rows(rows / "deep" / "b.jsonl", "new")
        _questions(questions / "b.jsonl", "new")
        assert prepare(rows, tmp_path / "home")["kept"] == 6
        assert load_questions(questions)[0]["question"].to_pylist() == ["old?"]
    assert prepare(rows, tmp_path / "home")["kept"] == 12
    assert sorted(load_questions(questions)[0]["question"].to_pylist()) == ["new?", "old?"]


def test_a_recipe_and_a_registry_are_the_same_for_every_step(tmp_path: Path):
    recipe, registry = tmp_path / "lora.yaml", tmp_path / "dataset_info.json"
    recipe.write_text("model_name_or_path: m\nlora_rank: 4\n")
    registry.write_text(json.dumps({"a": {"file_name": "a.json", "metrics": ["chrf"]}}))
    with as_of_now([tmp_path], [recipe, registry]):
        recipe.write_text("model_name_or_path: m\nlora_rank: 8\n")
        registry.unlink()
        assert load_recipe(recipe).lora_rank == 4 and set(registered_measures(tmp_path)) == {"a"}
    assert load_recipe(recipe).lora_rank == 8 and registered_measures(tmp_path) == {}


def test_a_verdict_that_is_given_meanwhile_is_not_learned_from_in_that_night(tmp_path: Path):
    store = feedback_store(tmp_path)
    with as_of_now([]):
        given = Verdict("c", 0, "Where?", "In Oslo [1].", True, "native", "up", documents=("a.md",), at=time.time())
        store.add(given)
        assert write_instructions(tmp_path) is None
    assert "In Oslo" in write_instructions(tmp_path).read_text(encoding="utf-8")
