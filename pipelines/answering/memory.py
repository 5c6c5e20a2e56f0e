"""An embedder that remembers: the same source sentences come up for many questions."""

from collections.abc import Sequence

import numpy as np

from pipelines.protocols import Embedder


class RememberingEmbedder:
    """Embeds each text once; for one batch of questions, since it forgets nothing."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._known: dict[str, np.ndarray] = {}
        self.name, self.dimensions, self.tokenizer = embedder.name, embedder.dimensions, embedder.tokenizer

    @property
    def computed(self) -> int:
        """Return the embedder's own count."""
        return self._embedder.computed

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Return float32 of shape (len(texts), dimensions), L2-normalised."""
        unknown = [text for text in dict.fromkeys(texts) if text not in self._known]
        if unknown:
            self._known.update(zip(unknown, self._embedder.embed(unknown), strict=True))
        return np.stack([self._known[text] for text in texts])

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the embedder's own token counts."""
        return self._embedder.count_tokens(texts)
