"""What a long question is searched by."""

import pytest

from pipelines.answering.question import asked_part

PREAMBLE = (
    "I have been a customer of yours for nine years. Last week I stood in your shop in the rain. The door was closed. "
    "My neighbour, who is a teacher, says that this happens often. "
)


@pytest.mark.parametrize(
    ("question", "asked"),
    [
        ("How deep is it?", "How deep is it?"),
        ("The lock was widened. How deep is it?", "The lock was widened. How deep is it?"),
        (PREAMBLE + "When do you open on Sundays?", "When do you open on Sundays?"),
        (PREAMBLE + "When do you open? And who has the key? Thank you.", "When do you open? And who has the key?"),
        (PREAMBLE + "Tell me when you open.", "Tell me when you open."),
        ("我是老客户。上周我去过店里。门关着。周日几点开门？谢谢！", "周日几点开门？"),
        ("", ""),
    ],
)
def test_a_preamble_is_left_out_of_the_search(question: str, asked: str) -> None:
    assert asked_part(question) == asked
