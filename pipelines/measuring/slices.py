"""Parts of the measured rows that are looked at by themselves: by language, length, source and task."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

Kind = Literal["language", "length", "source", "task"]
KINDS: tuple[Kind, ...] = get_args(Kind)
LANGUAGE, LENGTH, SOURCE, TASK = KINDS
FEWEST = 20
"""Rows of a slice, unless given: fewer say little, and there may be as many sources as rows."""


@dataclass(frozen=True)
class Slice:
    """One part: "en" for a language, else "KIND: VALUE"; `mask` says which rows are of it."""

    name: str
    kind: str
    mask: np.ndarray


def find_slices(
    columns: Mapping[str, Sequence[str]], fewest: int = FEWEST
) -> tuple[list[Slice], dict[str, tuple[int, int]]]:
    """Return the slices by kind (a column each) and value, and what was left out: {kind: (slices, rows)}.

    Languages always stand. Of the other kinds a value with fewer than `fewest` rows is left out and counted, and so
    is nothing that is the whole: a kind of which all rows have the same value makes no slice.
    """
    found, left_out = [], {}
    for kind, values in columns.items():
        array = np.array(values, dtype=object)
        names, counts = np.unique(array.astype(str), return_counts=True)
        if kind != LANGUAGE and len(names) < 2:
            continue
        small = [int(count) for count in counts if kind != LANGUAGE and count < fewest]
        if small:
            left_out[kind] = (len(small), sum(small))
        for name, count in zip(names.tolist(), counts.tolist(), strict=True):
            if kind == LANGUAGE or count >= fewest:
                label = name if kind == LANGUAGE else f"{kind}: {name}"
                found.append(Slice(label, kind, array.astype(str) == name))
    return found, left_out


def length_halves(lengths: Sequence[int], languages: Sequence[str]) -> list[str]:
    """Return "short" or "long" by row: at most the median of its language, or above it.

    A language's own median, since a Chinese text of the same content has another number of tokens.
    """
    array, spoken = np.asarray(lengths), np.array(languages, dtype=object)
    medians = {language: np.median(array[spoken == language]) for language in set(languages)}
    return ["short" if length <= medians[language] else "long"
            for length, language in zip(lengths, languages, strict=True)]  # fmt: skip
