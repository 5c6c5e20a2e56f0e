"""Text of tokens as they come, hand-made tokens with bytes and stop strings."""

from collections.abc import Sequence

import pytest

from pipelines.serving.champion.text_so_far import TextSoFar

PARTS = ["Hi", " th", "ere", "\u4f60".encode()[:2], "\u4f60".encode()[2:], " END", " of", " E"]


def decode(ids: Sequence[int]) -> str:
    parts = [PARTS[one] for one in ids]
    return b"".join(one if isinstance(one, bytes) else one.encode() for one in parts).decode(errors="replace")


@pytest.mark.parametrize(
    ("tokens", "stop", "pieces", "stopped"),
    [
        ([0, 1, 2], (), ["Hi", " th", "ere", ""], False),
        ([0, 3, 4], (), ["Hi", "", "\u4f60", ""], False),  # half a character is not shown
        ([0, 3], (), ["Hi", "", "\ufffd"], False),
        ([0, 5, 6], ("END",), ["Hi", " ", "", ""], True),
        ([0, 7, 6], ("END",), ["Hi", " ", "E of", ""], False),  # what might have been a stop string is told then
        ([0, 7], ("END",), ["Hi", " ", "E"], False),
        ([0, 1, 2], ("there", "i"), ["H", "", "", ""], True),
    ],
)
def test_pieces(tokens: list[int], stop: tuple[str, ...], pieces: list[str], stopped: bool) -> None:
    text = TextSoFar(decode, stop)
    assert [*(text.add(token) for token in tokens), text.rest()] == pieces
    assert text.stopped is stopped
