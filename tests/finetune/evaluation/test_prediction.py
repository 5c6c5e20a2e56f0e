from pathlib import Path

from pipelines.finetune.evaluation.prediction import ModelFolder, PredictionSettings, longest_answer, predict
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
    assert predict(rows, "d1", BASE, LORA, engine, tables).generated == 4
    assert predict(rows, "d1", BASE, QLORA, engine, tables).generated == 2
    first = predict(rows, "d1", BASE, LORA, engine, tables)
    assert engine.jobs == ["base", "lora", "qlora"]
    assert first.generated == 0 and first.table["adapter"].to_pylist() == [" lora 10", " lora 10"]


def test_other_prompts_or_another_limit_are_generated_anew() -> None:
    engine, tables = FakeEngine(), FakeTables()
    predict([row(1)], "d1", BASE, LORA, engine, tables)
    predict([row(1), row(2)], "d2", BASE, LORA, engine, tables)
    predict([row(1)], "d1", BASE, LORA, engine, tables, PredictionSettings(max_tokens=5))
    assert engine.jobs == ["base", "lora"] * 3


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
    assert engine.limits == [250] and made.max_tokens == 250
    assert made.cut == {"base": 1, "adapter": 1} and made.table["adapter_cut"].to_pylist() == [True, False]
    assert "1 of 2 texts of the adapter were cut at 250 tokens" in caplog.text


def test_short_references_leave_room_for_a_sentence_and_long_ones_for_the_prompt() -> None:
    rows = [row(1, "yes")]
    assert longest_answer(rows, Path("m"), FakeEngine()) == 3 + 16
    assert longest_answer([row(1, "a" * 900)], Path("m"), FakeEngine(context=1000)) == 500
    assert longest_answer(rows, Path("m"), FakeEngine(), PredictionSettings(max_tokens=5)) == 5


def test_texts_are_kept_as_they_were_generated() -> None:
    code = "    total = n * 3\n    return total\n"

    class Coder(FakeEngine):
        def generate_many(self, jobs, max_tokens):
            batches = super().generate_many(jobs, max_tokens)
            for batch in batches:
                batch.outputs[0]["text"] = code
            return batches

    made = predict([row(1, code)], "d1", BASE, LORA, Coder(), FakeTables()).table
    assert made["adapter"].to_pylist() == made["base"].to_pylist() == made["reference"].to_pylist() == [code]
