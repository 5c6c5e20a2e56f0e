"""Promote, hold, reject: what is corrected for, noise, slices, whole answers, and a model compared with itself."""

from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest

from pipelines.core.errors import ConfigurationError
from pipelines.finetune.promotion.promotion import Candidate, Champion, Decision, PromotionSettings, decide
from tests.finetune.evaluation.predicting import predictions

ROWS = 60
REFERENCES = [f"answer number {number}" for number in range(ROWS)]
METRICS = ("token_f1", "rouge_l")
FEW = PromotionSettings(metrics=METRICS, resamples=999)


def offer(adapter: list[str], base: list[str], model: str = "m1", languages: list[str] | None = None) -> Candidate:
    references = REFERENCES[: len(adapter)]
    return Candidate("lora", predictions(references, base, adapter, model, languages=languages), model, "d1")


def texts(right: int, rows: int = ROWS, first: int = 0) -> list[str]:
    """As many right answers from the place `first` on, the rest of them wrong."""
    return [REFERENCES[place] if first <= place < first + right else "nothing" for place in range(rows)]


def carried(answers: list[str]) -> Champion:
    return Champion("old", "m0", "3", {f"r{number:03}": text for number, text in enumerate(answers)})


def decided(candidate: Candidate, champion: Champion | None = None, **settings: Any) -> Decision:
    return decide({"lora": candidate}, champion, FEW.model_copy(update=settings))


def test_the_three_verdicts_against_the_champion() -> None:
    base, champion = texts(5), carried(texts(30))
    for right, verdict, finding in (
        (45, "promote", "lora is better than the champion old (version 3) over 60 rows"),
        (32, "hold", "not better than the champion old (version 3) by more than chance over 60 rows"),
        (15, "reject", "worse than the champion old (version 3) (token_f1, rouge_l) over 60 rows"),
    ):
        decision = decided(offer(texts(right), base), champion)
        assert (decision.verdict, decision.outcomes[0].verdict) == (verdict, verdict)
        assert finding in decision.reason and "against the base token_f1 +" in decision.reason


def test_a_rejected_recipe_challenges_nobody_and_blocks_no_other() -> None:
    base, champion = texts(5), carried(texts(30))
    worse, equal = offer(texts(15), base), offer(texts(30), base, "m2")
    assert "0.025 at most rejects, by Holm over 1 recipe and its 4 tests" in decided(worse, champion).reason
    decision = decide({"worse": worse, "equal": equal}, champion, FEW)
    assert (decision.verdict, decision.challenger) == ("hold", "equal")
    assert decide({"worse": worse}, champion, FEW).challenger is None


def test_worse_than_the_base_is_rejected_though_it_beats_the_champion() -> None:
    decision = decided(offer(texts(30), texts(50)), carried(texts(5)))
    assert decision.verdict == "reject" and "worse than the base (" in decision.reason


def test_equal_answers_hold_and_say_what_could_have_been_seen() -> None:
    decision = decided(offer(texts(30), texts(30)))
    assert decision.verdict == "hold"
    # Nothing differs: six of 60 rows at least must, all one way, before p is below 0.025.
    assert "0 won and 0 lost, 0.100 visible" in decision.reason and "McNemar's p 1.0000" in decision.reason


def test_five_rows_won_of_sixty_hold_and_six_promote() -> None:
    assert decided(offer(texts(35), texts(30))).verdict == "hold"  # 2^-5 is 0.031
    decision = decided(offer(texts(36), texts(30)))
    assert decision.verdict == "promote" and "exact answers: 6 won and 0 lost, McNemar's p 0.0312" in decision.reason


def test_the_more_recipes_are_tried_the_more_each_must_show() -> None:
    found = {name: offer(texts(30), texts(30), name) for name in ("a", "b", "c")}
    alone = offer(texts(36), texts(30), "best")
    assert decide({"best": alone}, None, FEW).verdict == "promote"  # 2^-6 is 0.0156
    decision = decide({"best": alone, **found}, None, FEW)
    best = next(outcome for outcome in decision.outcomes if outcome.recipe == "best")
    assert (
        decision.verdict == "hold" and best.p_better == pytest.approx(4 / 64) and "Holm over 4 recipes" in best.reason
    )
    missing = decide({"best": alone, "a": None, "b": None}, None, FEW)
    assert missing.verdict == "promote" and "Holm over 1 recipe; " in missing.reason


