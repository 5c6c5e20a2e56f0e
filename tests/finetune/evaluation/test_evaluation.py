from pathlib import Path

import pytest

from pipelines.finetune.evaluation.evaluation import EVALUATION, EvaluationSettings, evaluate, gate_checks
from pipelines.finetune.evaluation.picture import plot_evaluation
from pipelines.measuring.bootstrap import bootstrap, paired_bootstrap
from tests.finetune.evaluation.predicting import predictions

FEW = EvaluationSettings(resamples=200, min_rows=2)


def test_a_difference_that_is_the_same_in_every_row_has_no_width() -> None:
    interval = paired_bootstrap([0.5, 0.75, 1.0], [0.25, 0.5, 0.75])
    assert (interval.mean, interval.low, interval.high, interval.share) == (0.25, 0.25, 0.25, 0.0)


def test_the_interval_is_the_binomials_for_ones_and_zeros() -> None:
    # Mean of 100 draws with p = 0.5: standard error 0.05, so 0.5 ± 1.96 * 0.05.
    interval = bootstrap([0.0, 1.0] * 50)
    assert interval.low == pytest.approx(0.402, abs=0.011) and interval.high == pytest.approx(0.598, abs=0.011)


def test_the_share_counts_resamples_that_are_not_better() -> None:
    # Of two rows, one better and one as much worse: the mean is above 0 in one resample of four.
    assert bootstrap([1.0, -1.0]).share == pytest.approx(0.75, abs=0.02)


def test_the_same_seed_gives_the_same_interval() -> None:
    values = [number**0.5 for number in range(30)]
    assert bootstrap(values, seed=3) == bootstrap(values, seed=3)
    assert bootstrap(values, seed=3) != bootstrap(values, seed=4)


def test_rows_that_are_not_pairs_are_refused() -> None:
    with pytest.raises(ValueError, match="not pairs"):
        paired_bootstrap([1.0], [1.0, 0.0])


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
    assert not checks["enough_rows"]["passed"] and checks["enough_rows"]["reason"] == "3 held-out rows, 4 needed"
    assert not checks["few_empty"]["passed"] and checks["few_empty"]["reason"].startswith("1 of 3 adapter texts")
    assert checks["same_prompts"]["passed"] and checks["one_engine"]["passed"]


def test_two_engines_are_no_comparison() -> None:
    table = predictions(["a"], ["a"], ["a"])
    table = table.set_column(table.column_names.index("base_engine"), "base_engine", [["vllm"]])
    assert not gate_checks(table, FEW)["one_engine"]["passed"]


def test_the_plot_is_a_png(tmp_path: Path) -> None:
    table = evaluate("lora", predictions(["a", "b"], ["a", "c"], ["a", "b"]), FEW)
    assert plot_evaluation(table, tmp_path / "plots" / "x.png").read_bytes().startswith(b"\x89PNG")
