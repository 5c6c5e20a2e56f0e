"""What a text says between two names, and short forms by a noun, letters or initials: which are one thing."""

import pytest

from pipelines.knowledge.entities.name_groups import NameGroups
from pipelines.knowledge.entities.naming import forms, said
from tests.knowledge.entities.names_in_texts import marked


def things(text: str) -> set[str]:
    """Return the keys of what a text's marked names are."""
    row = marked("a.md", text)
    groups = NameGroups([row], {"a.md": row})
    return {groups.key("a.md", one["name"]) for one in row["entities"]}


JOINED = (
    "The [Second Fisheries Commission|O|a], also known as the [Dahl Commission|O|a], met.",
    "[Holm Motors|O|a], named until 1994 as [Nordland Motors|O|a], builds vans.",
    "[Vik Glacier|L|a] (also [Sitanaku|L|a]) melts.",
    "[Debub Lake|L|a] (or [South Lake|L|a]) is deep.",
    "[Debub Lake|L|a] (Amharic: [ደቡብ ሐይቅ|L|a]) is deep.",
    "[Foma Bogdan|P|a] (Russian: [Фома Богдан|P|a]) left.",
    "[Dan Vik|P|a] ([Thai|C|b]: [แดน วิค|P|a]) left.",
    "[Boulder Song|C|a] (“[Song of Stones|C|a]”) won.",
    "The [Oder|L|a] ([Odra|L|a]) is long.",
    "[Rachel Perry|P|a] (born 1962, formerly [Rachel Welty|P|a]) paints.",
    "[Blue Hall|O|a] was renamed [Green Hall|O|a].",
    "[Carrow Business School|O|a], also referred to as [Carrow|O|a] or simply [CBSNorth|O|a], grew.",
    "[Pilot Area Structure Plan|C|a] ([ASP|C|a]) guides it.",
    "The [Overseas Fish Investment Corporation|O|a] paid. [OFIC|O|a] paid again.",
    "The [Committee against the Northern Whaling|O|a] met. The [Committee|O|a] wrote.",
    "[E. D. Baker|P|a] spoke. [Baker|P|a] left.",
    "[William H. Armstrong|P|a], that is [William Hepburn Armstrong|P|a], left.",
    "[蓝湖|L|a]（或[碧湖|L|a]）很深。",
    "[启明星软件|O|a]（英语：[Morningstar Software|O|a]）成立。",
    "[启明星软件|O|a]，英语名称[Morningstar|O|a]，成立。",
    "[长江渔业管理委员会|O|a]开会，[委员会|O|a]作出决定。",
)
APART = (
    "[Anna Vik|P|a] then called [Peter Dahl|P|b].",
    "[Anna Vik|P|a] later called [Peter Dahl|P|b].",
    "[Northern Post|O|a] named [Alder Mills|O|b] its firm of the year.",
    "[Nora Dahl|P|a], German [Anna Vik|P|b] won.",
    "The old quarter of [Vikby|L|a] known as the [Kasbah|L|b] is small.",
    "It lies off [Vikland|L|a], which is known locally as [Seal Rock|L|b].",
    "[Levon V|P|a] followed [Levon VI|P|b].",
    "He (born in [Vik Dahl|P|a]), known as [Jo Berg|P|b], sings.",
    "A unit of [Alder Mills|O|a], called [Brevik Labs|O|b], grew.",
    "[Oslo|L|a] or [Bergen|L|b] will do.",
    "[British Vikland|L|a] (now [Vikstan|L|b]) is far.",
    "[Fjell Systems|O|a] ([Brevik Holdings|O|b]) grew.",
    "[Division A|O|a] ([Division B|O|b]) won.",
    "[Derek Dahl|P|a] ([Patrick Vik|P|b]) returned.",
    "[mock verbena|D|a] grows beside [Verbena|D|b].",
    "[General Tools New Zealand|O|a] closed. [General Tools|O|b] regretted it.",
    "[Fish Tools of Canada|O|a] closed. [Fish Tools|O|b] regretted it.",
    "[Norway|L|a] sells [Norwegian|L|b] fish.",
    "[长江渔业管理委员会|O|a]和[黄河水利委员会|O|b]开会，[委员会|O|c]作出决定。",
    "[微软中国|O|a]开会，[微软|O|b]不知。",
    "[Alpha Platform|C|a]（负责人：[李明|P|b]）上线。",
    "[Lumen Works|O|a] (parent: [深光集团|O|b]) grew.",
)


@pytest.mark.parametrize("text", JOINED)
def test_names_that_a_text_gives_to_one_thing(text: str):
    assert len(things(text)) == 1 + ("|b]" in text)


@pytest.mark.parametrize("text", APART)
def test_names_that_only_stand_beside_each_other_stay_apart(text: str):
    assert len(things(text)) == text.count("[")


@pytest.mark.parametrize(("gap", "says"), [
    (", more commonly known as ", True), (" is known in Japan as ", True), (" (dubbed “", True),
    (", once dubbed “", True), (", dubbed “", False),
    (" (1990–2001, previously ", True), (" (or ", True), (" or ", False), (" called ", False), ("（又作", True),
    ("，法文名", True), ("法文名", False),
])  # fmt: skip
def test_what_stands_between_two_names(gap: str, says: bool):
    assert said.called(gap) is says


def test_a_body_is_called_by_the_noun_of_its_name_and_not_by_any_word():
    assert forms.is_body_noun("committee", "committee for fish") and not forms.is_body_noun(
        "nordlys", "nordlys of oslo"
    )
    assert forms.is_body_noun("委员会", "渔业委员会") and not forms.is_body_noun("渔业", "渔业委员会")


def test_a_script_is_told_by_the_first_letter():
    assert [said.script(name) for name in ("Oslo", "Осло", "奥斯陆", "2024")] == ["LATIN", "CYRILLIC", "CJK", ""]
