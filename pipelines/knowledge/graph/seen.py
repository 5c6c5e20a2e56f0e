"""Where an entity or a relation was seen: sentences of chunks, with the place of the words in them."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipelines.text.sentence_spans import sentence_spans

_LONGEST, _BEFORE = 600, 240
_CUT = "…"
_UNSPACED = "\u2e80"
"""The first character of East Asia's scripts."""


@dataclass
class Sentences:
    """Sentences, each kept once however many things were seen in it; places in it are of its text as it is kept."""

    chunks: Mapping[str, Mapping[str, Any]]
    kept: list[tuple[str, str, int]] = field(default_factory=list)
    """(chunk id, text, where the text starts in the chunk)."""
    _numbers: dict[tuple[str, int, int], int] = field(default_factory=dict)

    def of_entity(self, row: Mapping[str, Any], most: int) -> list[tuple[int, int, int]]:
        """Return (sentence, start, end) of the first places where an entity was seen, one a sentence.

        By its `spans`; without them its names are looked for, the longest first.
        """
        return self._distinct(self._spans(row) or self._named(row), most)

    def of_relation(self, row: Mapping[str, Any], most: int) -> list[tuple[int, int, int]]:
        """Return the same of a relation: by its `spans`, or where its description stands word for word."""
        return self._distinct(self._spans(row) or self._quoted(row), most)

    def _distinct(self, places: Iterable[tuple[str, int, int]], most: int) -> list[tuple[int, int, int]]:
        found: dict[int, tuple[int, int, int]] = {}
        for place in places:
            number, start, end = self._kept(*place)
            found.setdefault(number, (number, start, end))
            if len(found) == most:
                break
        return list(found.values())

    def _spans(self, row: Mapping[str, Any]) -> list[tuple[str, int, int]]:
        flat, found = row.get("spans") or [], []
        for place, start, end in zip(flat[::3], flat[1::3], flat[2::3], strict=False):
            key = row["chunk_ids"][place] if 0 <= place < len(row["chunk_ids"]) else ""
            if key in self.chunks and 0 <= start < end <= len(self.chunks[key]["text"]):
                found.append((key, start, end))
        return found

    def _named(self, row: Mapping[str, Any]) -> Iterator[tuple[str, int, int]]:
        pattern = _any_of([row["name"], *row["aliases"]])
        for key in row["chunk_ids"]:
            if key in self.chunks:
                text = self.chunks[key]["text"]
                found = (match.span() for match in pattern.finditer(text))
                yield from ((key, *span) for span in found if _is_whole(text, *span))

    def _quoted(self, row: Mapping[str, Any]) -> Iterator[tuple[str, int, int]]:
        quote = row["description"].strip()
        for key in row["chunk_ids"] if quote else ():
            start = self.chunks[key]["text"].find(quote) if key in self.chunks else -1
            if start >= 0:
                yield key, start, start + len(quote)

    def _kept(self, key: str, start: int, end: int) -> tuple[int, int, int]:
        """Keep the sentences that a span touches, or of long ones what is around it; return its place in the text."""
        text = self.chunks[key]["text"]
        touched = [span for span in sentence_spans(self.chunks[key]) if span[0] < end and start < span[1]]
        first, last = (touched[0][0], touched[-1][1]) if touched else (start, end)
        first, last = min(first, start), max(last, end)
        whole = (first, last)
        if last - first > _LONGEST:
            first = max(first, start - _BEFORE)
            last = min(last, max(first + _LONGEST, min(end, start + _LONGEST)))
        before, after = (_CUT if first > whole[0] else ""), (_CUT if last < whole[1] else "")
        number = self._numbers.setdefault((key, first, last), len(self.kept))
        if number == len(self.kept):
            self.kept.append((key, before + text[first:last] + after, first))
        moved = len(before) - first
        return number, start + moved, min(end, last) + moved


def _any_of(names: Sequence[str]) -> re.Pattern[str]:
    """Return what finds these names, the longest first; nothing where all are empty."""
    wanted = sorted({name.strip() for name in names if name.strip()}, key=lambda name: (-len(name), name))
    return re.compile("|".join(map(re.escape, wanted)) or r"(?!)", re.IGNORECASE)


def _is_whole(text: str, start: int, end: int) -> bool:
    """Say whether what stands there is no part of a longer word; scripts of East Asia put no spaces between words."""
    return not any(
        0 < edge < len(text) and all(letter.isalnum() and letter < _UNSPACED for letter in text[edge - 1 : edge + 1])
        for edge in (start, end)
    )
