"""An embedder that remembers: the same source sentences come up for many questions."""

import threading
from collections.abc import Sequence

import numpy as np

from pipelines.core.embedders import EmbedderBefore
from pipelines.core.protocols import Embedder

_MOST = 50_000
"""Texts remembered: about 100 MB with vectors of 384 numbers."""


class RememberingEmbedder(EmbedderBefore):
    """Embeds a text once as long as it is among the last that came up; the oldest are forgotten."""

    def __init__(self, embedder: Embedder, most: int = _MOST) -> None:
        super().__init__(embedder)
        self._known: dict[str, np.ndarray] = {}
        self._most, self._lock = most, threading.Lock()

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Return float32 of shape (len(texts), dimensions), L2-normalised."""
        distinct = dict.fromkeys(texts)
        with self._lock:
            vectors = {text: self._known[text] for text in distinct if text in self._known}
        unknown = [text for text in distinct if text not in vectors]
        if unknown:
            fresh = dict(zip(unknown, self._embedder.embed(unknown), strict=True))
            vectors |= fresh
            with self._lock:
                self._known |= fresh
                for text in list(self._known)[: max(0, len(self._known) - self._most)]:
                    del self._known[text]
        return np.stack([vectors[text] for text in texts]) if vectors else self._embedder.embed(texts)
