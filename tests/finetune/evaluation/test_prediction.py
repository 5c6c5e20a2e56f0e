from pathlib import Path

import pytest

from pipelines.core.errors import InputError
from pipelines.finetune.evaluation.answers import ModelFolder
from pipelines.finetune.evaluation.prediction import PredictionSettings, longest_answer, predict
from resources.tables.tables import TableStore
from tests.finetune.evaluation.predicting import FakeEngine, FakeTables, row

BASE, LORA, QLORA = (ModelFolder(Path(name), name) for name in ("base", "lora", "qlora"))


def test_base_and_adapter_answer_the_same_prompts_and_the_last_turn_is_the_reference() -> None:
    made = predict([row(2), row(1, "no")], "d1", BASE, LORA, FakeEngine(), FakeTables())
    assert made.table["row_id"].to_pylist() == ["r001", "r002"]
    assert made.table["reference"].to_pylist() == ["no", "yes"]
    assert made.table["base"].to_pylist() == [" base 10", " base 10"]
    assert made.table["adapter"].to_pylist() == [" lora 10", " lora 10"]
    assert len(set(made.table["prompt_digest"].to_pylist())) == 2
    assert set(made.table["model"].to_pylist()) == {"lora"}


def test_the_base_is_generated_once_for_all_recipes_and_a_rerun_starts_no_engine() -> None:
    engine, tables, rows = FakeEngine(), FakeTables(), [row(1), row(2)]
    made = [predict(rows, "d1", BASE, adapter, engine, tables) for adapter in (LORA, QLORA, LORA)]
    # Two rows of each, and the adapter's a second time.
    assert [(one.generated, one.reused) for one in made] == [(6, 0), (4, 2), (0, 6)]
    first = made[-1]
    assert engine.jobs == ["base", "lora", "qlora"] and engine.again == ["lora", "qlora"]
    assert first.table["adapter"].to_pylist() == [" lora 10", " lora 10"]


def test_another_limit_is_generated_anew_and_of_other_prompts_only_those_that_are_new() -> None:
    engine, tables = FakeEngine(), FakeTables()
    predict([row(1)], "d1", BASE, LORA, engine, tables)
    predict([row(1), row(2)], "d2", BASE, LORA, engine, tables)
    predict([row(1)], "d1", BASE, LORA, engine, tables, PredictionSettings(max_tokens=5))
    assert engine.jobs == ["base", "lora"] * 3 and engine.asked == [1] * 9


@pytest.mark.parametrize("told", range(6))
def test_a_run_that_was_killed_asks_only_for_rows_without_an_answer(told: int, tmp_path: Path) -> None:
    engine, tables, rows = FakeEngine(), TableStore(tmp_path), [row(1), row(2)]
    engine.killed_after = told
    with pytest.raises(KeyboardInterrupt):
        predict(rows, "d1", BASE, LORA, engine, tables)
    engine.killed_after, engine.asked = None, []
    made = predict(rows, "d1", BASE, LORA, engine, tables)
    assert (made.generated, made.reused) == (6 - told, told) and sum(engine.asked) == 6 - told
    assert made.table.equals(predict(rows, "d1", BASE, LORA, FakeEngine(), FakeTables()).table)


def test_prompts_that_begin_alike_are_asked_one_after_the_other_and_rows_keep_their_order() -> None:
    rows = [row(number) for number in range(4)]
    for number, question in enumerate(("shop: b", "bank: b", "shop: a", "bank: a")):
        rows[number]["messages"][0]["content"] = question
    engine = FakeEngine()
    made = predict(rows, "d1", BASE, LORA, engine, FakeTables())
    asked = ["".join(map(chr, ids)) for ids in engine.order[0]]
    assert asked == ["bank: a", "bank: b", "shop: a", "shop: b"]
    assert made.table["row_id"].to_pylist() == ["r000", "r001", "r002", "r003"]


def test_rows_that_ask_the_same_are_asked_once() -> None:
    engine, tables = FakeEngine(), FakeTables()
    made = predict([row(1), row(1) | {"row_id": "r002"}], "d1", BASE, LORA, engine, tables)
    assert made.table.num_rows == 2 and engine.asked == [1, 1, 1]


def test_the_champion_answers_the_same_token_ids_and_what_it_answered_before_is_found() -> None:
    engine, tables = FakeEngine(), FakeTables()
    predict([row(1)], "d1", BASE, LORA, engine, tables)
    made = predict([row(1), row(2)], "d2", BASE, QLORA, engine, tables, champion=LORA)
    assert made.table["champion"].to_pylist() == [" lora 10"] * 2 and made.champion == "lora"
    assert made.table["champion_model"].to_pylist() == ["lora"] * 2 and made.cut["champion"] == 0
    assert engine.jobs == ["base", "lora", "base", "qlora", "lora"] and engine.asked[3:] == [1, 2, 1, 2]


def test_a_champion_that_takes_other_token_ids_or_none_does_not_stand_beside() -> None:
    class Own(FakeEngine):
        def render(self, model, conversations, tools=None):
            if model.name == "qlora":
                raise InputError("the template", "a turn that it can't write", "another", "correct it")
            return [[*ids, 7] if model.name == "old" else ids for ids in super().render(model, conversations, tools)]

    made = predict([row(1)], "d1", BASE, LORA, Own(), FakeTables(), champion=ModelFolder(Path("old"), "old"))
    assert made.table["champion"].to_pylist() == [None] and "old takes 1 of 1 prompts as other" in made.champion
    made = predict([row(1)], "d1", BASE, LORA, Own(), FakeTables(), champion=QLORA)
    assert made.table["champion_model"].to_pylist() == [None] and "can't write" in made.champion


