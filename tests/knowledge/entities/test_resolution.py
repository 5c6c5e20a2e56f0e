import time

import pyarrow as pa
import pytest

from pipelines.core.identity import table_digest
from pipelines.core.schemas import EXTRACTIONS, SPANS
from pipelines.knowledge.entities.kinds import majority_type
from pipelines.knowledge.entities.resolution import EntityGraph, entity_id, resolve_entities
from pipelines.knowledge.extraction.extraction import extract
from pipelines.knowledge.extraction.rules.rule_extraction import RuleExtractor
from pipelines.knowledge.names import canonical_name, is_short_for
from tests.knowledge.graph.graph_tables import WordExtractor, chunk_table

Mentions = list[tuple[str, str]]


def _extractions(
    documents: dict[str, Mentions], relations: dict[str, list[tuple[str, str, str]]] | None = None
) -> pa.Table:
    rows = []
    for path, mentions in documents.items():
        rows.append({
            "chunk_id": f"c-{path}", "document_id": path, "start": 0, "extractor": "x", "status": "ok", "reason": "",
            "entities": [{"name": n, "type": t, "start": i, "end": i + 1} for i, (n, t) in enumerate(mentions)],
            "relations": [
                {"source": s, "target": t, "type": k, "evidence": f"{s} {k} {t}.", "weight": 1.0}
                for s, k, t in (relations or {}).get(path, [])
            ],
        })  # fmt: skip
    return pa.Table.from_pylist(rows, EXTRACTIONS)


def _resolve(
    documents: dict[str, Mentions], relations: dict[str, list[tuple[str, str, str]]] | None = None
) -> EntityGraph:
    return resolve_entities(_extractions(documents, relations), chunk_table({}))


def _names(graph: EntityGraph) -> dict[str, list[str]]:
    return {row["name"]: row["aliases"] for row in graph.entities.to_pylist()}


@pytest.mark.parametrize(("one", "other"), [
    ("Nordvik Textiles", "the  NORDVIK textiles"), ("Alder Ltd.", "Alder"), ("Hanne Solberg's", "Hanne Solberg"),
    ("Dr. Weber", "weber"), ("腾讯有限公司", "腾讯"), ("Ｌｕｍｅｎ", "Lumen"), ("腾讯公司", "腾讯"),
    ("Halden Instruments AS", "Halden Instruments"), ("Kone Oyj", "Kone"), ("Philips N.V.", "Philips"),
    ("Barilla S.p.A.", "Barilla"), ("Toyota K.K.", "Toyota"), ("株式会社日立", "日立"), ("Novo A/S", "Novo"),
])  # fmt: skip
def test_spellings_of_one_name_share_a_key(one: str, other: str):
    assert canonical_name(one) == canonical_name(other)


@pytest.mark.parametrize(("one", "other"), [("Bath Spa", "Bath"), ("Louisville KY", "Louisville"), ("AS Roma", "Roma")])
def test_a_word_that_only_looks_like_a_legal_form_stays(one: str, other: str):
    assert canonical_name(one) != canonical_name(other)


@pytest.mark.parametrize("name", ["The", "Co", "公司", "Ltd.", "A", "..."])
def test_a_name_of_nothing_but_trimmings_keeps_a_key(name: str):
    assert canonical_name(name) or name == "..."


@pytest.mark.parametrize(("short", "full", "fits"), [
    ("hanne", "hanne solberg", True), ("solberg", "hanne solberg", True), ("j. weber", "jonas weber", True),
    ("j. weber", "anna weber", False), ("林经理", "林晓雯", True), ("老陈", "陈建国", True), ("老王", "陈建国", False),
    ("hanne", "hanne", False), ("林", "lin xiaowen", False),
])  # fmt: skip
def test_short_names(short: str, full: str, fits: bool):
    assert is_short_for(short, full) is fits


def test_a_short_name_joins_the_only_full_one_of_its_document():
    graph = _resolve(
        {"a": [("Jonas Weber", "PERSON"), ("Weber", "LOCATION")], "b": [("陈建国", "PERSON"), ("老陈", "PERSON")]}
    )
    assert _names(graph) == {"Jonas Weber": ["Weber"], "陈建国": ["老陈"]}
    assert set(graph.entities["type"].to_pylist()) == {"PERSON"}


def test_a_name_with_a_middle_initial_joins_the_one_without_unless_two_have_one():
    found = _resolve({"a": [("John Doe", "PERSON"), ("John T. Doe", "PERSON")], "b": [("John T Doe", "PERSON")]})
    assert len(_names(found)) == 1
    several = _resolve({"a": [("John Doe", "PERSON"), ("John T. Doe", "PERSON"), ("John B. Doe", "PERSON")]})
    assert len(_names(several)) == 3
    assert len(_names(_resolve({"a": [("Plan Oslo", "PRODUCT"), ("Plan B Oslo", "PRODUCT")]}))) == 2


