"""Which entities of a question are one side each."""

import pytest

from pipelines.answering.search.entities import named_sides


def _row(key: str, name: str, *aliases: str) -> dict[str, object]:
    return {"entity_id": key, "name": name, "aliases": list(aliases)}


def test_each_place_of_the_question_is_a_side_the_longest_first() -> None:
    rows = [_row("a", "Agni"), _row("b", "Arrête ton cinéma"), _row("c", "Diane Kurys")]
    assert named_sides(rows, "Which is older, Arrête Ton Cinéma or Agni?") == [["b"], ["a"]]


def test_a_name_inside_another_is_no_side() -> None:
    rows = [_row("york", "York"), _row("new", "New York"), _row("b", "Boston")]
    assert named_sides(rows, "Is New York larger than Boston?") == [["new"], ["b"]]


def test_entities_of_one_name_stand_together_and_an_alias_is_a_name() -> None:
    rows = [_row("m1", "Mercury"), _row("m2", "水星", "Mercury"), _row("v", "Venus")]
    assert named_sides(rows, "Mercury or Venus?") == [["m1", "m2"], ["v"]]


@pytest.mark.parametrize("question", ["", "谁更大？"])
def test_a_question_that_names_nothing_has_no_sides(question: str) -> None:
    assert named_sides([_row("a", "北京"), _row("b", "")], question) == []


def test_chinese_names_are_sides() -> None:
    assert named_sides([_row("a", "边城"), _row("b", "骆驼祥子")], "边城和骆驼祥子，哪部更早？") == [["b"], ["a"]]
