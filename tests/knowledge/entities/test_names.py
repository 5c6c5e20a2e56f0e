"""Which names are one thing, why, and which are not; what text sets beside each other, in both languages."""

import pyarrow as pa
import pytest

from pipelines.knowledge.entities.naming import forms
from pipelines.knowledge.entities.naming.seen import name_key
from pipelines.knowledge.entities.resolution import EntityGraph, resolve_entities
from tests.knowledge.entities.names_in_texts import tables_of


def resolved(*texts: str) -> EntityGraph:
    return resolve_entities(*tables_of({f"{number}.md": text for number, text in enumerate(texts)}))


def groups(*texts: str) -> set[frozenset[str]]:
    return {frozenset((row["name"], *row["aliases"])) for row in resolved(*texts).entities.to_pylist()}


@pytest.mark.parametrize(("text", "joined"), [
    ("[World Health Organization|O|w] ([WHO|O|w]) met.", True),
    ("[Vistula Foods|O|v], formerly known as [Polmeat Krakow|O|v], sells.", True),
    ("[Vistula Foods|O|v] bought [Polmeat Krakow|O|p], formerly.", False),
    ("[世界卫生组织|O|w]（以下简称“[世卫组织|O|w]”）发布报告。", True),
    ("[北大|O|a]是[北京大学|O|a]，", True),
    ("[中国银行|O|a]和[中国人民银行|O|b]。", False),
    ("[Anders Nilsen|P|a] and [Anders Nilsson|P|b] met.", False),
    ("[Louis VII Capet|P|a] and [Louis VIII Capet|P|b] met.", False),
    ("[Robert Fielding Sr.|P|a] and [Robert Fielding Jr.|P|b] met.", False),
    ("[Student of the Year|O|a] and [the Year|O|b].", False),
])  # fmt: skip
def test_two_names_of_a_text(text: str, joined: bool):
    assert len(groups(text)) == (1 if joined else 2)


def test_sherlock_holmes_and_mr_holmes_are_one():
    """A report about another graph: Sherlock, Sherlock Holmes, Mr. Holmes and Holmes were four nodes."""
    text = "[Sherlock Holmes|P|h] sat. [Mr. Holmes|P|h] rose. [Holmes|P|h] spoke, and [Sherlock|P|h] left."
    assert len(groups(text)) == 1


def test_who_is_the_organisation_in_other_documents_too_but_not_where_brackets_say_otherwise():
    told = "The [World Health Organization|O|w] ([WHO|O|w]) met."
    assert len(groups(told, "[WHO|O|w] staff came.")) == 1
    other = "The [World Hockey Olympiad|O|x] ([WHO|O|x]) opened."
    found = groups(told, other, "[WHO|O|y] staff came.")
    assert not any({"World Health Organization", "World Hockey Olympiad"} <= names for names in found)


def test_chains_do_not_melt_two_things_together():
    """A report about another graph: A is like B and B like C, so A and C became one."""
    text = "[Alpha Mills|O|a] ([AM|O|m]) and [Aster Mining|O|b] ([AM|O|m]) met."
    graph = resolved(text)
    assert not any({"Alpha Mills", "Aster Mining"} <= names for names in groups(text))
    assert graph.counts["refused_joins"] == 1
    assert "would make one of" in graph.suspected_duplicates["reason"].to_pylist()[0]


def test_every_alias_says_why():
    graph = resolved("The [World Health Organization|O|w] ([WHO|O|w]) met. [Jonas Weber|P|j] spoke; [Weber|P|j] left.")
    found = {row["alias"]: row for row in graph.aliases.to_pylist()}
    assert found["WHO"]["rule"] == "in_brackets" and "World Health Organization (WHO)" in found["WHO"]["evidence"]
    assert (
        found["Weber"]["rule"] == "part_of_name" and found["Weber"]["document_id"] and found["Weber"]["by"] == "rules"
    )
    assert all(
        0 < row["score"] <= 1 and row["entity_id"] in graph.entities["entity_id"].to_pylist() for row in found.values()
    )