def test_an_ambiguous_short_name_stays_alone():
    graph = _resolve({"a": [("Jonas Weber", "PERSON"), ("Anna Weber", "PERSON"), ("Weber", "PERSON")]})
    assert set(_names(graph)) == {"Jonas Weber", "Anna Weber", "Weber"}


def test_a_short_name_of_another_document_stays_alone():
    assert len(_names(_resolve({"a": [("Jonas Weber", "PERSON")], "b": [("Weber", "PERSON")]}))) == 2


def test_an_alias_joins_both_languages_and_is_no_relation():
    graph = _resolve(
        {
            "a": [("Shenlight", "ORGANIZATION"), ("深光照明", "ORGANIZATION"), ("Shenlight", "ORGANIZATION")],
            "b": [("深光照明", "ORGANIZATION")],
        },
        {"a": [("Shenlight", "ALIAS_OF", "深光照明")]},
    )
    assert _names(graph) == {"Shenlight": ["深光照明"]}
    assert graph.relations.num_rows == 0


def test_one_name_takes_one_alias_so_that_chains_do_not_melt():
    graph = _resolve(
        {"a": [(name, "ORGANIZATION") for name in ("Alpha Mills", "Beta Mills", "甲公司")] * 2},
        {"a": [("Alpha Mills", "ALIAS_OF", "甲公司"), ("Beta Mills", "ALIAS_OF", "甲公司")]},
    )
    assert graph.entities.num_rows == 2


def test_pinyin_joins_a_person_and_a_place_but_not_when_two_are_spelt_so():
    graph = _resolve(
        {"a": [("孙丽", "PERSON"), ("宁波", "LOCATION")], "b": [("Sun Li", "PERSON"), ("Ningbo", "LOCATION")]}
    )
    assert sorted(_names(graph)) == ["Ningbo", "Sun Li"]
    twice = _resolve({"a": [("孙丽", "PERSON"), ("孙莉", "PERSON")], "b": [("Sun Li", "PERSON")]})
    assert twice.entities.num_rows == 3


def test_countries_are_known_in_both_languages():
    assert _names(_resolve({"a": [("挪威", "LOCATION")], "b": [("Norway", "LOCATION")]})) == {"Norway": ["挪威"]}


def test_the_type_is_the_majoritys():
    assert majority_type({"ORGANIZATION": 2, "LOCATION": 1, "CONCEPT": 9}) == "ORGANIZATION"
    assert majority_type({"CONCEPT": 1}) == "CONCEPT"
    assert majority_type({"CONCEPT": 93, "LOCATION": 2}) == "CONCEPT"  # a slip: AI is no place
    assert majority_type({"CONCEPT": 9, "LOCATION": 1}) == "LOCATION"


def test_relations_add_up_and_a_pair_has_one_direction_of_co_occurrence():
    graph = _resolve(
        {"a": [("Ann Lee", "PERSON"), ("Bob Ray", "PERSON")], "b": [("Ann Lee", "PERSON"), ("Bob Ray", "PERSON")]},
        {
            "a": [("Ann Lee", "CO_OCCURS", "Bob Ray")],
            "b": [("Bob Ray", "CO_OCCURS", "Ann Lee"), ("Ann Lee", "LEADS", "Bob Ray")],
        },
    )
    rows = {row["type"]: row for row in graph.relations.to_pylist()}
    assert rows["CO_OCCURS"]["weight"] == 2.0
    assert rows["CO_OCCURS"]["chunk_ids"] == ["c-a", "c-b"]
    assert (rows["LEADS"]["source_id"], rows["LEADS"]["target_id"]) == (entity_id("ann lee"), entity_id("bob ray"))


def test_what_two_overlapping_chunks_both_hold_counts_once():
    table = _extractions(
        {"a": [("Ann Lee", "PERSON"), ("Bob Ray", "PERSON")]}, {"a": [("Ann Lee", "LEADS", "Bob Ray")]}
    )
    other = table.set_column(0, "chunk_id", pa.array(["c-overlap"]))
    graph = resolve_entities(pa.concat_tables([table, other]), chunk_table({}))
    assert graph.relations["weight"].to_pylist() == [2.0 / 2]
    assert graph.entities["mentions"].to_pylist() == [1, 1]
    assert graph.relations["chunk_ids"].to_pylist() == [["c-a", "c-overlap"]]


