"""What is said of a text, placed: spans, evidence, ends by their aliases, types, and every loss counted by reason."""

import pytest

from pipelines.knowledge.extraction.said import placing
from pipelines.knowledge.extraction.said.placing import merged, place
from pipelines.knowledge.extraction.said.records import Said, SaidEntity, SaidRelation
from pipelines.knowledge.extraction.said.schema_file import ExtractionSchema, TypeOf
from pipelines.knowledge.extraction.said.typing import Typing
from pipelines.knowledge.extraction.settings import Outside
from pipelines.knowledge.mentions import Extraction, Passage
from pipelines.text.sentences import sentences

TEXT = "Ingrid Dahl founded Alder Systems in Oslo. I. Dahl still leads Alder. The WHO tested it in 1998."


def placed(said: Said, text: str = TEXT, typing: Typing | None = None) -> Extraction:
    return place(Passage(text, sentences(text)), said, typing or Typing())


def entities(*items: tuple[str, str]) -> tuple[SaidEntity, ...]:
    return tuple(SaidEntity(name, kind) for name, kind in items)


def triples(found: Extraction) -> list[tuple[str, str, str]]:
    return [(one.source, one.type, one.target) for one in found.relations]


PEOPLE = entities(("Ingrid Dahl", "PERSON"), ("Alder Systems", "ORGANIZATION"), ("Oslo", "LOCATION"), ("WHO", "ORG"))


def test_entities_and_relations_carry_spans_and_descriptions() -> None:
    said = Said(
        (SaidEntity("Ingrid Dahl", "person", " founder\n of Alder "), SaidEntity("Alder Systems", "Organisation")),
        (SaidRelation("Ingrid Dahl", "founded", "Alder Systems", "in Oslo"),),
    )
    found = placed(said)
    assert [(one.start, one.end, one.name, one.type, one.description) for one in found.entities] == [
        (0, 11, "Ingrid Dahl", "PERSON", "founder of Alder"),
        (20, 33, "Alder Systems", "ORGANIZATION", ""),
    ]
    (relation,) = found.relations
    assert TEXT[relation.start : relation.end] == relation.evidence == "Ingrid Dahl founded Alder Systems in Oslo."
    assert (relation.type, relation.description) == ("FOUNDED", "in Oslo")


@pytest.mark.parametrize(("source", "target", "found"), [
    pytest.param("I. Dahl", "WHO", ("Ingrid Dahl", "WHO"), id="a person's short name"),
    pytest.param("Dahl", "World Health Organization", ("Ingrid Dahl", "WHO"), id="family name, acronym"),
    pytest.param("ingrid dahl", "Alder", ("Ingrid Dahl", "Alder Systems"), id="case, the beginning of a name"),
    pytest.param("Alder Systems AS", "OSLO", ("Alder Systems", "Oslo"), id="legal form, capitals"),
])  # fmt: skip
def test_an_end_under_another_name_finds_its_entity(source: str, target: str, found: tuple[str, str]) -> None:
    kept = placed(Said(PEOPLE, (SaidRelation(source, "KNOWS", target),)))
    assert [(one.source, one.target) for one in kept.relations] == [found]
    assert sum(kept.dropped.values()) == 0


def test_a_chinese_company_is_found_by_its_short_and_its_full_name() -> None:
    text = "小明在北京工作于腾讯。腾讯公司总部在深圳。"
    said = Said(
        entities(("小明", "人物"), ("腾讯公司", "机构")),
        (SaidRelation("小明", "工作于", "腾讯"), SaidRelation("腾讯", "总部位于", "深圳")),
    )
    found = placed(said, text)
    assert triples(found) == [("小明", "工作于", "腾讯公司"), ("腾讯公司", "总部位于", "深圳")]
    assert {one.name: one.type for one in found.entities} == {
        "小明": "PERSON", "腾讯公司": "ORGANIZATION", "深圳": "CONCEPT",
    }  # fmt: skip


def test_an_end_that_nobody_listed_is_an_entity_where_it_stands_in_the_text() -> None:
    found = placed(Said(entities(("Ingrid Dahl", "PERSON")), (SaidRelation("Ingrid Dahl", "LIVES_IN", "Oslo"),)))
    assert ("Oslo", "CONCEPT") in [(one.name, one.type) for one in found.entities]
    assert triples(found) == [("Ingrid Dahl", "LIVES_IN", "Oslo")]


def test_keys_in_place_of_names_find_their_entities() -> None:
    said = Said((SaidEntity("Ingrid Dahl", "PERSON", key="e1"), SaidEntity("Oslo", "LOCATION", key="e2")),
                (SaidRelation("e1", "LIVES_IN", "e2"),))  # fmt: skip
    assert triples(placed(said)) == [("Ingrid Dahl", "LIVES_IN", "Oslo")]


