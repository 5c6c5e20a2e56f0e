"""An embedder that remembers: the same source sentences come up for many questions."""

from collections.abc import Callable, Sequence

import numpy as np

from pipelines.core.embedders import EmbedderBefore
from pipelines.core.protocols import Embedder

_Known = dict[str, np.ndarray]


class RememberingEmbedder(EmbedderBefore):
    """Embeds each text once; for one batch of questions, since it forgets nothing."""

    def __init__(self, embedder: Embedder) -> None:
        super().__init__(embedder)
        self._texts: _Known = {}
        self._questions: _Known = {} if embedder.asymmetric else self._texts

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Return float32 of shape (len(texts), dimensions), L2-normalised."""
        return _remembered(texts, self._texts, self._embedder.embed)

    def embed_queries(self, texts: Sequence[str]) -> np.ndarray:
        """Return what `embed` does, for questions."""
        return _remembered(texts, self._questions, self._embedder.embed_queries)


def _remembered(texts: Sequence[str], known: _Known, embed: Callable[[Sequence[str]], np.ndarray]) -> np.ndarray:
    unknown = [text for text in dict.fromkeys(texts) if text not in known]
    if unknown:
        known.update(zip(unknown, embed(unknown), strict=True))
    return np.stack([known[text] for text in texts])
