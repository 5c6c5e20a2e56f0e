"""Chunks that end where the subject changes: where neighbouring sentences are farthest apart in the embedder's space.

The percentile of distances over windows of three sentences is Greg Kamradt's "semantic chunking" (2023), which
LlamaIndex's `SemanticSplitterNodeParser` has too, but for texts without places.
"""

from collections.abc import Callable, Sequence

import numpy as np

from pipelines.knowledge.chunks.pieces import CountTokens, Piece, Span, chunk_span, fill_chunks, pieces

Embed = Callable[[Sequence[str]], np.ndarray]
_STRETCH = 2000
_FEWEST = 4
_DECIMALS = 4


def by_meaning(text: str, budget: int, percentile: float, count_tokens: CountTokens, embed: Embed) -> list[Span]:
    """Return the chunks: sentences of one subject up to the budget, without overlap."""
    found = pieces(text, budget, count_tokens)
    made: list[Span] = []
    first = 0
    for last in [*_changes(text, found, percentile, embed), len(found) - 1]:
        stretch = found[first : last + 1]
        made += [chunk_span(stretch, begin, end) for begin, end in fill_chunks(stretch, budget, 0)]
        first = last + 1
    return made


def _changes(text: str, found: Sequence[Piece], percentile: float, embed: Embed) -> list[int]:
    """Return the pieces after which the subject changes; long texts are looked at by stretches of 2,000 sentences."""
    changes: list[int] = []
    for begin in range(0, len(found), _STRETCH):
        stretch = found[begin : begin + _STRETCH]
        if len(stretch) < _FEWEST:
            continue
        windows = [
            text[stretch[max(0, place - 1)].start : stretch[min(len(stretch) - 1, place + 1)].end]
            for place in range(len(stretch))
        ]
        vectors = np.asarray(embed(windows), dtype=np.float64)
        # Rounded: what a text's vector owes to its batch must not move a border.
        distances = np.round(1 - np.sum(vectors[:-1] * vectors[1:], axis=1), _DECIMALS)
        limit = np.round(np.percentile(distances, percentile), _DECIMALS)
        far = np.flatnonzero((distances >= limit) & (distances > distances.min()))
        changes += [begin + int(place) for place in far if not stretch[int(place)].heading]
    return changes
