"""A third language is one record in the table: every room follows, and none is edited."""

from pathlib import Path

import pytest

from pipelines.answering.grounding.answer import refusal_answer
from pipelines.answering.grounding.prompt import build_prompt
from pipelines.answering.question import asks_widely, holds_answer_kind, numbers_in, proper_names, question_terms
from pipelines.answering.scoreboard.questions import load_questions
from pipelines.answering.search.search import Fact
from pipelines.answering.settings import ExtractSettings
from pipelines.core.errors import InputError
from pipelines.core.filters import Filters
from pipelines.finetune.dataset.leakage import document_leaks
from pipelines.finetune.dataset.rows.files import RawRow
from pipelines.finetune.dataset.rows.registry import Source
from pipelines.finetune.dataset.rows.table import read_row
from pipelines.knowledge.communities.evidence import gather_evidence
from pipelines.knowledge.communities.grounding import grounded
from pipelines.knowledge.communities.prompts import summary_prompt
from pipelines.text.languages.language import Language, Names, Prompts, Questions
from pipelines.text.languages.languages import LANGUAGES, language_of
from pipelines.text.near_duplicates import meant
from pipelines.text.sentences import sentences
from pipelines.text.terms import stands_in
from pipelines.text.words import words

OGHAM = Language(
    code="og",
    name="Ogham",
    characters="\u1681-\u169a",
    grammar=frozenset({"ᚐᚅ"}),
    stop_words=frozenset({"ᚐᚅ"}),
    stem=lambda word: word.removesuffix("ᚔ"),
    joiner=" / ",
    list_joiner=" + ",
    stops="᚜",
    stops_need_space=False,
    abbreviations=frozenset({"ᚋᚊ"}),
    long_gram=3,
    refusal="ᚅᚔᚂ",
    prompts=Prompts("ᚐ1", "ᚐ2", "ᚐ3 ", "ᚐ4", "ᚐ5", "ᚐ6", "ᚐ7 ", "ᚐ8"),
    questions=Questions(
        asking_words=frozenset({"ᚉᚐᚇ"}), gap="ᚋᚐᚏ", number_word="ᚇᚑ", person="ᚉᚔ", whole="ᚒᚔᚂᚓ", reworded={"ᚂᚓ": ""}
    ),
    names=Names(person="ᚋᚐᚊ ᚁ[ᚁ-ᚚ]+", calendar=frozenset({"may"})),
)
"""Words between spaces in letters of its own; every field a mark by which its use is seen."""
RUNES = Language(
    code="ru",
    name="Runes",
    characters="\u16a0-\u16ea",
    grammar=frozenset("ᛅ"),
    stop_words=frozenset("ᛅ"),
    segment=list,
    letters_a_word=2.0,
    least_share=0.5,
    refusal="ᚾᛅᛁ",
    prompts=OGHAM.prompts,
    questions=Questions(counted="ᚼᚢ(.)", amount=r"\d", reworded={"ᚠᚠ": "ᚠ"}),
)
"""Without spaces: each character a word."""


@pytest.fixture(autouse=True)
def table(monkeypatch: pytest.MonkeyPatch):
    for language in (OGHAM, RUNES):
        monkeypatch.setitem(LANGUAGES, language.code, language)


def test_texts_are_recognised():
    assert language_of("ᚁᚂᚃ shop ᚐᚅ") is OGHAM
    assert language_of("the shop ᚁᚂᚃ") is LANGUAGES["en"]
    assert language_of("ᛅᚠᚢ ab 的公") is RUNES
    assert language_of("是谁 ᚠ") is LANGUAGES["zh"]


def test_a_question_gets_its_refusal_and_its_prompt():
    assert refusal_answer("ᚁᚂᚃ ᚐᚅ").text == "ᚅᚔᚂ"
    asked = build_prompt("ᚁᚂᚃ ᚐᚅ", [], [Fact("fact", "context")], ExtractSettings())
    assert asked == [{"role": "user", "content": "ᚐ1\n\nᚐ2\n- context\n\nᚐ3 ᚁᚂᚃ ᚐᚅ\nᚐ4"}]


def test_filters_know_it_and_refuse_others_by_name():
    assert Filters(languages=(" OG",)).languages == ("og",)
    with pytest.raises(InputError, match="og"):
        Filters(languages=("ogg",))


