"""Numbers that stand in a source in another form, follow from it, or are made up: each kind beside its forgery."""

from collections.abc import Sequence

import pytest

from pipelines.answering.grounding.citations.reading.numbers import numbers_in
from pipelines.answering.grounding.citations.reading.rows import with_units
from pipelines.answering.grounding.citations.records import CheckedSentence, Passage, Source, Status
from pipelines.answering.grounding.citations.verify import verify

TABLE = (
    "| Division | Revenue in million dollars | Profit in million dollars | Weight (kg) |\n| --- | --- | --- | --- |\n"
    "| Milk | 310.0 | -3.7 | 12 |\n| Cheese | 184.0 | 16.6 | 30 |\n| Oat drinks | 28.0 | -2.6 | 45 |\n"
)
LINES = (
    "| 线路 | 里程（公里） | 车站（座） |\n| --- | --- | --- |\n"
    "| 1号线 | 32.4 | 26 |\n| 2号线 | 28.6 | 22 |\n| 3号线 | 21.0 | 15 |\n"
)


def _claims(answer: str, text: str) -> Sequence[CheckedSentence]:
    return verify(answer, [Source(1, (Passage("c", "d", "v", text),))]).claims


def _held(answer: str, text: str) -> list[bool]:
    return [one.status is not None and one.status.holds for one in _claims(answer, text)]


@pytest.mark.parametrize(
    ("text", "right", "forged"),
    [
        (TABLE, "Milk had a revenue of $310.0 million.", "Milk had a revenue of $310.0 billion."),
        (TABLE, "Oat drinks made a loss of $2.6 million.", "Oat drinks made a loss of $2.9 million."),
        (TABLE, "Cheese had a weight of 30 kg.", "Cheese had a weight of 12 kg."),
        (LINES, "1号线里程为32.4公里。", "1号线里程为21.0公里。"),
        (LINES, "三条线路合计共有63座车站。", "三条线路合计共有67座车站。"),
        (
            "The tube takes 600 µl of buffer. Twelve tubes are filled with buffer.",
            "Twelve tubes take 12 × 600 = 7,200 µl of buffer (7.2 ml of buffer).",
            "Twelve tubes take 12 × 600 = 7,200 µl of buffer (72 ml of buffer).",
        ),
        (
            "The city has 6,200 bikes. Of the bikes 600 are scrapped. Another 800 bikes are added.",
            "6,200 bikes less 600 scrapped bikes and 800 added bikes make 6,400 bikes.",
            "6,200 bikes less 600 scrapped bikes and 800 added bikes make 6,900 bikes.",
        ),
        (
            "The 19号 comb is of plain wood. Version 3 of the comb is kept in the vault.",
            "The third version of the comb is kept in the vault.",
            "The fourth version of the comb is kept in the vault.",
        ),
    ],
)
def test_a_number_in_another_form_holds_and_its_forgery_does_not(text: str, right: str, forged: str):
    assert all(_held(right, text)), [one.reason for one in _claims(right, text)]
    assert not all(_held(forged, text))


def test_a_result_may_be_said_before_its_calculation():
    text = "The first 15 minutes cost 2 euros. Each further 10 minutes of the ride cost 1.5 euros."
    answer = "The ride costs 3.5 euros. 2 + 1.5 = 3.5 euros for the ride."
    assert _held(answer, text) == [True, True]
    assert _held("The ride costs 4.5 euros. 2 + 1.5 = 3.5 euros for the ride.", text) == [False, True]


def test_as_many_cited_sentences_as_a_number_says_are_no_count_of_it():
    text = "全线设24座车站。车站由市政公司修建。车站在2020年通车。"
    (claim,) = _claims("全线设24座车站，其中3座为换乘站。", text)
    assert claim.status is Status.UNVERIFIED


def test_parts_of_a_chinese_sentence_are_no_list_that_a_number_counts():
    text = "公园由市政公司管理，公园每天开放。"
    (claim,) = _claims("公园的两位老人管理公园，公园每天开放。", text)
    assert claim.status is Status.UNVERIFIED


def test_number_words_side_by_side_are_two_numbers():
    text = "She saved three seven-metre throws and twenty one shots."
    assert [(one.value, one.dimension) for one in numbers_in(text)] == [(3, ""), (7, "length"), (21, "")]


@pytest.mark.parametrize(
    ("row", "read"),
    [
        (
            "Year: 2024, Revenue in million dollars: 28.0",
            "Year: 2024, Revenue in million dollars: 28.0 million dollars",
        ),
        ("Price (€): 12, Seats: 4", "Price (€): €12, Seats: 4"),
        ("营业额（万元）: 4.8, 人数: 12", "营业额（万元）: 4.8万元, 人数: 12"),
        ("Born in Oslo: 12", "Born in Oslo: 12"),
    ],
)
def test_a_cell_has_the_unit_of_its_column(row: str, read: str):
    assert with_units(row) == read


def test_no_number_is_read_inside_spans_that_are_taken_whatever_their_order() -> None:
    text = " ".join(str(1000 + place) for place in range(2_000))
    taken = [(5 * place, 5 * place + 4) for place in reversed(range(0, 2_000, 2))]
    assert [one.value for one in numbers_in(text, [*taken, (0, 9)])] == [1000.0 + place for place in range(3, 2_000, 2)]
