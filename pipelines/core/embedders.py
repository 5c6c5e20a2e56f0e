"""What embedders that stand before another one share."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from pipelines.core.protocols import Embedder


def embed_queries(embedder: Embedder, texts: Sequence[str]) -> np.ndarray:
    """Return the vectors of questions: most models make no difference, some were trained with other words before."""
    own: Any = embedder
    return own.embed_queries(texts) if getattr(embedder, "asks_otherwise", False) else embedder.embed(texts)


def question_and_texts(embedder: Embedder, question: str, texts: Sequence[str]) -> np.ndarray:
    """Return the question's vector and below it those of the texts, of shape (1 + len(texts), dimensions)."""
    if not getattr(embedder, "asks_otherwise", False):
        return embedder.embed([question, *texts])
    return np.vstack([embed_queries(embedder, [question]), embedder.embed(texts)])


class EmbedderBefore:
    """Everything but `embed` is the embedder's own."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    @property
    def name(self) -> str:
        """Model and revision."""
        return self._embedder.name

    @property
    def dimensions(self) -> int:
        """Numbers in a vector."""
        return self._embedder.dimensions

    @property
    def tokenizer(self) -> str:
        """What counts the tokens."""
        return self._embedder.tokenizer

    @property
    def computed(self) -> int:
        """Texts that the model has run for so far."""
        return self._embedder.computed

    @property
    def asks_otherwise(self) -> bool:
        """Whether the embedder has other vectors for questions."""
        return bool(getattr(self._embedder, "asks_otherwise", False))

    def embed_queries(self, texts: Sequence[str]) -> np.ndarray:
        """Return the embedder's own vectors of questions."""
        return embed_queries(self._embedder, texts)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the embedder's own token counts."""
        return self._embedder.count_tokens(texts)
