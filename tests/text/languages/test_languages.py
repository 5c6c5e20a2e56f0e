import re

import pytest

from pipelines.knowledge.extraction.rules import chinese as chinese_rules
from pipelines.knowledge.names import canonical_name, is_short_person
from pipelines.text.characters import HAN_CHARACTER
from pipelines.text.languages.chinese import CHINESE
from pipelines.text.languages.english import ENGLISH
from pipelines.text.languages.languages import (
    LANGUAGES,
    language_by_share,
    language_of,
    main_language,
    spaced_language,
    unspaced_in,
)
from resources.settings import CHECKOUT


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Who is 林晓雯?", "en"),
        ("Corvane Outfitters 的 CEO 是谁", "zh"),
        ("Fjell 2 帐篷的保修期是多久？", "zh"),
        ("Who runs 七天无理由退货?", "en"),
        ("科凡户外", "zh"),
        ("hello", "en"),
        ("12, 14.90", "en"),
        ("", "en"),
    ],
)
def test_the_language_is_that_of_the_grammar(text: str, code: str):
    assert language_of(text).code == code


def test_weights_by_hand():
    # Four ideographs are 2.5 words; 的 among them weighs three more. "The shop": two words, one of them grammar.
    assert CHINESE.weight("公司的店 The shop") == 4 / 1.6 + 3
    assert ENGLISH.weight("公司的店 The shop") == 2 + 3


def test_where_two_fit_alike_the_first_of_the_table_comes_first():
    text = "abc def ghi jkl mno 公司公司公司公司"
    assert CHINESE.weight(text) == ENGLISH.weight(text) == 5
    assert language_of(text) is ENGLISH
    assert main_language(["公司", "shop"]) is main_language([]) is ENGLISH
    assert main_language(["公司", "shop", "是的"]) is CHINESE


@pytest.mark.parametrize(
    ("text", "units", "code"), [("公司公abcdefg", 10, "zh"), ("公司abcdefgh", 10, "en"), ("", 0, "en")]
)
def test_by_letters_alone_three_in_ten_are_chinese(text: str, units: int, code: str):
    assert language_by_share(text, units).code == code


def test_the_parts_of_a_text_without_and_with_spaces():
    assert unspaced_in("the 公司") is CHINESE and unspaced_in("the firm") is None
    assert spaced_language("公司的店 shop") is ENGLISH


def test_a_code_finds_its_record():
    assert {code: language.code for code, language in LANGUAGES.items()} == {"en": "en", "zh": "zh"}


def test_surnames_and_titles_are_one_list():
    names = CHINESE.names
    assert len(names.common_surnames) == 100 and names.common_surnames < names.surnames and len(names.surnames) == 287
    assert not set(names.familiar) & names.surnames
    assert all(len(name) == 1 and HAN_CHARACTER.match(name) for name in names.surnames)


def test_every_room_reads_titles_from_the_record():
    for title in CHINESE.names.titles:
        assert is_short_person(f"林{title}")
        assert [one.name for one in chinese_rules.find(f"林{title}。")] == [f"林{title}"]
    assert {canonical_name(f"{title.title()}. Ada") for title in ENGLISH.names.titles} == {"ada"}


def test_one_range_of_chinese_characters():
    """Other files name wider ranges (kana, width), never Chinese characters alone."""
    alone = re.compile(r"\[\\u(?:3400|4e00)-\\u9f[0-9a-f]{2}\]|0x4e00", re.IGNORECASE)
    assert not [
        path.name for path in (CHECKOUT / "pipelines").rglob("*.py") if alone.search(path.read_text(encoding="utf-8"))
    ]
