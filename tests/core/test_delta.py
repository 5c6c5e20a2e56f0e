from hypothesis import given
from hypothesis import strategies as st

from pipelines.core.delta import Work, compare_versions

versions = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("12"))


@given(versions, versions)
def test_every_key_is_in_exactly_one_group(current: dict[str, str], previous: dict[str, str]):
    delta = compare_versions(current, previous)
    groups = [delta.new, delta.changed, delta.gone, delta.same]
    assert sorted(key for group in groups for key in group) == sorted(current.keys() | previous.keys())
    assert set(delta.todo) == {key for key in current if previous.get(key) != current[key]}


def test_work_names_what_was_computed():
    work = Work.of(compare_versions({"a": "1", "b": "2"}, {"b": "1", "c": "1"}), chunks=7)
    assert work.metadata() == {"new": 1, "changed": 1, "gone": 1, "same": 0, "computed_chunks": 7}
