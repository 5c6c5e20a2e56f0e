"""The rows of benchmarks/graph.py, on two documents whose figures are counted by hand."""

from benchmarks.corpora.redocred import Document, compare, plain
from benchmarks.corpora.resolution import Agreement, resolved
from benchmarks.graph import rows
from pipelines.knowledge.mentions import CO_OCCURS, Entity, Extraction, Relation

GOLD = Document(
    "Alder", "", (frozenset({"alder", "alder systems"}), frozenset({"oslo"}), frozenset({"nora berg"})),
    frozenset({"1990"}), frozenset({frozenset({0, 1}), frozenset({0, 2})}),
)  # fmt: skip
FOUND = Extraction(
    (Entity(0, 5, "Alder", "ORGANIZATION"), Entity(9, 13, "Oslo", "LOCATION"), Entity(20, 24, "1990", "CONCEPT"),
     Entity(30, 35, "Stock", "CONCEPT")),
    (Relation("Alder", "Oslo", "LOCATED_IN", "s"), Relation("Oslo", "Stock", CO_OCCURS, "s"),
     Relation("Alder", "Stock", CO_OCCURS, "s")),
)  # fmt: skip


def test_names_pairs_and_types_are_counted_by_normal_forms():
    counts = compare(GOLD, FOUND)
    assert (counts.named, counts.named_right, counts.things, counts.things_found) == (3, 2, 3, 2)
    assert (counts.pairs, counts.pairs_found, counts.pairs_joined) == (2, 1, 1)
    assert (counts.relations, counts.typed, counts.typed_pairs, counts.typed_right) == (3, 1, 1, 1)


def test_the_rows_tell_both_halves():
    made = {row.id: row for row in rows([GOLD, GOLD], [FOUND, Extraction()], 1.0)}
    assert made["redocred_entity_f1"].value == 2 * (2 / 3) * (2 / 6) / (2 / 3 + 2 / 6)
    assert made["redocred_pairs_joined"].value == 1.0 and made["redocred_typed_share"].value == 1 / 3
    assert "odd half 0.000, even 1.000" in made["redocred_pairs_joined"].note


def test_tokens_become_text_as_people_write_it():
    assert plain('He said : " Well , it \'s 5 % ( or more ) . "'.split()) == 'He said: "Well, it\'s 5% (or more)."'


def test_resolution_is_compared_over_pairs_of_mentions_within_documents():
    rows = [
        {"chunk_id": "0", "document_id": "0", "start": 0, "text": "Nora Berg met Oslo. Berg left.", "relations": [],
         "entities": [
             {"name": "Nora Berg", "type": "PERSON", "start": 0, "end": 9, "thing": 0},
             {"name": "Oslo", "type": "LOCATION", "start": 14, "end": 18, "thing": 1},
             {"name": "Berg", "type": "PERSON", "start": 20, "end": 24, "thing": 0},
             {"name": "Oslo", "type": "LOCATION", "start": 14, "end": 18, "thing": 2},
         ]},
    ]  # fmt: skip
    whole, odd, even = resolved(rows)
    assert (whole, odd) == (Agreement(both=1, found=2, gold=1), Agreement()) and even == whole
    assert whole.f1 == 2 / 3
