import pytest

from pipelines.finetune.merging.compared import around_answer, compared_examples

SILENT = -100


class LetterTokenizer:
    """A token a letter; an answer stands between > and the end token 0."""

    eos_token_id = 0
    chat_template = "letters"

    def apply_chat_template(self, conversation, tokenize=True, return_dict=False, add_generation_prompt=False, **_):
        text = "".join(f"{message['content']}\0" for message in conversation)
        return self(text)["input_ids"] if tokenize else text

    def __call__(self, text, add_special_tokens=False):
        return {"input_ids": [ord(letter) for letter in text]}


def encoded(before: int, answer: int, after: int = 0) -> dict[str, list[int]]:
    labels = [SILENT] * before + list(range(before, before + answer)) + [SILENT] * after
    return {"input_ids": list(range(before + answer + after)), "labels": labels}


@pytest.mark.parametrize(
    ("before", "answer", "after", "first", "last"),
    [
        (3, 4, 0, 0, 6),  # short: whole
        (4, 9, 0, 0, 7),  # the answer begins in the first half: the beginning
        (20, 2, 0, 14, 21),  # at the end: the last eight
        (20, 9, 5, 16, 23),  # in the middle: half before, half of the answer
    ],
)
def test_a_long_row_is_cut_around_its_answer(before: int, answer: int, after: int, first: int, last: int):
    cut = around_answer(encoded(before, answer, after), 8)
    assert (cut["input_ids"][0], cut["input_ids"][-1]) == (first, last)
    assert len(cut["labels"]) == len(cut["input_ids"])
    assert sum(label >= 0 for label in cut["labels"]) >= min(answer, 4)


def test_rows_whose_passages_fill_the_window_are_compared_on_their_answers():
    passage = {"role": "user", "content": "p" * 2000}
    rows = [([passage, {"role": "assistant", "content": "yes"}], None)] * 9
    examples = compared_examples(rows, LetterTokenizer())
    assert [len(one["input_ids"]) for one in examples] == [256] * 8
    answer = [*map(ord, "yes"), 0]
    assert all([label for label in one["labels"] if label >= 0] == answer for one in examples)


def test_rows_without_an_answer_are_not_compared_on():
    assert compared_examples([([{"role": "user", "content": "p"}], None)], LetterTokenizer()) == []
