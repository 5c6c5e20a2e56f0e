"""Answers over documents of many genres: what is borne out without an embedder, and each kind of fault by itself."""

from collections.abc import Sequence
from types import ModuleType

import pytest

from pipelines.answering.grounding.citations.reading.dates import dates_in
from pipelines.answering.grounding.citations.reading.numbers import numbers_in, same_value
from pipelines.answering.grounding.citations.records import CheckedSentence, Passage, Source, Status
from pipelines.answering.grounding.citations.verify import verify
from tests.answering.grounding.citations import cases_genres, cases_genres_later


def _known(table: ModuleType) -> list[Source]:
    return [
        Source(number, (Passage(f"c{number}", f"d{number}", "v1", text, 100),), title=title)
        for number, (title, text) in table.DOCUMENTS.items()
    ]


def _claims(answer: str, text: str, question: str = "") -> Sequence[CheckedSentence]:
    return verify(answer, [Source(1, (Passage("c", "d", "v", text),))], question=question).claims


@pytest.mark.parametrize(
    ("table", "held", "caught"), [(cases_genres, 0.7, 0.95), (cases_genres_later, 0.6, 0.5)], ids=["first", "later"]
)
def test_of_answers_over_many_genres_so_many_come_out_right(table: ModuleType, held: float, caught: float):
    known = _known(table)
    claims = [one for answer in table.RIGHT for one in verify(answer, known).claims]
    assert [one.text for one in claims if one.status is Status.CONTRADICTED] == []
    assert sum(one.status is not None and one.status.holds for one in claims) / len(claims) >= held
    marked = [any(one.status and not one.status.holds for one in verify(text, known).claims) for _, text in table.FALSE]
    assert sum(marked) / len(marked) >= caught


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("half an hour", "30 minutes"),
        ("two and a half hours", "150 minutes"),
        ("5 hours 40 minutes", "340 minutes"),
        ("5小时40分钟", "340 minutes"),
        ("1 m 80 cm", "180 cm"),
        ("八折", "80%"),
        ("八五折", "85%"),
    ],
)
def test_numbers_in_two_units_and_in_words(first: str, second: str):
    assert len(numbers_in(first)) == 1
    assert same_value(numbers_in(first)[0], numbers_in(second)[0])


@pytest.mark.parametrize("text", ["on 22 and 23 September", "September 22 and 23", "9月22日和23日", "9月22、23日"])
def test_days_that_share_a_month(text: str):
    assert [one.key for one in dates_in(text)] == ["@?-9-22", "@?-9-23"]


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("The rent is 4,200 euros a month, due every quarter.", "For a quarter that makes 12,600 euros of rent."),
        ("共更换8部电梯，每部造价26万元，其中60%由维修基金支付。", "8部电梯共需208万元，其中维修基金支付124.8万元。"),
        ("Of 612 owners invited, 438 came.", "438 owners came, 174 did not."),
        (
            "The ferry was launched on 2 April. It entered service on 18 June.",
            "The ferry entered service on 18 June, eleven weeks after it was launched.",
        ),
        ("月租金4200元，逾期一日按月租金的0.5%支付违约金。", "逾期一日的违约金是21元。"),
        ("The harvest was on 29 July, nine days later than planned.", "The harvest was planned for 20 July."),
    ],
)
def test_what_follows_from_the_cited_sentence_needs_no_word_for_it(text: str, right: str):
    assert [one.reason for one in _claims(right, text) if one.status is None or not one.status.holds] == []


def test_a_short_number_that_may_be_hit_by_chance_does_not_follow():
    text = "The club has 14 men, 11 women, 9 boys and 5 girls."
    (claim,) = _claims("The club has 6 coaches.", text)
    assert claim.status is Status.UNVERIFIED


