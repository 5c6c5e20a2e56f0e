import pyarrow as pa

from pipelines.knowledge.vectors.long_chunks import longer_than_model
from tests.fakes import FakeEmbedder, FakeStored

ROWS = [("a", "", 30), ("b", "Care of tents", 27), ("c", "Care of tents", 28), ("d", "", 31), ("e", "Tents", 3)]
"""Id, header and number of words of the text; with their headers 30, 30, 31, 31 and 4 tokens."""


class Counting(FakeEmbedder):
    """Remembers what it counted."""

    def count_tokens(self, texts: list[str]) -> list[int]:  # type: ignore[override]
        self.counted = [*getattr(self, "counted", []), *texts]
        return super().count_tokens(texts)


def stored() -> FakeStored:
    rows = [
        {"chunk_id": key, "header": header, "tokens": words, "text": " ".join(["tent"] * words)}
        for key, header, words in ROWS
    ]
    return FakeStored(pa.Table.from_pylist(rows))


def test_chunks_are_counted_that_are_longer_with_their_header_than_the_model_reads() -> None:
    assert [longer_than_model(stored(), FakeEmbedder(max_tokens=most)) for most in (3, 4, 29, 30, 31)] == [
        5,
        4,
        4,
        2,
        0,
    ]


def test_nothing_is_said_where_the_model_does_not_say_what_it_reads() -> None:
    assert longer_than_model(stored(), FakeEmbedder()) is None


def test_only_what_the_stored_counts_leave_open_is_counted_again() -> None:
    embedder = Counting(max_tokens=254)
    assert longer_than_model(stored(), embedder) == 0 and not hasattr(embedder, "counted")
    near = Counting(max_tokens=48)  # "b" and "c" may be near it by the letters of their header, and are not
    assert longer_than_model(stored(), near) == 0 and near.counted == ["Care of tents"]