def test_the_first_rows_are_answered_in_two_shapes_of_batches() -> None:
    made = predict([row(1), row(2)], "d1", BASE, LORA, FakeEngine(), FakeTables(), PredictionSettings(rows_twice=1))
    assert made.table["adapter_again"].to_pylist() == [" lora 10", None]
    assert made.table["adapter_ids"].to_pylist() == made.table["again_ids"].to_pylist() == [[1, 2], None]
    assert [len(ids or []) for ids in made.table["prompt_ids"].to_pylist()] == [10, 0]


def test_rows_without_an_answer_or_without_room_are_listed_and_the_others_go_on() -> None:
    unanswered = row(3) | {"messages": row(3)["messages"][:1]}
    long = row(4)
    long["messages"][0]["content"] = "x" * 50
    made = predict([row(1), unanswered, long], "d1", BASE, LORA, FakeEngine(context=60), FakeTables())
    assert made.table["row_id"].to_pylist() == ["r001"]
    assert [problem.found for problem in made.problems] == [
        "row r003 without a last assistant turn",
        "row r004 with 50 prompt tokens",
    ]


def test_no_rows_at_all_start_no_engine() -> None:
    engine = FakeEngine()
    assert predict([], "d1", BASE, LORA, engine, FakeTables()).table.num_rows == 0
    assert engine.jobs == []


def test_another_version_of_the_engine_generates_anew() -> None:
    tables = FakeTables()
    predict([row(1)], "d1", BASE, LORA, FakeEngine(), tables)
    newer = FakeEngine(made_with="fake 2")
    predict([row(1)], "d1", BASE, LORA, newer, tables)
    assert newer.jobs == ["base", "lora"]


def test_what_a_fallback_made_is_made_again_beside_texts_of_the_engine() -> None:
    engine, tables = FakeEngine(), FakeTables()
    engine.fails_on = {"base"}
    made = predict([row(1)], "d1", BASE, LORA, engine, tables).table
    assert (made["base_engine"][0].as_py(), made["engine"][0].as_py()) == ("other", "fake")
    engine.fails_on = set()
    made = predict([row(1)], "d1", BASE, LORA, engine, tables).table
    assert (made["base_engine"][0].as_py(), made["engine"][0].as_py()) == ("fake", "fake")
    assert engine.jobs == ["base", "lora", "base"]


def test_a_run_that_a_fallback_made_goes_on_after_a_kill_without_asking_again(tmp_path: Path) -> None:
    engine, tables, rows = FakeEngine(), TableStore(tmp_path), [row(1), row(2)]
    engine.fails_on, engine.killed_after = {"base", "lora"}, 3
    with pytest.raises(KeyboardInterrupt):
        predict(rows, "d1", BASE, LORA, engine, tables)
    engine.killed_after, engine.asked = None, []
    made = predict(rows, "d1", BASE, LORA, engine, tables)
    assert (made.generated, made.reused, sum(engine.asked)) == (3, 3, 3)
    assert set(made.table["engine"].to_pylist()) == {"other"}


def test_a_fallback_that_made_everything_is_not_tried_again() -> None:
    engine, tables = FakeEngine(), FakeTables()
    engine.fails_on = {"base", "lora"}
    for _ in range(2):
        predict([row(1)], "d1", BASE, LORA, engine, tables)
    assert engine.jobs == ["base", "lora"]


def test_the_limit_follows_the_longest_reference_and_what_it_cuts_is_counted(caplog) -> None:
    engine = FakeEngine()
    engine.cuts = {len("question 1")}
    rows = [row(1, "a" * 200), row(20, "b")]
    with caplog.at_level("WARNING", logger="graftline"):
        made = predict(rows, "d1", BASE, LORA, engine, FakeTables())
    assert set(engine.limits) == {250} and made.max_tokens == 250
    assert made.cut == {"base": 1, "adapter": 1}
    assert made.table["adapter_cut"].to_pylist() == [True, False]
    assert "1 of 2 texts of the adapter were cut at 250 tokens" in caplog.text


def test_short_references_leave_room_for_a_sentence_and_long_ones_for_the_prompt() -> None:
    rows = [row(1, "yes")]
    assert longest_answer(rows, Path("m"), FakeEngine()) == 3 + 16
    assert longest_answer([row(1, "a" * 900)], Path("m"), FakeEngine(context=1000)) == 500
    assert longest_answer(rows, Path("m"), FakeEngine(), PredictionSettings(max_tokens=5)) == 5


def test_texts_are_kept_as_they_were_generated() -> None:
    code = "    total = n * 3\n    return total\n"

    class Coder(FakeEngine):
        def output(self, model, ids, at_once):
            return super().output(model, ids, at_once) | {"text": code}

    made = predict([row(1, code)], "d1", BASE, LORA, Coder(), FakeTables()).table
    assert made["adapter"].to_pylist() == made["base"].to_pylist() == made["reference"].to_pylist() == [code]