@pytest.mark.parametrize(
    ("text", "false", "right"),
    [
        (
            "Autosave now runs every 20 seconds instead of every 60.",
            "Autosave now runs every 60 seconds instead of every 20.",
            "Autosave runs every 20 seconds now, instead of every 60.",
        ),
        ("用混凝土142立方米，比设计多6立方米。", "用混凝土比设计少6立方米。", "用混凝土比设计多6立方米。"),
        (
            "水泥由海川建材供应，钢筋由宏达钢厂供应。",
            "水泥由宏达钢厂供应，钢筋由海川建材供应。",
            "钢筋由宏达钢厂供应。",
        ),
        ("物业费由甲方承担，水电费由乙方承担。", "物业费由乙方承担，水电费由甲方承担。", "水电费由乙方承担。"),
        (
            "女子组冠军由外国语学校获得，亚军是实验中学。",
            "女子组亚军是外国语学校，冠军是实验中学。",
            "女子组亚军是实验中学。",
        ),
        (
            "Tomasz Reyes was elected to the board in place of Helena Brandt.",
            "Helena Brandt was elected to the board in place of Tomasz Reyes.",
            "Tomasz Reyes was elected in place of Helena Brandt.",
        ),
        (
            "会议宣布：自4月1日起，由蒋一帆接替于洪涛担任主任。",
            "于洪涛接替蒋一帆担任主任。",
            "蒋一帆接替于洪涛担任主任。",
        ),
        (
            "Variants are not admitted. Bidders may bid for all lots.",
            "Bidders may submit variants.",
            "Variants are not admitted.",
        ),
        (
            "In 1953 the club merged with Ravensholm Union. Torvik Athletic is its rival.",
            "The club merged with Torvik Athletic in 1953.",
            "The club merged with Ravensholm Union in 1953.",
        ),
    ],
)  # fmt: skip
def test_what_belongs_to_one_and_is_said_of_another_is_caught(text: str, false: str, right: str):
    assert any(one.status and not one.status.holds for one in _claims(false, text))
    assert [one.reason for one in _claims(right, text) if one.status is None or not one.status.holds] == []


def test_a_sentence_that_differs_in_much_is_not_contradicted_by_it():
    text = "The ice at the hut was 112 cm thick on Monday. At site A, 84 cm were measured."
    assert all(one.status is not Status.CONTRADICTED for one in _claims("The vehicle weighs 84 cm at most.", text))


def test_what_the_question_gives_may_be_calculated_with():
    text = "Harbour dues are 0.36 euros per tonne."
    answer = "Harbour dues: 20,000 × 0.36 = 7,200 euros."
    (asked,) = _claims(answer, text, "What does a ship of 20,000 tonnes pay?")
    (alone,) = _claims(answer, text)
    assert (asked.status, alone.status) == (Status.DERIVED, Status.UNVERIFIED)


def test_a_result_may_be_said_again():
    text = "Revenue was 96.3 million euros. Costs were 71.8 million euros."
    first, again = _claims("96.3 − 71.8 = 24.5 million euros. So 24.5 million euros.", text)
    assert [first.status, again.status] == [Status.DERIVED, Status.DERIVED]


def test_only_sentences_that_a_claim_stands_on_are_cited():
    text = (
        "The port of Lindholm employs 1,240 people. The port is old. The port handled 48 million tonnes in 2022. "
        "People of the port like tea."
    )
    (claim,) = _claims("The port of Lindholm employs 1,240 people.", text)
    assert [one.quote for one in claim.citations] == ["The port of Lindholm employs 1,240 people."]


def test_the_embedder_is_asked_where_words_do_not_decide():
    asked: list[str] = []

    def similar(text: str, others: Sequence[str]) -> list[float]:
        asked.append(text)
        return [0.85] * len(others)

    known = [Source(1, (Passage("c", "d", "v", "Notes can be exported as EPUB."),))]
    assert verify("Notes can be exported as EPUB files.", known, similar).claims[0].status is Status.SUPPORTED
    assert asked == []
    assert verify("You can save notes in a format for e-readers.", known, similar).claims[0].status is Status.SUPPORTED
    assert asked


def test_a_line_that_leads_a_list_in_and_of_which_no_source_speaks_claims_nothing():
    lead, item = verify(
        "The leaflet names these groups:\n- people with glaucoma",
        [Source(1, (Passage("c", "d", "v", "Do not take Sorvex if you have glaucoma. It is for people."),))],
    ).sentences
    assert (lead.status, lead.reason) == (None, "claims nothing: a lead-in")
    assert item.status is not None


def test_a_sentence_with_a_time_after_which_nobody_enters_is_no_refusal():
    (claim,) = _claims("灯塔5点关门，但4点半以后就不能再进去了。", "灯塔17点关闭，16点30分停止入内。")
    assert claim.status is not None
