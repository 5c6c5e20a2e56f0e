"""Merges and splits by hand: replayed on every run, taken back, and part of what a rebuild makes."""

from pathlib import Path

import pytest

from pipelines.core.errors import ConfigurationError
from pipelines.core.identity import table_digest
from pipelines.knowledge.entities.edits import NO_EDITS, Edit, Edits
from pipelines.knowledge.entities.resolution import EntityGraph, resolve_entities
from tests.knowledge.entities.names_in_texts import tables_of

TEXTS = {
    "a.md": "[Hanne Solberg|P|h] leads [Fjord Verk AS|O|f]. [Hanne|P|h] lives in [Bergen|L|b].",
    "b.md": "[Ms Solberg-Lie|P|h] owns [Fjord Verk|O|f] and [Elvebakken Gård|O|e].",
    "c.md": "[Hanne Solberg|P|x] paints in [Bergen|L|b].",
}


def resolved(*edits: Edit, texts: dict[str, str] = TEXTS) -> EntityGraph:
    return resolve_entities(*tables_of(texts), edits=Edits(edits))


def names(graph: EntityGraph) -> dict[str, list[str]]:
    return {row["name"]: row["aliases"] for row in graph.entities.to_pylist()}


def merge(one: str, other: str) -> Edit:
    return Edit(edit="merge", name=one, alias=other)


def test_a_merge_joins_what_no_rule_joins_and_says_that_a_person_did():
    assert "Ms Solberg-Lie" in names(resolved())
    graph = resolved(merge("Hanne Solberg", "Ms Solberg-Lie"))
    found = names(graph)
    assert "Ms Solberg-Lie" in {name for own, also in found.items() for name in (own, *also)}
    assert graph.entities.num_rows == resolved().entities.num_rows - 1
    hand = [row for row in graph.aliases.to_pylist() if row["by"] == "hand"]
    assert [(row["alias"], row["rule"], row["score"]) for row in hand] == [("Ms Solberg-Lie", "by_hand", 2.0)]


def test_a_merge_overrules_what_speaks_against_it():
    graph = resolved(merge("Bergen", "Elvebakken Gård"))
    assert any({"Bergen", "Elvebakken Gård"} <= {own, *also} for own, also in names(graph).items())


def test_a_split_takes_one_alias_out():
    assert names(resolved())["Hanne Solberg"] == ["Hanne"]
    graph = resolved(Edit(edit="split", name="Hanne Solberg", alias="Hanne"))
    assert names(graph)["Hanne Solberg"] == [] and "Hanne" in names(graph)


def test_a_split_of_two_spellings_of_one_form_parts_them():
    found = names(resolved(Edit(edit="split", name="Fjord Verk", alias="Fjord Verk AS")))
    assert {"Fjord Verk", "Fjord Verk AS"} <= found.keys()


def test_a_split_without_an_alias_leaves_a_name_alone():
    found = names(resolved(Edit(edit="split", name="Hanne Solberg")))
    assert found["Hanne Solberg"] == [] and "Hanne" in found


def test_a_split_in_one_document_makes_two_of_one_name():
    graph = resolved(Edit(edit="split", name="Hanne Solberg", document="c.md"))
    rows = [row for row in graph.entities.to_pylist() if row["name"] == "Hanne Solberg"]
    assert sorted(row["mentions"] for row in rows) == [1, 2]
    assert len({row["entity_id"] for row in rows}) == 2


def test_a_later_edit_of_the_same_names_takes_the_former_back():
    parted = Edit(edit="split", name="Hanne Solberg", alias="Hanne")
    joined = resolved(parted, merge("Hanne", "Hanne Solberg"))
    assert names(joined)["Hanne Solberg"] == ["Hanne"]
    assert "Hanne" in names(resolved(merge("Hanne", "Hanne Solberg"), parted))


def test_without_its_edits_the_graph_is_as_before():
    edits = Edits((merge("Hanne Solberg", "Ms Solberg-Lie"),))
    back = resolve_entities(*tables_of(TEXTS), edits=edits.without(0))
    assert table_digest(back.entities) == table_digest(resolved().entities)
    assert table_digest(back.aliases) == table_digest(resolved().aliases)


def test_an_edit_whose_names_are_gone_is_told():
    graph = resolved(merge("Hanne Solberg", "Olaf Nobody"))
    assert graph.unused_edits == ("merge 'Hanne Solberg' 'Olaf Nobody'",) and graph.counts["unused_edits"] == 1


def test_edits_are_kept_in_a_file_and_read_again(tmp_path: Path):
    edits = Edits.read(tmp_path / "entities.yaml").with_edit(merge("华为", 'Huawei: "A" {b}'))
    edits.write()
    assert Edits.read(tmp_path / "entities.yaml").made == edits.made and Edits.read(tmp_path / "no").made == ()
    assert edits.digest != NO_EDITS.digest


@pytest.mark.parametrize("text", ["{", "- {edit: join, name: a}", "- {edit: merge, nmae: a}", "a: b", "3"])
def test_a_broken_file_is_an_error_that_names_it(tmp_path: Path, text: str):
    (tmp_path / "entities.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"entities\.yaml"):
        Edits.read(tmp_path / "entities.yaml")
