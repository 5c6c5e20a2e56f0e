"""An embedder that remembers: the same source sentences come up for many questions."""

from collections.abc import Sequence

import numpy as np

from pipelines.core.embedders import EmbedderBefore
from pipelines.core.protocols import Embedder


class RememberingEmbedder(EmbedderBefore):
    """Embeds each text once; for one batch of questions, since it forgets nothing."""

    def __init__(self, embedder: Embedder) -> None:
        super().__init__(embedder)
        self._known: dict[str, np.ndarray] = {}

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Return float32 of shape (len(texts), dimensions), L2-normalised."""
        unknown = [text for text in dict.fromkeys(texts) if text not in self._known]
        if unknown:
            self._known.update(zip(unknown, self._embedder.embed(unknown), strict=True))
        return np.stack([self._known[text] for text in texts])
