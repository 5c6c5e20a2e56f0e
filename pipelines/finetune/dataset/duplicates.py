"""Which rows say again what an earlier one says: to the letter, or nearly so in question and in answer."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.finetune.dataset.rows.table import answer_of, question_of, text_of_row
from pipelines.text.near_duplicates import BANDS, grams, tokens
from pipelines.text.near_pairs import NearPairs, likeness, near_pairs

DUPLICATE, NEAR_DUPLICATE = "duplicate", "near-duplicate"
_NEARLY = 0.99
_ENDS = (".", "!", "?", ":", "。", "！", "？", "：")


@dataclass(frozen=True)
class Duplicate:
    """A row (its place in the table) that repeats an earlier one, and how alike they are (1: to the letter)."""

    place: int
    first: int
    similarity: float


@dataclass(frozen=True)
class Compared:
    """Which whole texts, and which questions, are alike: an earlier run's save comparing them again."""

    texts: NearPairs
    questions: NearPairs


def find_duplicates(rows: pa.Table, good: np.ndarray, similarity: float, earlier: Compared | None = None) -> Compared:
    """Return which whole texts, and which questions, of the rows at the places `good` are alike."""

    def alike(name: str, text: Callable[[dict], str], before: NearPairs | None) -> NearPairs:
        keys, first = np.unique(number_column(rows, f"{name}_key")[good], return_index=True)
        places = good[first]
        bands = bands_of(rows, f"{name}_bands")[places]
        return near_pairs(keys, bands, lambda place: text(row_at(rows, int(places[place]))), similarity, before)

    texts = alike("text", text_of_row, earlier.texts if earlier else None)
    asked = alike("question", lambda row: question_of(row["messages"]), earlier.questions if earlier else None)
    return Compared(texts, asked)


def duplicates(rows: pa.Table, good: np.ndarray, compared: Compared, similarity: float) -> list[Duplicate]:
    """Return the rows at the places `good` that repeat an earlier kept one, in order; the earliest is kept.

    Near-duplicates are alike in question and in answer, with one system message and the same tools: a passage that is
    asked about twice is none, nor are two rows that are alike only in what many rows share, or in the lines that both
    questions begin and end with.
    """
    keys, frames, texts = (number_column(rows, name) for name in ("row_key", "frame_key", "text_key"))
    found: dict[int, Duplicate] = {}
    _, first, inverse = np.unique(keys[good], return_index=True, return_inverse=True)
    for n in np.flatnonzero(first[inverse] != np.arange(len(good))):
        found[int(good[n])] = Duplicate(int(good[n]), int(good[first[inverse[n]]]), 1.0)
    near: dict[int, list[int]] = defaultdict(list)
    for one, other in compared.texts.pairs:
        near[one].append(other)
        near[other].append(one)
    unique, counts = np.unique(texts[good], return_counts=True)
    looked = np.union1d(unique[counts > 1], np.array(sorted(near), dtype=np.uint64))
    kept: dict[tuple[int, int], list[int]] = defaultdict(list)
    for place in good[np.isin(texts[good], looked)].tolist():
        if place in found:
            continue
        frame, text = int(frames[place]), int(texts[place])
        for first_place in sorted(p for key in (text, *near[text]) for p in kept[frame, key]):
            value = _alike(rows, place, first_place, compared.texts.common)
            if value >= similarity:
                found[place] = Duplicate(place, first_place, value)
                break
        else:
            kept[frame, text].append(place)
    return [found[place] for place in sorted(found)]


def _alike(rows: pa.Table, one: int, other: int, common: np.ndarray) -> float:
    left, right = row_at(rows, one), row_at(rows, other)
    if left["kind"] != right["kind"]:
        return 0.0
    asked = question_of(left["messages"]), question_of(right["messages"])
    parts = [asked, _own_lines(*asked), (answer_of(left), answer_of(right))]
    return min(_likeness(a, b, common) for a, b in parts)


def _own_lines(one: str, other: str) -> tuple[str, str]:
    """Return two texts without the whole lines that both begin and end with: an instruction before each row's input.

    A line may be the middle of a sentence: only what ends one counts as an instruction.

    >>> _own_lines("Classify this.\\nboots", "Classify this.\\ncoats")
    ('boots', 'coats')
    >>> _own_lines("I have\\nboots", "I have\\ncoats")
    ('I have\\nboots', 'I have\\ncoats')
    """
    left, right = one.splitlines(), other.splitlines()
    start = _shared(left, right)
    while start and not left[start - 1].rstrip().endswith(_ENDS):
        start -= 1
    left, right = left[start:], right[start:]
    end = _shared(left[::-1], right[::-1])
    while end and not all(_ends_before(lines, end) for lines in (left, right)):
        end -= 1
    return "\n".join(left[: len(left) - end]), "\n".join(right[: len(right) - end])


def _ends_before(lines: list[str], end: int) -> bool:
    own = lines[: len(lines) - end]
    return bool(own) and own[-1].rstrip().endswith(_ENDS)


def _shared(left: list[str], right: list[str]) -> int:
    pairs = enumerate(zip(left, right, strict=False))
    return next((n for n, (a, b) in pairs if a != b), min(len(left), len(right)))


def _likeness(one: str, other: str, common: np.ndarray) -> float:
    """Return 1 for the same words only: another way to ask leaves all n-grams in common, and is no exact duplicate."""
    if one == other or (tokens(one) and tokens(one) == tokens(other)):
        return 1.0
    return min(_NEARLY, likeness(grams(one), grams(other), common))


def linked_pairs(rows: pa.Table, good: np.ndarray, compared: Compared) -> Iterator[tuple[int, int]]:
    """Yield pairs of places whose questions are the same or alike: no split may part them."""
    keys = number_column(rows, "question_key")[good]
    order = np.argsort(keys, kind="stable")
    ranked = keys[order]
    for n in np.flatnonzero(ranked[1:] == ranked[:-1]):
        yield int(good[order[n]]), int(good[order[n + 1]])
    alike = np.array(list(compared.questions.pairs), dtype=np.uint64).reshape(-1, 2)
    first = np.searchsorted(ranked, alike)
    for pair in first[(ranked[first.clip(max=len(ranked) - 1)] == alike).all(axis=1)]:
        yield int(good[order[pair[0]]]), int(good[order[pair[1]]])


def number_column(rows: pa.Table, name: str) -> np.ndarray:
    """Return a column of numbers."""
    return rows[name].to_numpy()


def bands_of(rows: pa.Table, name: str) -> np.ndarray:
    """Return a column of bands as (rows, BANDS) of uint64."""
    joined = rows[name].combine_chunks()
    array = joined.chunk(0) if isinstance(joined, pa.ChunkedArray) and joined.num_chunks else joined
    if not len(rows):
        return np.zeros((0, BANDS), dtype=np.uint64)
    values = np.frombuffer(array.buffers()[1], dtype=np.uint64)
    return values[array.offset * BANDS : (array.offset + len(array)) * BANDS].reshape(-1, BANDS)


def row_at(rows: pa.Table, place: int) -> dict:
    """Return one row with what is said in it."""
    names = ("messages", "chosen", "rejected", "kind")
    return {name: rows[name][place].as_py() for name in names}


def good_places(rows: pa.Table) -> np.ndarray:
    """Return the places of the rows that are not rejected."""
    return np.flatnonzero(pc.equal(rows["reason"], "").to_numpy(zero_copy_only=False))
