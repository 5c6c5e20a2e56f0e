from pathlib import Path

from matplotlib.text import Text

from pipelines.core.identity import json_digest, table_digest
from pipelines.finetune.evaluation.checks import every_text_is_there, gate_checks, prompt_checks
from pipelines.finetune.evaluation.evaluation import EVALUATION, EvaluationSettings, evaluate, flat_metrics, headline
from pipelines.finetune.evaluation.picture import evaluation_figure, plot_evaluation
from pipelines.measuring.gates import Verdict
from tests.finetune.evaluation.predicting import predictions

FEW = EvaluationSettings(resamples=200, min_rows=2)


def test_means_and_differences_stand_by_slice_and_metric() -> None:
    base, adapter = ["blue", "七天"], ["red tent", "三天"]
    table = predictions(["red tent", "七天"], base, adapter, languages=["en", "zh"])
    rows = {(row["slice"], row["metric"]): row for row in evaluate("lora", table, FEW).to_pylist()}
    assert {part for part, _ in rows} == {"all", "en", "zh"}
    assert rows["en", "token_f1"]["difference"] == 1.0
    assert rows["zh", "token_f1"]["difference"] == -0.5
    assert rows["all", "token_f1"]["adapter"] == 0.75 and rows["all", "token_f1"]["base"] == 0.5
    assert rows["all", "exact_match"]["rows"] == 2 and rows["all", "exact_match"]["model"] == "m1"


def test_nothing_predicted_is_an_empty_evaluation() -> None:
    assert evaluate("lora", predictions([], [], []), FEW).schema == EVALUATION


def test_gates_name_what_is_missing() -> None:
    table = predictions(["a", "b", "c"], ["a", "b", "c"], ["a", " ", "c"])
    checks = gate_checks(table, EvaluationSettings(min_rows=4))
    assert checks["enough_rows"] == Verdict(False, "3 held-out rows, 4 needed")
    assert not checks["few_empty"].passed and checks["few_empty"].reason.startswith("1 of 3 adapter texts")
    assert checks["same_prompts"].passed and checks["one_engine"].passed


def test_two_engines_are_no_comparison() -> None:
    table = predictions(["a"], ["a"], ["a"])
    table = table.set_column(table.column_names.index("base_engine"), "base_engine", [["vllm"]])
    assert not gate_checks(table, FEW)["one_engine"].passed


def test_the_plot_is_a_png(tmp_path: Path) -> None:
    table = evaluate("lora", predictions(["a", "b"], ["a", "c"], ["a", "b"]), FEW)
    assert plot_evaluation(table, tmp_path / "plots" / "x.png").read_bytes().startswith(b"\x89PNG")


def test_every_word_about_an_interval_names_the_level_that_it_was_made_at() -> None:
    answers = predictions(["red tent"] * 20, ["blue"] * 20, ["red" + " x" * n for n in range(20)])
    narrow, wide = (evaluate("lora", answers, EvaluationSettings(level=level)) for level in (0.95, 0.99))
    assert {"95 % interval"} == {name for row in headline(narrow) for name in row if "interval" in name}
    assert {"99 % interval"} == {name for row in headline(wide) for name in row if "interval" in name}
    texts = [text.get_text() for text in evaluation_figure(wide).findobj(Text)]
    assert "mean, 99 % interval" in texts and not any("95" in text for text in texts)
    assert flat_metrics(wide)["interval_level"] == 0.99 and flat_metrics(evaluate("lora", answers[:0], FEW)) == {}
    pairs = zip(narrow.to_pylist(), wide.to_pylist(), strict=True)
    (inner, outer) = next(pair for pair in pairs if pair[0]["metric"] == "token_f1")
    assert outer["low"] < inner["low"] < inner["difference"] < inner["high"] < outer["high"]
    assert outer["adapter_low"] < inner["adapter_low"] and outer["adapter_high"] > inner["adapter_high"]


def test_where_the_interval_has_no_width_the_level_still_makes_another_evaluation() -> None:
    same = predictions(["a", "b"], ["a", "b"], ["a", "b"])
    tables = [evaluate("lora", same, EvaluationSettings(level=level)) for level in (0.95, 0.99)]
    assert table_digest(tables[0]) != table_digest(tables[1])


def test_predictions_with_a_text_missing_do_not_pass() -> None:
    assert every_text_is_there(predictions(["a"], ["a"], ["a"])) == Verdict(True, "1 rows, 0 texts missing")
    assert not every_text_is_there(predictions(["a", "b"], ["a", None], ["a", "b"])).passed
    assert not every_text_is_there(predictions([], [], [])).passed


def test_prompts_must_be_those_that_were_trained_and_those_that_were_answered() -> None:
    table, ids = predictions(["a", "b"], ["a", "b"], ["a", "b"]), [[1, 2], [3]]
    place, digests = table.column_names.index("prompt_digest"), [json_digest(one) for one in ids]
    table = table.set_column(place, "prompt_digest", [digests])
    assert all(found.passed for found in prompt_checks(table, ids, ids).values())
    swapped = prompt_checks(table, ids, [[1, 2], [4]])
    assert {name: found.passed for name, found in swapped.items()} == {
        "prompts_are_as_trained": False,
        "prompts_are_as_asked": False,
    }
    gone = prompt_checks(table, ids[:1], ids[:1])
    assert gone["prompts_are_as_asked"].reason == "1 of 2 answered prompts are others than served now"
