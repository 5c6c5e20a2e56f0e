"""How an answer is cut: marks, lists, tables, headings, code, lead-ins, and what is done with what does not hold."""

import pytest

from pipelines.answering.grounding.citations.arithmetic import formulas
from pipelines.answering.grounding.citations.claims import split_claims
from pipelines.answering.grounding.citations.marks import find_marks
from pipelines.answering.grounding.citations.policy import Policy, apply_policy
from pipelines.answering.grounding.citations.reading.dates import dates_in
from pipelines.answering.grounding.citations.reading.numbers import numbers_in, same_value
from pipelines.answering.grounding.citations.verify import verify
from tests.answering.grounding.citations.world import sources

ANSWER = (
    "Clara Weiss founded the museum in 1898 [2]. It sells hats made of straw [2]. Dogs are "
    "not allowed inside the hut [8]."
)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("So [1].", [(1,)]),
        ("So [2][3].", [(2,), (3,)]),
        ("So [1, 3].", [(1, 3)]),
        ("所以【1】。", [(1,)]),
        ("So [2-4].", [(2, 3, 4)]),
        ("So [^2].", [(2,)]),
        ("So [Source 2].", [(2,)]),
        ("所以[来源1]。", [(1,)]),
        ("So (source 3).", [(3,)]),
        ("So [4](https://x.org).", []),
        ("【3†source】", [(3,)]),
        ("So [ID:2] and [id: 3].", [(2,), (3,)]),
        ("Staff (ID: 3) left.", []),
        ("none", []),
    ],
)
def test_marks(text: str, numbers: list[tuple[int, ...]]):
    assert [mark.numbers for mark in find_marks(text)] == numbers


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("Ada is big.[1] Cid is old. [2] Eve is far [3].", ["Ada is big.", "Cid is old.", "Eve is far ."]),
        ("Yes. The hut is open [1].", ["The hut is open ."]),
        ("No, the hut is closed.", ["the hut is closed."]),
        ("According to the sources, the hut is open.", ["the hut is open."]),
        ("根据资料，水库很大[1]。", ["水库很大 。"]),
        ("是的，水库很大[1]。", ["水库很大 。"]),
        ("# Huts\n\n- **Oslo** has one [1]\n- Bergen has two", ["Oslo has one", "Bergen has two"]),
        ("| City | Staff |\n| --- | --- |\n| Oslo | 120 |", ["City: Oslo, Staff: 120"]),
        ("```\nx = a[1]\n```\nThe hut is open.", ["The hut is open."]),
        ("The hut is open.\n\nSources: [1], [2]", ["The hut is open."]),
        ("The hut is open, but the sources do not say since when.", ["The hut is open"]),
    ],
)
def test_what_is_claimed(answer: str, words: list[str]):
    assert [one.words for one in split_claims(answer) if not one.silent] == words


def test_marks_behind_the_stop_belong_to_the_sentence_before():
    assert [one.numbers for one in split_claims("Ada is big.[1] Cid is old. [2][3]\nEve is far [4].")] == [
        (1,),
        (2, 3),
        (4,),
    ]


