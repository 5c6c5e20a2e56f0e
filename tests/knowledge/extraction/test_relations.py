"""Relations named by what joins their ends, in English from the parse and in Chinese from parts of speech."""

import pytest

from pipelines.knowledge.extraction.rules.english_relations import third_person
from pipelines.knowledge.mentions import CO_OCCURS
from tests.knowledge.extraction.test_extraction import extract_text

Triple = tuple[str, str, str]


def _typed(text: str) -> set[Triple]:
    return {(one.source, one.type, one.target) for one in extract_text(text).relations if one.type != CO_OCCURS}


@pytest.mark.parametrize(("text", "triple"), [
    ("Oslo is the capital of Norway.", ("Oslo", "CAPITAL_OF", "Norway")),
    ("Alder Systems was founded by Nora Berg in 1990.", ("Alder Systems", "FOUNDED_BY", "Nora Berg")),
    ("Alder Systems, a company based in Oslo, makes lamps.", ("Alder Systems", "BASED_IN", "Oslo")),
    ("Nora Berg, the director of Alder Systems, spoke.", ("Nora Berg", "DIRECTOR_OF", "Alder Systems")),
    ("Nora Berg is a Norwegian writer.", ("Nora Berg", "IS", "Norwegian")),
    ("Nora Berg was born in Turin, Italy.", ("Nora Berg", "BORN_IN", "Italy")),
    ("Nora Berg was born in Turin, Italy.", ("Turin", "LOCATED_IN", "Italy")),
    ("北京是中国的首都。", ("北京", "首都", "中国")),
    ("华为技术有限公司由任正非于1987年创立。", ("任正非", "创立", "华为技术有限公司")),
    ("鲁迅毕业于东京大学。", ("鲁迅", "毕业于", "东京大学")),
    ("深圳远航贸易有限公司位于广东省深圳市。", ("深圳市", "位于", "广东省")),
    ("马云创办了阿里巴巴集团。他去过杭州。", ("马云", "创办", "阿里巴巴集团")),
])  # fmt: skip
def test_a_relation_has_the_name_of_what_joins_its_ends(text: str, triple: Triple):
    assert triple in _typed(text)


@pytest.mark.parametrize("text", ["Nora Berg did not found Alder Systems.", "马云没有创办华为公司。"])
def test_what_is_denied_is_no_relation(text: str):
    assert not _typed(text)


def test_a_pronoun_and_the_kind_of_thing_stand_for_what_a_passage_is_about():
    text = "Alder Systems is a company in Oslo. The company was founded by Nora Berg. It employs Jonas Weber."
    assert {("Alder Systems", "FOUNDED_BY", "Nora Berg"), ("Alder Systems", "EMPLOYS", "Jonas Weber")} <= _typed(text)
    assert ("任正非", "创立", "华为技术有限公司") in _typed("华为技术有限公司位于深圳。它由任正非创立。")


def test_names_in_capitals_are_entities_and_a_bracket_is_no_part_of_one():
    names = {one.name for one in extract_text(
        "IBM, SAP and NASA met the World Health Organization (WHO) in Geneva. It runs on Windows."
    ).entities}  # fmt: skip
    assert {"IBM", "SAP", "NASA", "World Health Organization", "WHO"} <= names
    assert not [name for name in names if name.count("(") != name.count(")")]


def test_an_acronym_in_brackets_is_an_alias_and_a_system_is_no_place():
    found = extract_text("They met the World Health Organization (WHO) in Geneva. It runs on Windows.")
    assert ("World Health Organization", "ALIAS_OF", "WHO") in {(o.source, o.type, o.target) for o in found.relations}
    assert "LOCATION" not in {one.type for one in found.entities if one.name == "Windows"}


def test_a_short_name_relates_under_the_full_one_of_its_passage():
    typed = _typed("Nora Berg came to Turin. Berg founded Alder Systems.")
    assert ("Nora Berg", "FOUNDS", "Alder Systems") in typed


@pytest.mark.parametrize(("lemma", "third"), [
    ("work", "works"), ("supply", "supplies"), ("play", "plays"), ("teach", "teaches"), ("be", "is"), ("go", "goes"),
])  # fmt: skip
def test_third_persons(lemma: str, third: str):
    assert third_person(lemma) == third


def test_code_units_and_parts_of_hyphenated_names_are_no_names():
    text = (
        "Set `HOME_FOLDER` to `A Value`. It takes 3 GiB with LLaMA-Factory. ```\nTrue = Path\n``` NEO4J_PORT is read."
    )
    assert [one.name for one in extract_text(text).entities] == ["LLaMA-Factory"]


def test_a_channel_in_brackets_behind_a_country_is_no_name_of_it():
    assert not {one for one in _typed("他在美国（ABC）和加拿大（TSN）看了比赛。") if one[1] == "ALIAS_OF"}
    assert ("世界卫生组织", "ALIAS_OF", "WHO") in _typed("世界卫生组织（WHO）在日内瓦成立。")
