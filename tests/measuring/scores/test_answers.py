"""Numbers, labels, calls, JSON, refusals and perplexity: what an answer says rather than how it is worded."""

import json
import math
from fractions import Fraction

import pytest

from pipelines.core.errors import ConfigurationError
from pipelines.measuring.metrics import metrics, score_texts
from pipelines.measuring.scores.json_text import json_validity
from pipelines.measuring.scores.metric import Answers
from pipelines.measuring.scores.numbers import number_match, number_of
from pipelines.measuring.scores.refusals import refuses
from pipelines.measuring.scores.tool_calls import calls_in, tool_call_match


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("So 5 + 37 is 42.", 42), ("#### 1,250", 1250), ("it costs $1,250.50 in all", Fraction(2501, 2)),
        (r"thus \boxed{3/4} of 8", Fraction(3, 4)), ("minus 7: -7", -7), ("10-3", 3), ("3.5 million", 3_500_000),
        ("答案是３５。", 35), ("约3.5万人", 35_000), ("一共三百零五元", 305),
        ("负三点五", Fraction(-7, 2)), ("十五个", 15),
        ("一亿三千万", 130_000_000), ("二〇二六年", 2026), ("答案是一。", 1), ("on 2024/05/01", 1), ("50%", 50),
        ("$29.00", 29), ("29.0 dollars", 29),
        ("一些帐篷", None), ("none", None), ("", None), ("9" * 5000, None), ("1/0", None),
    ],
)  # fmt: skip
def test_the_number_that_a_text_comes_to(text: str, number: Fraction | int | None) -> None:
    assert number_of(text) == number


def test_numbers_match_across_the_two_ways_of_writing_them() -> None:
    assert number_match("The answer is 305.", "一共三百零五元") == 1.0
    assert number_match("35000", "约3.5万人") == 1.0
    assert number_match("304", "#### 305") == 0.0 and number_match("", "#### 305") == 0.0
    assert number_match("305", "no number") is None


def test_a_label_is_the_only_one_that_an_answer_names() -> None:
    labels = ["positive", "negative", "very positive", "正面", "负面"]
    answers = ["The sentiment is Positive.", "negative or positive", "It is very positive!", "这是正面评价。", "。"]
    assert score_texts(answers, labels, ["label_accuracy"])["label_accuracy"] == [1.0, 0.0, 1.0, 1.0, 0.0]
    # A label counts as whole words: no "art" in "smart".
    assert score_texts(["smart", "art"], ["art", "smart"], ["label_accuracy"])["label_accuracy"] == [0.0, 0.0]


CALL = {"name": "find_order", "arguments": {"id": 7, "语言": "中文"}}


@pytest.mark.parametrize(
    "written",
    [
        '{"arguments": {"语言": "中文", "id": 7.0}, "name": "find_order"}',
        '<tool_call>\n{"name": "find_order", "arguments": {"id": 7, "语言": "中文"}}\n</tool_call>',
        '好的。```json\n[{"name": "find_order", "parameters": {"id": 7, "语言": "中文"}}]\n```',
        'Action: find_order\nAction Input: {"语言": "中文", "id": 7}',
        json.dumps([{"type": "function", "function": {**CALL, "arguments": json.dumps(CALL["arguments"])}}]),
    ],
)
def test_a_call_is_the_same_however_it_is_written(written: str) -> None:
    assert tool_call_match(written, json.dumps(CALL)) == 1.0


def test_another_name_argument_type_or_number_of_calls_is_another_call() -> None:
    reference = json.dumps(CALL)
    other = [
        {**CALL, "name": "order"},
        {**CALL, "arguments": {"id": "7", "语言": "中文"}},
        {**CALL, "arguments": {"id": 7}},
        {**CALL, "arguments": {"id": True, "语言": "中文"}},
    ]
    assert [tool_call_match(json.dumps(call), reference) for call in other] == [0.0] * 4
    assert tool_call_match(f"{reference}\n{reference}", reference) == 0.0
    assert tool_call_match(reference[:-3], reference) == 0.0 and tool_call_match("", reference) == 0.0
    assert tool_call_match(reference, "The order is on its way.") is None


def test_calls_beside_each_other_have_no_order_and_a_description_is_no_call() -> None:
    first, second = '{"name": "a", "arguments": {}}', '{"name": "b", "arguments": {}}'
    assert tool_call_match(f"{first} {second}", f"[{second}, {first}]") == 1.0
    assert calls_in('{"name": "a", "parameters": {"type": "object", "properties": {}}}') == []


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ('{"键": [1, null, true]}', 1), (" 42 ", 1), ('"文"', 1), ("", 0), ("{'a': 1}", 0), ('{"a": NaN}', 0),
        ('```json\n{"a": 1}\n```', 0), ('{"a": 1} done', 0), ("[" * 100_000 + "]" * 100_000, 0), ("9" * 10_000, 1),
    ],
)  # fmt: skip
def test_json_is_what_a_program_can_read(text: str, valid: int) -> None:
    assert json_validity(text) == valid


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that.", "I’m really sorry, but I cannot provide that.",
        "As an AI language model, I do not have personal opinions.", "I cannot assist with this request.",
        "Unfortunately, I am unable to answer.", "I apologize, but I'm not able to assist with that.",
        "很抱歉，我无法回答这个问题。", "对不起，我不能提供这类信息。", "抱歉，无法满足您的要求。",
        "我无法为您提供医疗建议。",
        "作为一个人工智能助手，我无法访问互联网。", "抱歉，这个问题超出了我的范围，我无法回答。",
    ],
)  # fmt: skip
def test_a_refusal_is_found_in_both_languages(text: str) -> None:
    assert refuses(text)


@pytest.mark.parametrize(
    "text",
    [
        "Sorry, we cannot refund it after 45 days.", "I can't wait to tell you more!", "You cannot return it.",
        "I can't help but smile.", "I'm sorry to hear that! You can return it within 30 days.", "",
        "As an AI company, we build models.", "It costs 389 euros. I'm sorry, but I can't help with more.",
        "抱歉，我们无法退款。", "不能退货。", "很抱歉给您带来不便。请在七天内寄回。", "我不能再喝了",
        "抱歉，该商品已下架，无法提供现货。",
    ],
)  # fmt: skip
def test_a_policy_that_says_no_is_an_answer(text: str) -> None:
    assert not refuses(text)


def test_where_the_reference_refuses_a_refusal_is_no_fault() -> None:
    refusal, answer = "我无法回答这个问题。", "七天。"
    scores = score_texts([refusal, refusal, answer, ""], [answer, refusal, answer, answer], ["refusal_rate"])
    assert scores["refusal_rate"] == [1.0, None, 0.0, 0.0]


def test_perplexity_weighs_every_token_alike() -> None:
    # -ln of 1/2, 1/2 and 1/8: their mean is ln(32) / 3.
    rows = [[math.log(1 / 2), math.log(1 / 2)], [math.log(1 / 8)], None]
    perplexity = metrics()["perplexity"]
    assert perplexity.of(Answers([""] * 3, [""] * 3, rows)) == pytest.approx(32 ** (1 / 3))
    assert perplexity.of(Answers([""], ["a"])) is None
    assert perplexity.of(Answers([""], ["a"], [[-math.inf]])) == math.inf
    for wrong in (0.5, math.nan):
        with pytest.raises(ConfigurationError, match="natural logarithms"):
            perplexity.of(Answers([""], ["a"], [[wrong]]))
