"""Template and engine parity: another template and another model are stopped, close calls are not."""

from pipelines.measuring.gates import Verdict
from pipelines.measuring.parity import engine_parity, shared_prefix, template_parity

ROWS = [[number, number + 1, number + 2] for number in range(40)]


def changed(*places: int) -> list[list[int]]:
    """The rows with another last token at these places."""
    return [[*row[:2], -1] if place in places else row for place, row in enumerate(ROWS)]


def test_prompts_served_as_they_were_trained_pass_and_the_first_other_token_is_named() -> None:
    assert template_parity(ROWS, [tuple(row) for row in ROWS]).passed
    found = template_parity(ROWS, changed(3, 7))
    assert not found.passed and found.reason.startswith("2 of 40 prompts")
    assert found.reason.endswith("row 3 differs at token 2: trained 5, served -1")


def test_a_prompt_that_is_cut_or_missing_does_not_pass() -> None:
    assert template_parity([[1, 2]], [[1]]).reason.endswith("trained 2, served its end")
    assert not template_parity([[1]], []).passed and not template_parity([], []).passed
    assert shared_prefix([1, 2, 3], [1, 2]) == 2 and shared_prefix([], [1]) == 0


def test_an_engine_that_differs_on_close_calls_alone_passes() -> None:
    noise = [(ROWS, changed(1, 2)), (ROWS, changed(2, 3))]
    found = engine_parity(changed(1, 2, 3), ROWS, noise, alpha=0.025)
    assert found.passed and found.reason.startswith(
        "3 of 40 answers differ from transformers', 3 by noise alone; p 1.0"
    )


def test_an_engine_that_differs_on_six_rows_more_is_refused_and_on_five_is_not() -> None:
    noise = [(ROWS, changed(0))]
    assert engine_parity(changed(*range(6)), ROWS, noise, alpha=0.025).passed  # 2^-5 is 0.031
    found = engine_parity(changed(*range(7)), ROWS, noise, alpha=0.025)
    assert not found.passed and "p 0.0156, 0.025 at most refuses" in found.reason


def test_without_noise_or_rows_there_is_no_verdict_that_passes() -> None:
    assert not engine_parity(ROWS, ROWS, [], alpha=0.025).passed
    few = ROWS[:5]
    assert engine_parity(few, few, [(few, few)], alpha=0.025) == Verdict(False, "5 rows, 20 needed")
    assert "no pairs" in engine_parity(ROWS, few, [(few, few)], alpha=0.025).reason
