"""Slices: groups of rows in which a difference is looked at again, so that a gain of most hides no loss of a few."""

from collections.abc import Mapping, Sequence

import numpy as np

from pipelines.measuring.metrics import answer_tokens

LEAST_ROWS = 20
"""Rows below which a slice is counted and not tested: of so few, most losses would be too small to be seen."""


def slices_of(
    labels: Mapping[str, Sequence[str]], references: Sequence[str], least: int = LEAST_ROWS
) -> tuple[dict[str, np.ndarray], int]:
    """Return masks of rows by slice, `language=zh`, `length=long`, and how many slices were too small.

    `labels` are columns of names (language, source, task). A row is long where its reference has more tokens than the
    median of its own language, so that length is not language again. What holds all rows is no slice.
    """
    columns = {name: np.array(list(column), dtype=object) for name, column in labels.items()}
    columns["length"] = _lengths(references, columns.get("language"))
    kept, small = {}, 0
    for name, column in columns.items():
        values = sorted(set(column.tolist()))
        for value in values if len(values) > 1 else ():
            mask = column == value
            if mask.sum() < least:
                small += 1
            else:
                kept[f"{name}={value}"] = mask
    return kept, small


def _lengths(references: Sequence[str], languages: np.ndarray | None) -> np.ndarray:
    counts = np.array([len(answer_tokens(reference)) for reference in references])
    groups = languages if languages is not None else np.array([""] * len(counts), dtype=object)
    long = np.zeros(len(counts), dtype=bool)
    for group in set(groups.tolist()):
        mine = groups == group
        long[mine] = counts[mine] > np.median(counts[mine])
    return np.where(long, "long", "short").astype(object)
