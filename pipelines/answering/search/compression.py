"""Contextual compression: of each passage the sentences that bear on the question, at their own spans."""

from collections.abc import Mapping, Sequence

import numpy as np

from pipelines.answering.search.search import Row
from pipelines.core.embedders import question_and_texts
from pipelines.core.protocols import Embedder
from pipelines.text.sentences import sentences
from pipelines.text.terms import coverage, terms, with_pairs

_NEAR = 0.35
"""Cosine similarity from which a sentence bears on the question without sharing a word (MiniLM)."""
_SHARE = 0.4
"""Words of the question, by weight and against the passage's best sentence, that a sentence has to hold."""


def compress(question: str, rows: Sequence[Row], weights: Mapping[str, float], embedder: Embedder | None) -> list[Row]:
    """Return each passage as its runs of kept sentences, in order; the best sentence is always kept.

    A row's text stays the document's own at its span; rows cut from one passage share its id.
    """
    spans = [sentences(row["text"]) for row in rows]
    texts = [row["text"][start:end] for row, found in zip(rows, spans, strict=True) for start, end in found]
    near = np.zeros(len(texts))
    if embedder is not None and texts:
        vectors = question_and_texts(embedder, question, texts)
        near = vectors[1:] @ vectors[0]
    kept, place = list[Row](), 0
    for row, found in zip(rows, spans, strict=True):
        similar = near[place : place + len(found)]
        place += len(found)
        shares = [coverage(weights, with_pairs(terms(row["text"][start:end]))) for start, end in found]
        kept += _runs(row, found, _wanted(shares, similar))
    return kept


def _wanted(shares: Sequence[float], similar: np.ndarray) -> list[bool]:
    if not shares:
        return []
    best = max(range(len(shares)), key=lambda place: (shares[place] + float(similar[place]), -place))
    bar = _SHARE * max(shares)
    return [
        place == best or (share > 0 and share >= bar) or similar[place] >= _NEAR for place, share in enumerate(shares)
    ]


def _runs(row: Row, spans: Sequence[tuple[int, int]], wanted: Sequence[bool]) -> list[Row]:
    runs: list[list[int]] = []
    before = False
    for (start, end), keep in zip(spans, wanted, strict=True):
        if keep and before:
            runs[-1][1] = end
        elif keep:
            runs.append([start, end])
        before = keep
    return [
        row | {"start": row["start"] + start, "end": row["start"] + end, "text": row["text"][start:end]}
        for start, end in runs
    ] or [row]
