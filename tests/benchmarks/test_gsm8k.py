"""The parts of the GSM8K benchmark that compute: the numbers found in texts, and the rows made of scores."""

from decimal import Decimal

import pytest

from benchmarks.gsm8k import FULL, QUICK, gold_number, loss_row, match_row, matches, said_number, sizes
from benchmarks.training.samples import Sample


@pytest.mark.parametrize(
    ("answer", "number"),
    [
        ("She has 3 + 4 = <<3+4=7>>7.\n#### 7", "7"),
        ("#### 1,234", "1234"),
        ("#### -5", "-5"),
        ("no 8\n#### $2.50", "2.50"),
    ],
)
def test_the_gold_number_is_the_one_after_the_mark(answer: str, number: str):
    assert gold_number(answer) == Decimal(number)


@pytest.mark.parametrize("answer", ["The answer is 7.", "#### seven"])
def test_an_answer_without_a_marked_number_is_an_error(answer: str):
    with pytest.raises(ValueError, match="no number after ####"):
        gold_number(answer)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("First 3, then 12.", "12"),
        ("It costs $1,050.00.", "1050"),
        ("It costs $ 20 in all.", "20"),
        ("3 + 4 = <<3+4=7>>7\n#### 7", "7"),
        ("a loss of -$5", "-5"),
        ("10,000 tents, 5", "5"),
        ("half is .5", "0.5"),
        ("It ends **18**.", "18"),
        ("so 5,", "5"),
    ],
)
def test_the_last_number_of_a_text_counts_without_commas_signs_of_money_and_full_stop(text: str, number: str):
    assert said_number(text) == Decimal(number)


@pytest.mark.parametrize("text", ["", "I do not know.", "$ and , and ."])
def test_a_text_without_a_number_has_none(text: str):
    assert said_number(text) is None


def test_a_match_is_of_values_and_silence_is_none():
    rows = [Sample("a", "#### 1,000"), Sample("b", "#### 2"), Sample("c", "#### 3")]
    assert matches(rows, ["so 1000.0", "so 3", ""]) == [1.0, 0.0, 0.0]


def test_a_fall_of_loss_counts_from_the_lower_end_of_its_interval():
    base = [2.0, 3.0, 4.0, 5.0]
    row = loss_row(base, [1.0, 2.0, 3.0, 4.0])
    assert (row.value, row.ours, row.peer, row.met) == (1.0, 2.5, 3.5, True)
    assert "+1.0000 [+1.0000, +1.0000]" in row.note and "4 rows have a lower loss" in row.note
    assert loss_row(base, base).met is False
    assert loss_row([1.0, 1.0], [0.0, 2.0]).met is False


def test_exact_match_is_reported_either_way():
    row = match_row([1.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0], "greedy")
    assert (row.value, row.ours, row.peer, row.met) == (-0.25, 0.25, 0.5, None)
    assert "1 gained, 2 lost" in row.note and row.note.endswith("greedy")


def test_options_change_one_size_of_the_full_or_the_quick_run():
    class Options:
        quick, train, loss, match, tokens = True, None, 8, None, None

    assert sizes(Options()) == QUICK.__class__(QUICK.train, 8, QUICK.match, QUICK.tokens) != FULL