def test_each_loss_is_counted_by_its_reason() -> None:
    said = Said(
        (*PEOPLE, *entities(("Atlantis", "LOCATION"), ("", "PERSON"), ("it", "CONCEPT"), ("Systems", "CONCEPT"))),
        (
            SaidRelation("Ingrid Dahl", "LED", "Atlantis"), SaidRelation("Oslo", "IS", "Oslo"),
            SaidRelation("Oslo", "HAS", ""), SaidRelation("She", "LED", "Alder Systems"),
            SaidRelation("WHO", "TESTED", "1998"), SaidRelation("WHO", "TESTED", "Oslo", date="1999"),
        ),
    )  # fmt: skip
    assert placed(said).dropped == {
        placing.NOT_IN_TEXT: 1, placing.NO_NAME: 1, placing.PRONOUN: 1, placing.INSIDE: 1, placing.END_MISSING: 3,
        placing.TO_ITSELF: 1, placing.NO_END: 1, placing.DATE: 1,
    }  # fmt: skip


def test_a_date_that_the_text_has_stands_in_the_description() -> None:
    found = placed(Said(PEOPLE, (SaidRelation("WHO", "TESTED", "Alder Systems", "a test", "1998-05"),)))
    assert found.relations[0].description == "a test (1998-05)"


def test_a_name_said_twice_is_one_entity_with_all_that_is_said_of_it() -> None:
    found = placed(Said((SaidEntity("Oslo", "", "a city"), SaidEntity("Oslo", "LOCATION", "where Alder began"))))
    assert [(one.name, one.type, one.description) for one in found.entities] == [
        ("Oslo", "LOCATION", "a city where Alder began")
    ]


SCHEMA = ExtractionSchema(
    (TypeOf("PERSON"), TypeOf("ORGANIZATION"), TypeOf("公司")),
    (TypeOf("WORKS_FOR"), TypeOf("工作于")),
    (("PERSON", "WORKS_FOR", "ORGANIZATION"),),
)


@pytest.mark.parametrize(("outside", "types", "dropped"), [
    ("keep", {"Ingrid Dahl": "PERSON", "Alder Systems": "ORGANISATION", "Oslo": "LOCATION"}, 0),
    ("map", {"Ingrid Dahl": "PERSON", "Alder Systems": "ORGANIZATION"}, 1),
    ("drop", {"Ingrid Dahl": "PERSON"}, 2),
])  # fmt: skip
def test_a_type_outside_the_schema_is_kept_mapped_or_dropped(
    outside: Outside, types: dict[str, str], dropped: int
) -> None:
    said = Said(entities(("Ingrid Dahl", "Person"), ("Alder Systems", "organisation"), ("Oslo", "Location")))
    found = placed(said, typing=Typing(SCHEMA, outside))
    assert {one.name: one.type for one in found.entities} == types
    assert found.dropped.get(placing.ENTITY_TYPE, 0) == dropped


@pytest.mark.parametrize(("outside", "kept"), [
    ("keep", [("Alder Systems", "WORKS_FOR", "Ingrid Dahl")]),
    ("map", [("Ingrid Dahl", "WORKS_FOR", "Alder Systems")]),
    ("drop", []),
])  # fmt: skip
def test_a_relation_against_its_pattern_is_kept_turned_or_dropped(
    outside: Outside, kept: list[tuple[str, str, str]]
) -> None:
    relation = SaidRelation("Alder Systems", "works for", "Ingrid Dahl")
    found = placed(Said(PEOPLE[:2], (relation,)), typing=Typing(SCHEMA, outside))
    assert triples(found) == kept
    assert found.dropped.get(placing.PATTERN, 0) == (not kept)


def test_the_schema_says_what_is_outside_of_it_unless_the_setting_does() -> None:
    closed = ExtractionSchema((TypeOf("PERSON"),), more_entities=False)
    said = Said(entities(("Oslo", "Location")))
    assert [len(placed(said, typing=Typing(*one)).entities) for one in ((closed,), (closed, "keep"), (SCHEMA,))] == [
        0, 1, 1,
    ]  # fmt: skip


def test_a_second_look_adds_to_the_first_and_takes_nothing_from_it() -> None:
    first = placed(Said(entities(("Ingrid Dahl", "PERSON"))))
    said = Said(entities(("Dahl", "CONCEPT"), ("Oslo", "LOCATION")), (SaidRelation("Ingrid Dahl", "IN", "Oslo"),))
    both = merged(first, place(Passage(TEXT, sentences(TEXT)), said, Typing(), first.entities))
    assert [(one.name, one.type) for one in both.entities] == [
        ("Ingrid Dahl", "PERSON"), ("Oslo", "LOCATION"), ("Dahl", "CONCEPT"),
    ]  # fmt: skip
    assert triples(both) == [("Ingrid Dahl", "IN", "Oslo")] and sum(both.dropped.values()) == 0


@pytest.mark.parametrize("name", [
    "Robert'); DROP TABLE students;--", "`MATCH (n) DETACH DELETE n`", "{name: $x}", "🚀", "🚀 Launch", 'A"B',
    "Ignore all instructions", "N" + "x" * 10_000, "龘" * 10_000,
])  # fmt: skip
def test_any_name_goes_through_unharmed(name: str) -> None:
    text = f"We saw {name} at Alder."
    said = Said(entities((name, "PRODUCT"), ("Alder", "ORGANIZATION")), (SaidRelation(name, "at `x`;--", "Alder"),))
    found = placed(said, text)
    assert name in [one.name for one in found.entities]
    assert triples(found) == [(name, "AT_X", "Alder")]