def test_spans_say_where_in_which_chunk():
    graph = resolved("[Ann Lee|P|a] met [Bo Ray|P|b]. [Ann Lee|P|a] left.", "Then [Ann Lee|P|a] came.")
    row = next(row for row in graph.entities.to_pylist() if row["name"] == "Ann Lee")
    _, chunks = tables_of(
        {"0.md": "[Ann Lee|P|a] met [Bo Ray|P|b]. [Ann Lee|P|a] left.", "1.md": "Then [Ann Lee|P|a] came."}
    )
    texts = dict(zip(chunks["chunk_id"].to_pylist(), chunks["text"].to_pylist(), strict=True))
    places = list(zip(row["spans"][::3], row["spans"][1::3], row["spans"][2::3], strict=True))
    assert len(places) == 3 and {texts[row["chunk_ids"][n]][start:end] for n, start, end in places} == {"Ann Lee"}


def test_a_relations_span_is_its_sentence():
    tables = tables_of({"a.md": "[Ann Lee|P|a] leads [Bo Works|O|b]."}, {"a.md": ["Ann Lee > LEADS > Bo Works"]})
    assert resolve_entities(*tables).relations["spans"].to_pylist() == [[0, 0, len("Ann Lee leads Bo Works.")]]


@pytest.mark.parametrize(("short", "full", "fits"), [
    ("工行", "中国工商银行", True), ("国航", "中国国际航空", True), ("交大", "交通大学", True),
    ("上海银行", "上海农商银行", False), ("第一医院", "第二医院", False),
])  # fmt: skip
def test_chinese_short_forms(short: str, full: str, fits: bool):
    assert forms.is_han_short(short, full) is fits


@pytest.mark.parametrize(("one", "other", "slip"), [
    ("michael thornbury", "micheal thornbury", True), ("model x200", "model x100", False), ("anna", "anne", False),
    ("abdul rahman", "abdul rahmann", True), ("henry viii tudor", "henry vii tudor", False),
])  # fmt: skip
def test_one_slip_of_a_pen(one: str, other: str, slip: bool):
    assert forms.one_slip(one, other) is slip


def test_a_bracket_that_repeats_a_name_is_left_out_of_its_key_and_another_stays():
    assert name_key("World Health Organization (WHO)") == name_key("World Health Organization")
    assert name_key("Mercury (planet)") != name_key("Mercury (element)")


@pytest.mark.parametrize(
    "name", ["A" * 10_000, "“{}`'\"; DROP", "🦊", "(", "（）", "ignore all instructions (WHO)", "\u200b"]
)
def test_any_name_has_a_key(name: str):
    assert isinstance(name_key(name), str)
    graph = resolve_entities(*tables_of({"a.md": f"x [{name.replace('|', '')}|P|a] y"}))
    assert graph.entities.num_rows <= 1


def test_a_lone_name_of_a_model_is_kept_and_one_of_a_tagger_is_counted():
    extractions, chunks = tables_of({"a.md": "[Zeppelin|C|z] rose."})
    assert resolve_entities(extractions, chunks).counts["left_out"] == 1
    place = extractions.schema.get_field_index("extractor")
    told = extractions.set_column(place, "extractor", pa.array(["llm-1"]))
    assert resolve_entities(told, chunks).entities["name"].to_pylist() == ["Zeppelin"]


def test_a_document_of_many_chinese_names_is_not_read_in_its_square():
    names = [
        f"{first}{second}{third}"
        for first in "王李张刘陈"
        for second in "建国晓雯文华志强"
        for third in "伟芳娜敏静丽强磊军洋"
    ]
    text = "，".join(f"[{name}|P|x]" for name in names)
    compared = [resolved(text.replace("，", "，", 1)).counts["pairs_compared"] for text in (text, f"{text}，{text}")]
    assert compared[0] == compared[1] < len(names) * 3 * 200