def test_a_lone_word_of_unknown_type_needs_a_relation():
    assert _resolve({"a": [("Stock", "CONCEPT")]}).entities.num_rows == 0
    kept = _resolve({"a": [("Stock", "CONCEPT"), ("Ann Lee", "PERSON")]}, {"a": [("Ann Lee", "LEADS", "Stock")]})
    assert kept.entities.num_rows == 2


def test_no_relation_dangles_and_ids_do_not_depend_on_places():
    documents = {"a.md": ["Ann leads Bob.", "Cid met Ann."], "b.md": ["Bob met Cid."]}
    moved = {"b.md": ["Bob met Cid."], "a.md": ["Intro.", "Ann leads Bob.", "Cid met Ann."]}
    one, other = (
        resolve_entities(extract(chunk_table(d), None, WordExtractor())[0], chunk_table(d)) for d in (documents, moved)
    )
    ids = set(one.entities["entity_id"].to_pylist())
    assert {*one.relations["source_id"].to_pylist(), *one.relations["target_id"].to_pylist()} <= ids
    assert ids <= set(other.entities["entity_id"].to_pylist())
    assert one.relations["relation_id"].to_pylist() == other.relations["relation_id"].to_pylist()


def test_row_order_of_the_input_does_not_matter():
    chunks = chunk_table({"a.md": ["Ann leads Bob.", "Cid met Ann."], "b.md": ["Bob met Cid."]})
    table, _ = extract(chunks, None, WordExtractor())
    backwards = table.take(list(reversed(range(table.num_rows))))
    assert table_digest(resolve_entities(table, chunks).entities) == table_digest(
        resolve_entities(backwards, chunks).entities
    )


def test_counters_say_what_changed_since_the_previous_run():
    chunks = chunk_table({"a.md": ["Ann met Bob."]})
    first = resolve_entities(extract(chunks, None, WordExtractor())[0], chunks)
    assert (first.entity_work.new, first.relation_work.new) == (2, 1)
    chunks = chunk_table({"a.md": ["Ann met Bob."], "b.md": ["Ann met Cid."]})
    second = resolve_entities(extract(chunks, None, WordExtractor())[0], chunks, first.entities, first.relations)
    assert (second.entity_work.new, second.entity_work.changed, second.entity_work.same) == (1, 1, 1)
    assert (second.relation_work.new, second.relation_work.same) == (1, 1)


def test_chunks_of_an_older_table_without_sentences_make_the_same_graph():
    chunks = chunk_table({"a.md": ["Ann leads Bob. Cid met Ann."]})
    extractions, _ = extract(chunks, None, WordExtractor())
    graph, older = (
        resolve_entities(extractions, chunks),
        resolve_entities(extractions, chunks.drop_columns(["sentence_spans"])),
    )
    assert older.entities.equals(graph.entities) and "Ann leads Bob." in graph.entities["description"].to_pylist()


def test_a_description_is_made_of_the_stored_sentences():
    chunks = chunk_table({"a.md": ["Ann leads Bob. Cid met Ann."]})
    extractions, _ = extract(chunks, None, WordExtractor())
    place = chunks.schema.get_field_index("sentence_spans")
    one = resolve_entities(
        extractions, chunks.set_column(place, chunks.schema.field(place), pa.array([[0, 27]], SPANS))
    )
    assert set(one.entities["description"].to_pylist()) == {"Ann leads Bob. Cid met Ann."}


def test_the_guides_fixture_makes_a_graph():
    chunks = chunk_table({"a.txt": ["小明在北京工作于腾讯。 小红在上海工作于阿里。 腾讯是一家互联网公司。"]})
    graph = resolve_entities(extract(chunks, None, RuleExtractor())[0], chunks)
    names = {row["entity_id"]: row["name"] for row in graph.entities.to_pylist()}
    assert set(names.values()) == {"小明", "小红", "腾讯", "阿里", "北京", "上海"}
    typed = {
        (names[r["source_id"]], r["type"], names[r["target_id"]])
        for r in graph.relations.to_pylist()
        if r["type"] != "CO_OCCURS"
    }
    assert typed == {
        ("小明", "工作于", "腾讯"),
        ("小明", "位于", "北京"),
        ("小红", "工作于", "阿里"),
        ("小红", "位于", "上海"),
    }


def test_ten_thousand_mentions_resolve_in_seconds():
    documents = {f"{i}.md": [f"Ann{i % 500} met Bob{i % 333} and Cid{i % 250}.", f"Dan{i} left."] for i in range(2500)}
    chunks = chunk_table(documents)
    table, _ = extract(chunks, None, WordExtractor())
    started = time.perf_counter()
    assert resolve_entities(table, chunks).entities.num_rows > 3000
    assert time.perf_counter() - started < 20
