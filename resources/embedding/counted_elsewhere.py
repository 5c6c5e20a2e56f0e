"""What embedders share whose model offers neither its tokenizer nor its limits: a service's, a library's."""

from collections.abc import Sequence

import numpy as np

from pipelines.core.errors import ServiceError
from pipelines.core.protocols import Embedder
from resources.embedding.languages import Languages


class CountedElsewhere:
    """Sizes are counted by another model's tokenizer; what a text may be, the settings say, or nobody."""

    def __init__(self, name: str, counter: Embedder, languages: Languages, max_tokens: int | None) -> None:
        self.name, self._counter, self.computed = name, counter, 0
        self._languages, self.max_tokens = languages, max_tokens

    @property
    def tokenizer(self) -> str:
        """What counts the tokens."""
        return self._counter.tokenizer

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the length of each text in tokens of the packaged model: near enough to fill a chunk."""
        return self._counter.count_tokens(texts)

    def reads(self, language: str) -> bool:
        """Say whether the settings name the language, or none at all."""
        return language in self._languages

    def _as_vectors(self, rows: Sequence[Sequence[float]], dimensions: int) -> np.ndarray:
        """Return float32 of shape (len(rows), dimensions), L2-normalised. Raises ServiceError for any other shape."""
        equal = len({len(row) for row in rows}) == 1
        vectors = np.asarray(rows, dtype=np.float32) if equal else np.zeros((len(rows), 0), dtype=np.float32)
        if vectors.ndim != 2 or vectors.shape[1] != dimensions or not np.isfinite(vectors).all():
            raise ServiceError(
                f"the embedding model {self.name}",
                f"vectors of shape {vectors.shape}",
                f"finite vectors of {dimensions} numbers each",
                "serve one model under this name; after a change of it: graftline run --reembed",
            )
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        return (vectors / np.where(lengths == 0, 1.0, lengths)).astype(np.float32)
