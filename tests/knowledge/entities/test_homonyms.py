"""Two things of one name stay two, and one person told of in many documents stays one."""

import pyarrow as pa

from pipelines.knowledge.entities.edits import Edit, Edits
from pipelines.knowledge.entities.resolution import EntityGraph, resolve_entities
from tests.knowledge.entities.names_in_texts import tables_of

HOUSES = {
    "a.md": "[Wei Zhang|P|a] works at [Alpha Optics|O|ao].",
    "b.md": "[Wei Zhang|P|b] works at [Borealis Freight|O|bf].",
    "c.md": "At [Alpha Optics|O|ao] [Wei Zhang|P|a] signed.",
}
SAID = {
    "a.md": ["Wei Zhang > WORKS_AT > Alpha Optics"],
    "b.md": ["Wei Zhang > WORKS_AT > Borealis Freight"],
    "c.md": ["Wei Zhang > CO_OCCURS > Alpha Optics"],
}


def called(graph: EntityGraph, name: str) -> list[int]:
    return sorted(row["mentions"] for row in graph.entities.to_pylist() if row["name"] == name)


def test_two_employees_of_different_houses_are_two():
    graph = resolve_entities(*tables_of(HOUSES, SAID))
    assert called(graph, "Wei Zhang") == [1, 2]
    ends = {row["source_id"] for row in graph.relations.to_pylist() if row["type"] == "WORKS_AT"}
    assert len(ends) == 2
    (pair,) = graph.suspected_duplicates.to_pylist()
    assert (pair["one"], pair["other"], pair["rule"]) == ("Wei Zhang", "Wei Zhang", "same_name")


def test_a_shared_colleague_or_house_makes_them_one():
    together = HOUSES | {"d.md": "[Wei Zhang|P|a] left [Alpha Optics|O|ao] for [Borealis Freight|O|bf]."}
    told = SAID | {"d.md": ["Wei Zhang > JOINED > Borealis Freight", "Wei Zhang > LEFT > Alpha Optics"]}
    assert called(resolve_entities(*tables_of(together, told)), "Wei Zhang") == [4]


def test_other_relations_than_work_part_nobody():
    films = {"a.md": ["Wei Zhang > DIRECTED > Alpha Optics"], "b.md": ["Wei Zhang > WROTE > Borealis Freight"]}
    assert called(resolve_entities(*tables_of(HOUSES, films)), "Wei Zhang") == [3]


def test_a_document_that_names_no_house_stands_alone_where_there_are_two():
    graph = resolve_entities(*tables_of(HOUSES | {"e.md": "[Wei Zhang|P|c] called."}, SAID))
    assert called(graph, "Wei Zhang") == [1, 1, 2]


def test_a_person_may_say_that_all_of_one_name_are_one():
    edits = Edits((Edit(edit="merge", name="Wei Zhang", alias="Wei Zhang"),))
    assert called(resolve_entities(*tables_of(HOUSES, SAID), edits=edits), "Wei Zhang") == [3]


def test_a_founder_is_not_the_company_of_that_name():
    texts = {
        "a.md": "[Tobias Krüger|P|p] founded [Tobias Krüger GmbH|O|c].",
        "b.md": "[Tobias Krüger GmbH|O|c] grew.",
    }
    graph = resolve_entities(*tables_of(texts, {"a.md": ["Tobias Krüger > FOUNDED > Tobias Krüger GmbH"]}))
    found = {row["name"]: row["type"] for row in graph.entities.to_pylist()}
    assert found == {"Tobias Krüger": "PERSON", "Tobias Krüger GmbH": "ORGANIZATION"}
    assert graph.relations["type"].to_pylist() == ["FOUNDED"]


def test_one_name_of_several_types_is_one_thing():
    """What other graphs keep as two nodes: IBM the ORGANIZATION and IBM the COMPANY, GraphRAG the CONCEPT."""
    graph = resolve_entities(
        *tables_of({"a.md": "[IBM|O|i] and [IBM|D|i] and [GraphRAG|C|g]", "b.md": "[GraphRAG|D|g] and [IBM|O|i]"})
    )
    assert {row["name"]: row["type"] for row in graph.entities.to_pylist()}["IBM"] == "ORGANIZATION"
    assert called(graph, "IBM") == [3] and called(graph, "GraphRAG") == [2]


def test_the_rows_order_does_not_matter():
    extractions, chunks = tables_of(HOUSES, SAID)
    backwards = extractions.take(pa.array(range(extractions.num_rows - 1, -1, -1)))
    assert resolve_entities(backwards, chunks).entities.equals(resolve_entities(extractions, chunks).entities)


def test_an_alias_of_one_of_two_people_is_his_alone():
    texts = HOUSES | {"b.md": "[Wei Zhang|P|b] ([张伟|P|b]) works at [Borealis Freight|O|bf]."}
    graph = resolve_entities(*tables_of(texts, SAID))
    found = sorted((row["name"], row["aliases"]) for row in graph.entities.to_pylist() if row["type"] == "PERSON")
    assert found == [("Wei Zhang", []), ("Wei Zhang", ["张伟"])]
