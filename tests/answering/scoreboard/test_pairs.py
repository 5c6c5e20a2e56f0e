import pytest

from pipelines.answering.scoreboard.pairs import compare_with_baseline, graph_verdict

KIND = "all"


def _values(local: list[float], native: list[float], metric: str) -> dict:
    return {
        (mode, KIND, metric): {f"q{number}": value for number, value in enumerate(values)}
        for mode, values in (("local", local), ("native", native))
    }


def _verdict(local: list[float], native: list[float], tokens: tuple[float, float] = (190.0, 100.0)) -> str:
    values = _values(local, native, "token_f1")
    costs = [
        _values([own] * 4, [base] * 4, name)
        for (own, base), name in ((tokens, "prompt_tokens"), ((0.3, 0.1), "seconds"))
    ]
    pair = compare_with_baseline(values | costs[0] | costs[1])["local", KIND, "token_f1"]
    return str(pair.verdict)


def test_no_better_and_dearer_is_not_worth_its_cost() -> None:
    said = _verdict([1.0, 0.0, 0.5, 0.5], [0.0, 1.0, 0.5, 0.5])
    assert said == "local: +0.00 [−0.75, +0.75] token F1 for 1.9× the tokens and 3.0× the time: not worth its cost"


@pytest.mark.parametrize(("local", "native", "found"), [(1.0, 0.5, "better"), (0.5, 1.0, "worse")])
def test_an_interval_on_one_side_of_zero_is_better_or_worse(local: float, native: float, found: str) -> None:
    assert _verdict([local] * 4, [native] * 4).endswith(f": {found}")


def test_an_equal_mode_at_equal_cost_is_not_blamed_for_it() -> None:
    values = _values([0.5] * 4, [0.5] * 4, "token_f1") | _values([100.0] * 4, [100.0] * 4, "prompt_tokens")
    pair = compare_with_baseline(values)["local", KIND, "token_f1"]
    assert pair.verdict == "local: +0.00 [+0.00, +0.00] token F1 for 1.0× the tokens: no difference shown"


def test_only_questions_that_both_modes_have_are_paired() -> None:
    values = {
        ("local", KIND, "grounded"): {"a": 1.0, "b": 1.0},
        ("native", KIND, "grounded"): {"b": 0.5, "c": 0.0},
    }
    pair = compare_with_baseline(values)["local", KIND, "grounded"]
    assert (pair.questions, pair.mean, pair.baseline, pair.difference.mean) == (1, 1.0, 0.5, 0.5)


def test_costs_have_a_difference_and_no_verdict_and_without_native_there_is_none() -> None:
    values = _values([190.0], [100.0], "prompt_tokens")
    pair = compare_with_baseline(values)["local", KIND, "prompt_tokens"]
    assert pair.difference.mean == 90.0 and pair.verdict is None
    del values["native", KIND, "prompt_tokens"]
    assert compare_with_baseline(values) == {}


def test_what_costs_native_nothing_is_told_in_tokens() -> None:
    assert "for 190 tokens where native takes none" in _verdict([0.5] * 4, [0.5] * 4, (190.0, 0.0))


def test_the_graph_is_judged_by_its_own_modes() -> None:
    assert graph_verdict({"all": ["hybrid: +0.10 x: better"]}) is None
    lost = graph_verdict({"all": ["hybrid: +0.10 x: better", "local: +0.00 x: not worth its cost"]})
    assert str(lost).startswith("the graph is not worth its cost")
    assert str(graph_verdict({"all": ["global: +0.20 x: better"]})).startswith("the graph is worth its cost: ")