def test_questions_of_it_are_read(tmp_path: Path):
    row = '{"question": "ᚁᚂᚃ ᚐᚅ", "answer": "a", "documents": ["d"], "type": "single-hop"'
    (tmp_path / "q.jsonl").write_text(f'{row}}}\n{row}, "language": "xx"}}\n', encoding="utf-8")
    table, problems = load_questions(tmp_path)
    assert table["language"].to_pylist() == ["og"]
    assert problems[0].expected == "en or zh or og or ru"


def test_sentences_words_and_names():
    text = "ᚁᚂᚃ᚜ᚐᚅ ᚁᚔ. ᚋᚊ. Abc."
    assert [text[start:end] for start, end in sentences(text)] == ["ᚁᚂᚃ᚜", "ᚐᚅ ᚁᚔ.", "ᚋᚊ. Abc."]
    assert words("ᚁᚂᚃᚔ ᚐᚅ the") == ["ᚁᚂᚃ", "the"]
    assert words("ᚠᛅᚢ the shops") == ["ᚠ", "ᚢ", "shop"]
    assert stands_in("ᚠᚢ", "ᚱᚠᚢᚱ") and not stands_in("Abc", "xAbcx")
    assert proper_names("ᚁᚂᚃ ᚐᚅ May") == set() and proper_names("ᚁᚂᚃ ᚐᚅ Mai") == {"mai"}


def test_what_a_question_asks_for():
    assert question_terms("ᚉᚐᚇ ᚁᚂᚃ ᚋᚐᚏ ᚃᚃᚃ") == ["ᚁᚂᚃ", "ᚃᚃᚃ"]
    assert numbers_in("ᚇᚑ 3") == {"ᚇᚑ", "3"}
    assert asks_widely("ᚒᚔᚂᚓ ᚁᚂᚃ") and not asks_widely("ᚉᚔ ᚒᚔᚂᚓ")
    assert holds_answer_kind("ᚉᚔ ᚁᚂᚃ", "ᚋᚐᚊ ᚁᚁ") and not holds_answer_kind("ᚉᚔ ᚁᚂᚃ", "ᚁᚂᚃ")


def test_ways_to_ask_the_same():
    assert meant("ᚁᚂᚃ ᚂᚓ ᚐᚅ") == ["ᚁᚂᚃ", "ᚐᚅ"]
    assert meant("ᚠᚠᚢ") == ["ᚠᚢ"]


def test_a_summary_is_asked_for_and_joined_in_it():
    said = {"A": "ᚁᚂᚃ ᚐᚅ᚜", "B": "ᚃᚂ ᚐᚅ᚜"}
    rest = {"type": "PERSON", "mentions": 1, "chunk_ids": ["c"]}
    members = [{"entity_id": name, "name": name, "description": text, **rest} for name, text in said.items()]
    evidence = gather_evidence(members, [], {"c": "ᚁᚂᚃ ᚐᚅ᚜ ᚃᚂ ᚐᚅ᚜"}, 100)
    assert evidence.language is OGHAM and evidence.title == "A + B"
    content = summary_prompt(evidence, [])[0]["content"]
    assert content == "ᚐ5\n\nᚐ6\n- ᚁᚂᚃ ᚐᚅ᚜\n- ᚃᚂ ᚐᚅ᚜\n\nᚐ7 A (person) + B (person)\n\nᚐ8"
    told = "ᚁᚂᚃ ᚃᚂ ᚐᚅ᚜ᚃᚂ ᚁᚂᚃ ᚐᚅ᚜ Shop ᚃᚂ."
    assert grounded(told, ["ᚁᚂᚃ ᚃᚂ"], OGHAM, 0.5) == ["ᚁᚂᚃ ᚃᚂ ᚐᚅ᚜", "ᚃᚂ ᚁᚂᚃ ᚐᚅ᚜"]


def test_instruction_rows_and_their_leaks():
    row = b'{"instruction": "%s", "output": "%s"}' % ("ᚁᚂᚃ ᚐᚅ".encode(), "ᚃᚂ".encode())
    assert read_row(RawRow(1, row), Source("s", "f", Path("f")), "salt")["language"] == "og"
    question = " ".join("ᚁᚂᚃᚄᚅᚆ")
    test = [{"row_id": "r", "messages": [{"role": "user", "content": question}]}]
    assert [leak.kind for leak in document_leaks(test, [{"path": "p", "text": question}])] == ["exact"]
