"""The sentences of a stored chunk: cut once, when the chunk is made, and read from its row from then on."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pipelines.text.sentences import sentences

Spans = Sequence[tuple[int, int]]
"""The (start, end) of each sentence, in order, in characters of the text that they belong to."""


def flat_spans(spans: Iterable[tuple[int, int]], moved: int = 0) -> list[int]:
    """Return spans, moved by so many characters, as a row stores them: start, end, start, end, …"""
    return [place + moved for span in spans for place in span]


def sentence_spans(row: Mapping[str, Any]) -> list[tuple[int, int]]:
    """Return the spans of the sentences of a chunk's row in its text.

    What an earlier version stored has none, and a rollback may bring it back: its text is cut here.
    """
    stored = row.get("sentence_spans")
    return sentences(row["text"]) if stored is None else list(zip(stored[::2], stored[1::2], strict=True))