def test_a_gain_must_exceed_what_two_runs_of_the_same_weights_differ_by() -> None:
    candidate = offer(texts(40), texts(30))  # +0.167
    assert decided(candidate).verdict == "promote" and "noise floor not measured" in decided(candidate).reason
    floor = {"token_f1": 0.15, "rouge_l": 0.15}
    decision = decided(candidate, noise=floor)
    assert decision.verdict == "hold" and "by more than chance and noise" in decision.reason
    assert "noise floor rouge_l 0.150, token_f1 0.150" in decision.reason
    assert decided(offer(texts(30), texts(40)), noise=floor).verdict == "hold"  # nor is a loss within it one


def test_a_gain_of_most_does_not_hide_a_loss_of_one_language() -> None:
    languages = ["en"] * 40 + ["zh"] * 20
    english, chinese = texts(35), texts(12, first=44)
    decision = decided(offer(english, chinese, languages=languages))
    assert decision.verdict == "hold" and "better than the base, but worse in language=zh (token_f1" in decision.reason
    told = {(one.slice, one.metric): one.test.rows for one in decision.outcomes[0].comparisons}
    assert told["language=zh", "token_f1"] == 20 and told["language=en", "rouge_l"] == 40


def test_slices_of_few_rows_are_counted() -> None:
    languages = ["en"] * 41 + ["zh"] * 19
    assert (
        "1 slice tested, 1 of fewer than 20 rows not" in decided(offer(texts(40), texts(9), languages=languages)).reason
    )


def test_a_candidate_that_is_the_base_itself_is_compared_with_nothing() -> None:
    """MLflow's pull request 12213: a model was held against itself, and the reason read as if it had not improved."""
    candidate = offer(texts(30), texts(30), model="x")  # `x` is also the base's digest
    decision = decided(candidate)
    assert decision.outcomes[0].verdict == "refused" and "the candidate is the base itself" in decision.reason


def test_the_champions_answers_may_stand_beside_the_candidates() -> None:
    table = offer(texts(45), texts(5)).predictions
    beside = {"champion": pa.array(texts(30)), "champion_model": pa.array(["m0"] * ROWS)}
    for name, column in beside.items():
        table = table.set_column(table.column_names.index(name), name, column)
    candidate = Candidate("lora", table, "m1", "d1")
    assert decided(candidate, Champion("old", "m0", "3", {})).verdict == "promote"
    assert "has not answered 60" in decided(candidate, Champion("old", "another", "4", {})).reason


def test_a_gain_must_exceed_what_two_runs_of_the_same_weights_showed() -> None:
    """Ten of 60 rows more are right; a second run that has 20 of the 60 otherwise could differ by 20 / 60."""
    candidate = offer(texts(40), texts(30))
    assert "noise floor not measured" in decided(candidate).reason and decided(candidate).verdict == "promote"
    table, again = candidate.predictions, texts(40)
    again[:20] = ["another"] * 20
    place = table.column_names.index("adapter_again")
    noisy = replace(candidate, predictions=table.set_column(place, "adapter_again", pa.array(again)))
    decision = decided(noisy)
    assert decision.verdict == "hold" and "noise floor rouge_l 0.333, token_f1 0.333" in decision.reason
    assert decided(noisy, noise={"token_f1": 0.0, "rouge_l": 0.0}).verdict == "promote"
    half = table.set_column(place, "adapter_again", pa.array([*texts(40)[:30], *[None] * 30]))
    told = decided(replace(candidate, predictions=half)).reason
    assert "noise floor rouge_l 0.000, token_f1 0.000" in told


def test_the_level_is_told_and_decides() -> None:
    candidate = offer(texts(36), texts(30))
    strict = decided(candidate, level=0.99)
    assert (strict.verdict, strict.level) == ("hold", 0.99) and strict.error_rate == pytest.approx(0.005)
    assert "0.005 at most promotes" in strict.reason and strict.reason.endswith("paired 99 % intervals)")


def test_a_metric_that_nobody_has_is_named() -> None:
    with pytest.raises(ConfigurationError, match="blue"):
        decided(offer(texts(3), texts(3)), metrics=("blue",))


def test_a_noise_floor_of_what_does_not_decide_or_below_zero_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="chrf"):
        decided(offer(texts(3), texts(3)), noise={"chrf": 0.1})
    with pytest.raises(ValueError, match="greater than or equal to 0"):
        PromotionSettings(noise={"token_f1": -0.1})


def test_a_decision_is_json() -> None:
    import json

    record = json.loads(json.dumps(decided(offer(texts(45), texts(5)), carried(texts(30))).record()))
    one = next(c for c in record["outcomes"][0]["comparisons"] if c["metric"] == "exact_match")
    assert (one["against"], one["decides"], one["test"]["wins"]) == ("base", False, 40)
