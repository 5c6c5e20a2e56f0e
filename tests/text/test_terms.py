import pytest

from pipelines.answering.question import (
    holds_answer_kind,
    holds_counted_thing,
    holds_name,
    key_names,
    key_terms,
    numbers_in,
    proper_names,
    question_terms,
)
from pipelines.text.terms import coverage, term_weights, terms, word_root
from pipelines.text.words import words


def test_words_of_one_family_share_their_root() -> None:
    assert {word_root(word) for word in ("managed", "manager", "manage", "managing")} == {"manag"}


def test_a_term_that_every_text_has_weighs_least() -> None:
    weights = term_weights(["rare", "common"], [{"common"}, {"common", "rare"}, {"common"}])
    assert weights["rare"] > weights["common"] > 0


def test_coverage_is_the_share_of_the_weights() -> None:
    assert coverage({"a": 3.0, "b": 1.0}, {"a"}) == 0.75


def test_asking_words_are_no_terms_and_neighbours_make_pairs() -> None:
    wanted = question_terms("How many square metres does the Oslo shop have?")
    assert "oslo shop" in wanted and "many" not in wanted


def test_numbers_lose_their_thousands_commas_and_words_count() -> None:
    assert numbers_in("2,300 pairs in four years") == {"2300", "four"}


def test_names_leave_out_a_first_word() -> None:
    assert proper_names("The label says Halden. Boots go by PostNord.") == {"halden", "postnord"}


def test_the_letter_of_a_name_is_asked_for_with_its_word() -> None:
    assert {"team a", "a", "lead"} <= set(question_terms("Who is the lead of Team A?"))
    assert "a" not in question_terms("Who leads a team?")
    assert key_terms("Who is the lead of Team A?") == {"team", "a"} and "b" in key_terms("who leads team b?")
    assert proper_names("He met Team A in Oslo.") == {"team a", "team", "oslo"}
    assert {"b", "b 组"} <= set(question_terms("B组的组长是谁？"))


def test_key_terms_are_names_numbers_and_latin_words_in_chinese() -> None:
    assert key_terms("Lumen 头灯在2025年卖出多少只？") >= {word_root("lumen"), "2025"}


def test_what_is_capitalised_side_by_side_is_one_name_in_its_order() -> None:
    assert key_names("Who wrote Jump for Glory in 1937?") == [("jump", "glor"), ("1937",)]
    assert key_names("Billy Marsh played for which club?") == [("bill",), ("marsh",)]  # capitalised for being first
    assert holds_name(("steven", "blankaart"), terms("It was by Steven R. Blankaart."))
    assert not holds_name(("liang", "ji"), terms("Zuo Zhuan and Ji Liang"))


def test_a_latin_word_ends_where_chinese_begins() -> None:
    assert key_names("MIT OpenCourseWare指什么？") == [("mit", "opencoursewar")]
    assert proper_names("MIT指麻省理工学院") == {"mit"} and key_terms("MIT指什么？") == {"mit"}


@pytest.mark.parametrize(
    ("question", "text", "holds"),
    [
        ("Who manages Halden?", "Petra Vogel manages it.", True),
        ("Who manages Halden?", "It is managed well.", False),
        ("How many days?", "within 45 days", True),
        ("How many days before 2025?", "in 2025", False),
        ("仓库经理是谁？", "仓库经理是陈建国。", True),
        ("面积是多少？", "面积很大。", False),
    ],
)
def test_the_kind_of_answer_that_is_asked_for(question: str, text: str, holds: bool) -> None:
    assert holds_answer_kind(question, text) is holds


def test_what_is_counted_has_to_be_named() -> None:
    assert holds_counted_thing("How many repairs were made?", "6,480 repairs were completed.")
    assert not holds_counted_thing("How many people work at Halden?", "Halden was opened in 2014.")
    assert holds_counted_thing("售出了多少台？", "其中国内售出214台。")
    assert not holds_counted_thing("有多少名员工？", "2021年启用。")


def test_a_year_and_a_name_are_kinds_of_answers_too() -> None:
    assert holds_answer_kind("In which year was it opened?", "It opened in 2014.")
    assert not holds_answer_kind("In which year was it opened?", "It has 61 people.")
    assert holds_answer_kind("Which insurance company paid?", "The sum came from Atlantis Mutual.")
    assert not holds_answer_kind("Which insurance company paid?", "The insurance paid 265,000.")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("B组组长是陈建国", ["b", "组", "组长", "陈建国"]),
        ("乙队队长", ["乙", "队", "队长"]),
        ("5号楼负责人", ["5", "号", "楼", "负责人"]),
        ("二期工程", ["二期", "工程"]),
        ("第二期", ["二期"]),
        ("统一组织，唯一区别，星期一期待", ["统一", "组织", "唯一", "区别", "星期一", "期待"]),
    ],
)
def test_a_name_by_its_number_or_letter_is_a_word_by_itself(text: str, found: list[str]):
    assert words(text) == found
