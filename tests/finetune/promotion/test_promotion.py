from typing import Any

from pipelines.finetune.promotion.promotion import Candidate, Champion, PromotionSettings, decide
from pipelines.measuring.gates import Checks, Gate, GateRecord, Verdict
from tests.finetune.evaluation.predicting import predictions, row

FEW = PromotionSettings(resamples=500)
REFERENCES = [f"answer number {number}" for number in range(10)]
PASSED = {"enough_rows": Verdict(True, "10 rows")}


def gate(digest: str = "e1", version: str = "e1", checks: Checks = PASSED) -> Gate:
    return Gate("evaluation", version, GateRecord("evaluation", "lora", digest, checks))


def candidate(
    recipe: str, right: int, gates: tuple[Gate, ...] = (gate(),), model: str = "", base: str = "other"
) -> Candidate:
    """Answers `right` of ten questions as the reference does and the rest with "nothing"."""
    texts = REFERENCES[:right] + ["nothing"] * (10 - right)
    model = model or f"model-{recipe}"
    return Candidate(recipe, predictions(REFERENCES, [base] * 10, texts, model=model), model, "d1", gates)


def champion(right: int) -> Champion:
    texts = REFERENCES[:right] + ["nothing"] * (10 - right)
    return Champion("lora", "model-old", "3", {f"r{number:03}": text for number, text in enumerate(texts)})


def row_ids() -> list[dict[str, Any]]:
    return [row(number) for number in range(10)]


def verdicts(decision: Any) -> dict[str, str]:
    return {outcome.recipe: outcome.verdict for outcome in decision.outcomes}


def test_without_a_champion_an_adapter_better_than_its_base_is_promoted() -> None:
    decision = decide({"lora": candidate("lora", 8)}, None, FEW)
    assert (decision.verdict, decision.recipe, decision.challenger) == ("promote", "lora", None)
    assert decision.reason.startswith("lora is better than the base over 10 rows: token_f1 +0.800 [+0.")
    assert "chrf +0." in decision.reason and decision.reason.endswith("paired 95 % intervals)")


def test_without_a_champion_an_adapter_no_better_than_its_base_is_not_promoted() -> None:
    decision = decide({"lora": candidate("lora", 0, base="nothing")}, None, FEW)
    assert (decision.verdict, decision.challenger) == ("hold", "lora")
    assert "there is no champion yet" in decision.reason and "not better than the base" in decision.reason


def test_a_champion_that_is_ahead_stays() -> None:
    decision = decide({"lora": candidate("lora", 6)}, champion(9), FEW)
    assert decision.verdict == "hold" and decision.recipe is None
    assert decision.reason.startswith("lora (version 3) stays champion; lora: not better than the champion lora")


def test_a_difference_within_the_noise_promotes_nobody() -> None:
    decision = decide({"lora": candidate("lora", 7)}, champion(6), FEW)
    assert decision.verdict == "hold"
    assert decision.outcomes[0].differences["token_f1"].mean > 0 >= decision.outcomes[0].differences["token_f1"].low


def test_only_the_best_of_two_is_promoted_and_the_other_challenges() -> None:
    decision = decide({"lora": candidate("lora", 8), "qlora": candidate("qlora", 9)}, champion(2), FEW)
    assert (decision.recipe, decision.challenger) == ("qlora", "lora")
    assert verdicts(decision) == {"lora": "hold", "qlora": "promote"}
    assert (
        "better than the champion" in decision.outcomes[0].reason and "qlora gained more" in decision.outcomes[0].reason
    )


def test_equal_recipes_are_ranked_by_name() -> None:
    assert decide({"b": candidate("b", 8), "a": candidate("a", 8)}, None, FEW).recipe == "a"


def test_a_missing_recipe_does_not_block_the_other() -> None:
    decision = decide({"lora": None, "qlora": candidate("qlora", 9)}, None, FEW)
    assert decision.recipe == "qlora" and verdicts(decision)["lora"] == "missing"


def test_a_missing_gate_result_is_refused() -> None:
    decision = decide({"lora": candidate("lora", 9, (Gate("evaluation", "e1", None),))}, None, FEW)
    assert verdicts(decision) == {"lora": "refused"} and "has no result" in decision.reason


def test_a_gate_result_of_another_version_is_refused() -> None:
    decision = decide({"lora": candidate("lora", 9, (gate(digest="e0"),))}, None, FEW)
    assert decision.verdict == "hold" and "stale: checked on e0, now e1" in decision.reason


def test_a_failed_gate_is_refused_with_its_reason_and_blocks_no_other() -> None:
    failed = {"enough_rows": Verdict(False, "10 rows, 80 needed")}
    offers = {"lora": candidate("lora", 9, (gate(checks=failed),)), "qlora": candidate("qlora", 6)}
    decision = decide(offers, None, FEW)
    assert decision.recipe == "qlora" and decision.challenger is None
    assert "enough_rows (10 rows, 80 needed)" in decision.outcomes[0].reason


def test_a_gate_that_checked_nothing_is_refused() -> None:
    assert "holds no check" in decide({"lora": candidate("lora", 9, (gate(checks={}),))}, None, FEW).reason


def test_predictions_of_an_older_model_or_dataset_are_refused() -> None:
    old = candidate("lora", 9)
    for model, dataset in (("newer", "d1"), (old.model, "d2")):
        offer = Candidate("lora", old.predictions, model, dataset)
        assert "stale predictions" in decide({"lora": offer}, None, FEW).reason


def test_the_champion_is_not_promoted_over_itself() -> None:
    decision = decide({"lora": candidate("lora", 9, model="model-old")}, champion(9), FEW)
    assert decision.verdict == "hold" and verdicts(decision) == {"lora": "champion"}


def test_a_champion_that_has_not_answered_these_rows_is_not_replaced() -> None:
    decision = decide({"lora": candidate("lora", 9)}, Champion("lora", "gone", "2", {}), FEW)
    assert "has not answered 10 of the rows" in decision.reason