def test_the_line_before_a_list_is_known_to_its_items():
    lead, first, second = split_claims("Varga has plants in three towns:\n- Graz\n- Morrow")
    assert (lead.items, first.lead, second.lead) == (("Graz", "Morrow"), lead.words, lead.words)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("1,200 people", "1.2 thousand people"),
        ("54.0", "54"),
        ("12 %", "12 percent"),
        ("12 %", "百分之十二"),
        ("十二万", "120,000"),
        ("1.2亿元", "120 million yuan"),
        ("twelve", "12"),
        ("two hundred and fifty", "250"),
        ("三千五百名", "3500"),
        ("5 km", "5 kilometres"),
        ("5 km", "5公里"),
        ("5 km", "5,000 m"),
        ("half", "50%"),
        ("一半", "50%"),
        ("第三", "3rd"),
        ("€5", "5 euros"),
        ("$5m", "5 million dollars"),
        ("20 °C", "20 degrees Celsius"),
        ("32 °F", "0 °C"),
        ("两座", "two"),
        ("三分之二", "two thirds of it"),
        ("12万人", "120,000 people"),
    ],
)
def test_equal_numbers(first: str, second: str):
    assert same_value(numbers_in(first)[0], numbers_in(second)[0])


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("5 km", "5 miles"),
        ("3 months", "3 years"),
        ("20 °C", "20 °F"),
        ("$5", "5 euros"),
        ("12 %", "12"),
        ("3rd", "3"),
        ("12 %", "12 percentage points"),
        ("八万公顷", "八万亩"),
        ("48.0", "48.1"),
    ],
)
def test_different_numbers(first: str, second: str):
    assert not same_value(numbers_in(first)[0], numbers_in(second)[0])


@pytest.mark.parametrize(
    "text",
    [
        "3 May 2024",
        "May 3, 2024",
        "2024-05-03",
        "2024/5/3",
        "3.5.2024",
        "2024年5月3日",
        "二〇二四年五月三日",
        "the 3rd of May 2024",
    ],
)
def test_a_date_has_one_key_in_every_spelling(text: str):
    assert [one.key for one in dates_in(text)] == ["@2024-5-3"]


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("(54.0 − 48.0) / 48.0 = 12.5 %", True),
        ("（54.0−48.0）÷48.0=12.5%", True),
        ("12 × 3 = 36", True),
        ("12 - 5 = 8", False),
        ("54.0 - 48.0 = 6.0 million", True),
        ("120人 + 80人 = 200人", True),
        ("5 / 0 = 3", False),
        ("7 plus 5 equals 12", True),
        ("54 million − 48 million = 6 million", True),
        ("(54.0 − 48.0) / 48.0 = 0.125 %", True),
        ("6 / 48 = 12.5", False),
    ],
)
def test_shown_arithmetic(text: str, right: bool):
    assert [one.is_right for one in formulas(text)] == [right]


def test_what_is_no_expression_or_too_long_is_no_calculation():
    texts = ("a + 1 = 2", "1 + = 2", "(" * 500 + "1" + ")" * 500 + " + 1 = 2", f"{'1 + ' * 200}1 = 201")
    assert [formulas(text) for text in texts[:2]] == [[], []]
    assert [one.is_right for text in texts for one in formulas(text) if len(text) > 400] == []


def test_a_calculation_that_divides_by_zero_is_there_and_wrong():
    assert [(one.is_right, one.operands) for one in formulas("5 / (3 - 3) = 0")] == [(False, ((0, 1), (5, 6), (9, 10)))]


def test_by_default_the_text_stays_and_is_marked():
    applied = apply_policy(verify(ANSWER, sources()))
    assert (applied.text, applied.dropped, applied.refused) == (ANSWER, 0, False)


def test_sentences_that_do_not_hold_are_dropped_and_counted():
    applied = apply_policy(verify(ANSWER, sources()), Policy.DROP)
    assert applied.text == "Clara Weiss founded the museum in 1898 [2]. Dogs are not allowed inside the hut [8]."
    assert (applied.dropped, applied.note) == (1, "1 of 3 sentences left out: the sources do not bear them out.")


def test_an_answer_is_refused_with_its_reason():
    applied = apply_policy(verify(ANSWER, sources()), Policy.REFUSE)
    assert applied.refused
    assert "It sells hats" in applied.text


def test_a_right_answer_is_left_alone_under_every_policy():
    answer = "库区禁止游泳[5]。"
    assert {apply_policy(verify(answer, sources()), policy).text for policy in Policy} == {answer}


def test_where_nothing_is_left_dropping_refuses():
    assert apply_policy(verify("公司计划明年上市[6]。", sources()), Policy.DROP).refused
