"""Contextual compression: of each passage the sentences that bear on the question, at their own spans."""

from collections.abc import Mapping, Sequence

import numpy as np

from pipelines.answering.search.search import Row
from pipelines.answering.search.similarity import Similarity
from pipelines.text.sentence_spans import Spans, flat_spans, sentence_spans
from pipelines.text.tables import header_at
from pipelines.text.terms import coverage, terms, with_pairs

_NEAR = 0.45
"""Similarity from which a sentence bears on the question without sharing a word."""
_MEANING = 0.63
"""Weight of the similarity against the share of the question's words, where the best sentence is chosen."""
_SHARE = 0.4
"""Words of the question, by weight and against the passage's best sentence, that a sentence has to hold."""


def compress_passages(
    question: str, rows: Sequence[Row], weights: Mapping[str, float], similarity: Similarity | None
) -> list[Row]:
    """Return each passage as its runs of kept sentences, in order; the best sentence is always kept.

    A row's text stays the document's own at its span; rows cut from one passage share its id.
    """
    spans = [sentence_spans(row) for row in rows]
    texts = [row["text"][start:end] for row, found in zip(rows, spans, strict=True) for start, end in found]
    meant = similarity.to_question(question, texts) if similarity is not None else None
    near = np.zeros(len(texts)) if meant is None else meant
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
    best = max(range(len(shares)), key=lambda place: (shares[place] + _MEANING * float(similar[place]), -place))
    bar = _SHARE * max(shares)
    return [
        place == best or (share > 0 and share >= bar) or similar[place] >= _NEAR for place, share in enumerate(shares)
    ]


def _runs(row: Row, spans: Spans, wanted: Sequence[bool]) -> list[Row]:
    runs: list[list[tuple[int, int]]] = []
    before = False
    for span, keep in zip(spans, wanted, strict=True):
        if keep and before:
            runs[-1].append(span)
        elif keep:
            runs.append([span])
        before = keep
    return [_run(row, run) for run in runs] or [row]


def _run(row: Row, spans: Spans) -> Row:
    """Return a row of these neighbouring sentences alone."""
    start, end = spans[0][0], spans[-1][1]
    place = {"start": row["start"] + start, "end": row["start"] + end, "header": header_at(row, start)}
    return row | place | {"text": row["text"][start:end], "sentence_spans": flat_spans(spans, -start)}
