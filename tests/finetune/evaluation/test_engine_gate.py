"""The gate that holds an engine against transformers, and the noise floor, by numbers that can be counted by hand."""

import pyarrow as pa
import pytest

from pipelines.finetune.evaluation.checks import agreement, answered_twice, engine_checks
from pipelines.finetune.evaluation.evaluation import evaluate
from pipelines.finetune.evaluation.noise import noise_floor
from pipelines.finetune.evaluation.prediction import PREDICTIONS
from tests.finetune.evaluation.predicting import predictions

OWN = [[1, 2, 3]] * 24
OTHER = [[1, 2, 9]] * 24


def twice(own: list[list[int]], again: list[list[int]], rows: int = 24) -> pa.Table:
    """PREDICTIONS of so many rows of which the first were answered twice."""
    table, rest = predictions(["a"] * rows, ["b"] * rows, ["a"] * rows), [None] * (rows - len(own))
    for name, column in {"prompt_ids": own, "adapter_ids": own, "again_ids": again}.items():
        values = pa.array([*column, *rest], pa.list_(pa.int32()))
        table = table.set_column(PREDICTIONS.names.index(name), name, values)
    return table


@pytest.mark.parametrize(
    ("again", "exact", "rounded", "passed"),
    [
        (OWN, OWN, OWN, True),
        (OWN, OTHER, OTHER, False),  # neither shape nor rounding explains it
        (OTHER, OTHER, OTHER, True),  # each row is a close call between two shapes
        (OWN, OTHER, OWN, True),  # each row is a close call between bfloat16 and float32
    ],
)
def test_an_engine_may_differ_as_far_as_noise_does(again, exact, rounded, passed: bool) -> None:
    found = engine_checks(twice(OWN, again), {"float32": exact, "bfloat16": rounded}, 0.025)
    assert found["engine_agrees_with_transformers"].passed is passed


def test_the_share_of_tokens_before_the_first_that_differs_is_told() -> None:
    table = answered_twice(twice(OWN, OWN, rows=30))
    told = agreement(table, {"float32": OTHER, "bfloat16": OTHER})
    assert table.num_rows == 24 and told["tokens_agree_with_transformers"] == pytest.approx(2 / 3)
    assert (told["tokens_agree_at_another_shape"], told["tokens_agree_in_bfloat16"]) == (1.0, 1.0)


def test_too_few_of_many_rows_fail_and_too_few_in_all_are_left_to_the_samples_own_gate() -> None:
    few = {"float32": OWN[:4], "bfloat16": OWN[:4]}
    assert not engine_checks(twice(OWN[:4], OWN[:4]), few, 0.025)["engine_agrees_with_transformers"].passed
    alone = engine_checks(twice(OWN[:4], OWN[:4], rows=4), few, 0.025)["engine_agrees_with_transformers"]
    assert alone.passed and "enough_rows decides" in alone.reason
    old = predictions(["a"] * 24, ["b"] * 24, ["a"] * 24).drop_columns(["again_ids", "adapter_ids", "prompt_ids"])
    nothing = {"float32": [], "bfloat16": []}
    assert not engine_checks(old, nothing, 0.025)["engine_agrees_with_transformers"].passed


def test_the_noise_floor_stands_in_the_evaluation_where_two_runs_were_made() -> None:
    table = predictions(["a"] * 4, ["b"] * 4, ["a"] * 4)
    assert noise_floor(table, ["token_f1", "bleu"]) == {}
    assert set(evaluate("lora", table)["noise"].to_pylist()) == {None}
    place = PREDICTIONS.names.index("adapter_again")
    table = table.set_column(place, "adapter_again", pa.array(["a", "c", None, None]))
    assert noise_floor(table, ["token_f1", "bleu"]) == {"token_f1": 0.5}
    rows = {(row["slice"], row["metric"]): row["noise"] for row in evaluate("lora", table).to_pylist()}
    assert rows["all", "token_f1"] == 0.5 and rows["en", "token_f1"] is None
    assert noise_floor(table.drop_columns(["adapter_again"]), ["token_f1"]) == {}
