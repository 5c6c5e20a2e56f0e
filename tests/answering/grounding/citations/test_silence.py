"""Which sentences claim nothing of the world, and which only look so."""

import pytest

from pipelines.answering.grounding.citations.wording.latex import plain_math
from pipelines.answering.grounding.citations.wording.silence import says_nothing, speaks_of_sources

CLAIMS = """
The museum does not offer guided tours.
The company does not give refunds.
Dr. Weiss did not say why he left.
It does not cover dental treatment.
They do not provide parking.
The list contains no members from Oslo.
The insurance does not cover water damage.
The wreck could not be found.
Results are not given to relatives.
The lift is not available on Sundays.
The report does not recommend closing the bridge.
Dogs cannot enter the hut.
The policy does not include flights.
The old tariff gives no discount to students.
The rules do not allow dogs.
Tenants may not know the code.
If you cancel after 14 days, you receive no refund.
If you lose the key, ask at the desk.
The contract does not include cleaning.
The station does not name its ships after people.
It does not state-fund schools.
The data are stored for 30 days.
This is based on 14 samples.
The report lists four measures.
The committee cannot say yes before May.
The pilot could not see the runway.
这家酒店没有提供早餐。
公司没有说明书面理由就解雇了他。
合同不包括清洁费。
门票不含讲解。
该药无显著副作用。
学校不能确认名额时会通知学生。
如果您取消，我们不退款。
医生无法确定病因。
展览内容包括三部分。
学生不知道考试时间。
资料费不退。
价格取决于房型。
大会没有找到合适的场地。
""".strip().splitlines()
REFUSALS = """
The minutes don't say who voted against.
Neither document mentions a price.
There's nothing in the sources about parking.
I'm unable to tell from these passages when the shop opens.
Nothing in the documents indicates the cause.
The answer is not in the sources.
The sources leave open who paid.
Who paid for it remains unclear.
Which firm built it is not known from the passages.
The cost isn't mentioned anywhere in the report.
It is not clear from the documents whether children pay.
There is no mention of a car park in the handbook.
No figure for 2024 is given in the report.
I found no information on the price.
The provided context doesn't specify this.
The sources don't allow me to determine the price.
On the basis of these documents, the question can't be answered.
Its price is nowhere stated.
文中并未说明施工单位。
至于价格，资料里找不到。
从现有资料看不出是谁出资。
报告只写了长度，没有写宽度。
关于票价，文件未作说明。
资料中查不到该信息。
以上资料均未涉及停车问题。
提供的文档里没有关于票价的内容。
无从得知施工单位。
目前的材料不足以回答这个问题。
没有资料说明由谁出资。
原因不明，资料没有交代。
资料对此只字未提。
""".strip().splitlines()
SILENT = {
    "Let me know if you need the opening hours.": "an offer",
    "如果您还想了解票价，可以继续问我。": "an offer",
    "以上信息来自年度报告。": "the name of a source",
    "This is all taken from the report.": "the name of a source",
    "It depends on the season.": "an announcement",
}


@pytest.mark.parametrize("text", CLAIMS)
def test_what_is_claimed_of_the_world_is_no_refusal(text: str):
    assert says_nothing(text) == ""


@pytest.mark.parametrize("text", REFUSALS)
def test_a_denial_that_the_sources_say_something_is_a_refusal(text: str):
    assert says_nothing(text) == "a refusal"


@pytest.mark.parametrize(("text", "why"), SILENT.items())
def test_offers_pointers_and_announcements_claim_nothing(text: str, why: str):
    assert says_nothing(text) == why


def test_what_only_says_of_what_the_sources_speak_is_told_from_a_claim():
    assert speaks_of_sources("The report only describes the bridge.")
    assert not speaks_of_sources("The report lists four measures.")


def test_a_formula_in_latex_is_read_as_plain_signs_and_a_price_stays():
    assert plain_math(r"$50 \times 8{,}000 = 400{,}000$ euros") == "50 × 8,000 = 400,000 euros"
    assert plain_math("It costs $5 or $7.") == "It costs $5 or $7."
    assert plain_math(r"\(\frac{6}{48} = 12.5\%\)") == "(6) / (48) = 12.5%"
