"""Slices of rows by their labels and lengths; small ones are counted."""

from pipelines.measuring.slices import slices_of


def test_rows_are_sliced_by_every_label_and_by_length_within_their_language() -> None:
    languages, references = ["en"] * 4 + ["zh"] * 4, ["one", "two", "three four five", "six seven"] + ["三天"] * 4
    found, small = slices_of({"language": languages, "source": ["a", "b"] * 4}, references, least=2)
    assert {name: int(mask.sum()) for name, mask in found.items()} == {
        "language=en": 4, "language=zh": 4, "source=a": 4, "source=b": 4, "length=long": 2, "length=short": 6,
    }  # fmt: skip
    assert found["length=long"].tolist() == [False, False, True, True] + [False] * 4 and small == 0


def test_small_slices_are_counted_and_what_holds_every_row_is_none() -> None:
    found, small = slices_of({"language": ["en"] * 5, "source": ["a"] * 4 + ["b"]}, ["same"] * 5, least=2)
    assert list(found) == ["source=a"] and small == 1
