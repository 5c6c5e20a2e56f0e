from typing import Any

import pyarrow as pa

from pipelines.answering.scoreboard.generation import generate_questions
from pipelines.core.schemas import CHUNKS, ENTITIES, RELATIONS

NAMES = {
    "e1": ("Fjell 2", "PRODUCT", ["c1"]),
    "e2": ("Halden warehouse", "LOCATION", ["c1", "c2"]),
    "e3": ("Petra Vogel", "PERSON", ["c2"]),
    "e4": ("深光照明", "ORGANIZATION", ["c3"]),
    "e5": ("宁波", "LOCATION", ["c3"]),
    "e6": ("Brekka", "PRODUCT", ["c4"]),
}
FACTS = [("e1", "STORED_AT", "e2", "c1"), ("e3", "LEADS", "e2", "c2"), ("e4", "LOCATED_IN", "e5", "c3")]
PLACES = {"c1": ("a.md", "en"), "c2": ("b.md", "en"), "c3": ("丙.md", "zh"), "c4": ("d.md", "en")}


def _made(
    facts: list[tuple[str, str, str, str]] = FACTS, count: int = 100, seed: int = 0, brekka: tuple[str, ...] = ("c4",)
) -> list[dict[str, Any]]:
    entities = [
        {"entity_id": key, "name": name, "type": kind, "chunk_ids": list(brekka) if name == "Brekka" else ids}
        for key, (name, kind, ids) in NAMES.items()
    ]
    relations = [
        {"relation_id": f"r{number}", "source_id": source, "target_id": target, "type": kind, "chunk_ids": [chunk]}
        for number, (source, kind, target, chunk) in enumerate(facts)
    ]
    chunks = [{"chunk_id": key, "path": path, "language": language} for key, (path, language) in PLACES.items()]
    return generate_questions(
        pa.Table.from_pylist(entities, schema=ENTITIES),
        pa.Table.from_pylist(relations, schema=RELATIONS),
        pa.Table.from_pylist(chunks, schema=CHUNKS),
        count,
        seed,
    )


def _asked(rows: list[dict[str, Any]], kind: str) -> dict[str, tuple[str, list[str]]]:
    return {row["question"]: (row["answer"], row["documents"]) for row in rows if row["type"] == kind}


def test_each_relation_is_asked_from_both_ends_in_the_language_of_its_document() -> None:
    assert _asked(_made(), "single-hop") == {
        "Where is Fjell 2 stored?": ("Halden warehouse", ["a.md"]),
        "What is stored at Halden warehouse?": ("Fjell 2", ["a.md"]),
        "What does Petra Vogel lead?": ("Halden warehouse", ["b.md"]),
        "Who leads Halden warehouse?": ("Petra Vogel", ["b.md"]),
        "深光照明位于哪里？": ("宁波", ["丙.md"]),
        "什么位于宁波？": ("深光照明", ["丙.md"]),
    }


def test_two_steps_stand_in_two_documents_and_do_not_name_what_is_between() -> None:
    found = _asked(_made(), "multi-hop")
    assert found["Who leads the place where Fjell 2 is stored?"] == ("Petra Vogel", ["a.md", "b.md"])
    assert found["What is stored at what Petra Vogel leads?"] == ("Fjell 2", ["a.md", "b.md"])
    assert len(found) == 2


def test_a_missing_relation_has_no_answer_and_is_not_asked_where_a_candidate_stands_beside() -> None:
    assert _asked(_made(), "unanswerable") == {"Where is Brekka stored?": ("", []), "谁负责宁波？": ("", [])}
    assert _asked(_made([*FACTS, ("e6", "CO_OCCURS", "e2", "c4")]), "unanswerable") == {"谁负责宁波？": ("", [])}
    assert _asked(_made(brekka=("c4", "c2")), "unanswerable") == {"谁负责宁波？": ("", [])}


def test_what_has_two_answers_or_two_documents_is_not_asked() -> None:
    several = _asked(_made([*FACTS, ("e6", "STORED_AT", "e2", "c4")]), "single-hop")
    assert "What is stored at Halden warehouse?" not in several and "Where is Brekka stored?" in several
    repeated = _asked(_made([*FACTS, ("e1", "STORED_AT", "e2", "c4")]), "single-hop")
    assert "Where is Fjell 2 stored?" not in repeated


def test_a_type_without_a_phrase_is_asked_by_its_name_where_it_recurs_and_untyped_ones_are_not_asked() -> None:
    invented = [("e1", "INVENTED_BY", "e3", "c1")]
    others = [(f"e{number}", "INVENTED_BY", "e6", "c4") for number in range(2, 6)]
    assert "Fjell 2: “invented by” – what or whom?" in _asked(_made([*invented, *others]), "single-hop")
    assert _made(invented) == []
    assert _asked(_made([("e3", "工作于", "e4", "c2")]), "single-hop") == {
        "Where does Petra Vogel work?": ("深光照明", ["b.md"]),
        "Who works at 深光照明?": ("Petra Vogel", ["b.md"]),
    }
    assert _made([("e1", "CO_OCCURS", "e2", "c1"), ("e4", "ALIAS_OF", "e5", "c3")]) == []


def test_the_same_seed_makes_the_same_rows_in_turns_of_languages_and_all_are_marked() -> None:
    rows = _made(count=4)
    assert rows == _made(list(reversed(FACTS)), count=4) and len(rows) == 4
    assert {row["language"] for row in rows if row["type"] == "single-hop"} == {"en", "zh"}
    assert {row["origin"] for row in rows} == {"generated"}
    assert any(_made(count=4, seed=seed) != rows for seed in range(1, 6))
