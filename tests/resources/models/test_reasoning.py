import pytest

from resources.models.reasoning import without_reasoning

EXAMPLE = 'The form is {"entities": [{"name": "X"}]}, so I list them.'


@pytest.mark.parametrize(("opening", "closing"), [
    ("<think>", "</think>"), ("", "</think>"), ("<thinking>", "</thinking>"), ("[THINK]", "[/THINK]"), ("", "[/THINK]"),
    ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
    ("<|channel>thought", "<channel|>"), ("<|START_THINKING|>", "<|END_THINKING|><|START_RESPONSE|>"),
    ("◁think▷", "◁/think▷"),
])  # fmt: skip
@pytest.mark.parametrize("answer", ['{"entities": []}', "Nora Vik leads Team A.", "小明在腾讯工作。"])
def test_thoughts_go_with_and_without_their_opening_tag(opening: str, closing: str, answer: str):
    assert without_reasoning(f"{opening}\nOkay. {EXAMPLE}\n{closing}\n\n{answer}") == answer


def test_a_thought_that_never_ended_leaves_nothing():
    assert without_reasoning(f"<think>\n{EXAMPLE}") == ""


def test_two_thoughts_and_one_in_the_middle_go():
    assert without_reasoning("<think>a</think>\nFirst.\n<think>b</think>Second.") == "First.\nSecond."


@pytest.mark.parametrize("text", [
    "", "  plain, with space ", "A model thinks between <think> and </think> before it answers.",
    "A thought ends with `</think>` in Qwen's template.", '{"entities": [{"name": "</think>"}]}',
])  # fmt: skip
def test_what_only_speaks_of_the_tags_stays_as_it_is(text: str):
    assert without_reasoning(text) == text
