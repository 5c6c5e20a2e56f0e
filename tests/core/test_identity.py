import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from pipelines.core.identity import content_id, json_digest, table_digest


def test_parts_do_not_run_together():
    assert content_id("ab", "c") != content_id("a", "bc")


@given(st.lists(st.text(), max_size=4), st.lists(st.text(), max_size=4))
def test_ids_are_equal_exactly_when_their_parts_are(left: list[str], right: list[str]):
    assert (content_id(*left) == content_id(*right)) == (left == right)


def test_json_digest_ignores_the_order_of_keys():
    assert json_digest({"a": 1, "b": [2, 3]}) == json_digest({"b": [2, 3], "a": 1})
    assert json_digest({"a": 1}) != json_digest({"a": 2})


def test_a_table_digest_sees_values_and_not_buffers():
    whole = pa.table({"id": ["a", "b", "c"], "n": [1, 2, 3]})
    pieces = pa.concat_tables([whole.slice(0, 1), whole.slice(1)])
    assert table_digest(pieces) == table_digest(whole)
    assert table_digest(whole.slice(1)) == table_digest(pa.table({"id": ["b", "c"], "n": [2, 3]}))
    assert table_digest(whole) != table_digest(pa.table({"id": ["a", "b", "c"], "n": [1, 2, 4]}))


def test_a_table_digest_sees_every_number_of_a_vector():
    kind = pa.list_(pa.float32(), 2)
    one = pa.table({"vector": pa.array([[1, 2], [3, 4]], kind)})
    assert table_digest(one.slice(1)) == table_digest(pa.table({"vector": pa.array([[3, 4]], kind)}))
    assert table_digest(one) != table_digest(pa.table({"vector": pa.array([[1, 2], [3, 5]], kind)}))
    assert table_digest(one.slice(0, 0)) == table_digest(pa.table({"vector": pa.array([], kind)}))
