"""A bilingual test set of who is who, written before the rules; it was looked at afterwards, so it is no closed set."""

from benchmarks.corpora.resolution import Agreement, agreement
from pipelines.knowledge.entities.name_groups import NameGroups
from tests.knowledge.entities.names_in_texts import read_cases, rows_of

LEAST_F1 = 0.85


def test_names_of_both_languages_find_their_things():
    found = _agreement(reverse=False)
    assert found.f1 >= LEAST_F1, found
    assert found.precision >= 0.95, found


def test_the_order_of_the_documents_does_not_matter():
    assert _agreement(reverse=True) == _agreement(reverse=False)


def test_the_set_has_what_it_says():
    cases = read_cases()
    things = {one["thing"] for row in rows_of(cases) for one in row["entities"]}
    assert len(things) >= 60 and any("\u4e00" <= letter <= "\u9fff" for case in cases for letter in str(case))


def _agreement(reverse: bool) -> Agreement:
    rows = rows_of(read_cases())
    rows = rows[::-1] if reverse else rows
    groups = NameGroups(rows, {row["chunk_id"]: row for row in rows})
    named = {(row["document_id"], one["name"]): one["thing"] for row in rows for one in row["entities"]}
    return agreement((groups.key(*place), thing) for place, thing in sorted(named.items()))
