"""An embedding model that LlamaIndex has a class for."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from pipelines.core.protocols import Embedder
from resources.embedding.counted_elsewhere import CountedElsewhere
from resources.embedding.languages import EVERY_LANGUAGE, Languages
from resources.models.llamaindex import NamedClass


class LlamaIndexEmbedder(CountedElsewhere):
    """A LlamaIndex `BaseEmbedding` behind our interface, made when its first vector is asked for."""

    asymmetric = True  # every class has a method for questions; whether it differs, none says

    def __init__(
        self,
        named: NamedClass,
        counter: Embedder,
        *,
        languages: Languages = EVERY_LANGUAGE,
        max_tokens: int | None = None,
    ) -> None:
        super().__init__(named.name, counter, languages, max_tokens)
        self._named = named

    @functools.cached_property
    def dimensions(self) -> int:
        """Numbers in a vector, as the model answers to one word."""
        return len(self._called(self._model.get_text_embedding, "dimensions"))

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Return float32 of shape (len(texts), dimensions), L2-normalised. Raises ServiceError."""
        return self._vectors(self._called(self._model.get_text_embedding_batch, list(texts)) if texts else [])

    def embed_queries(self, texts: Sequence[str]) -> np.ndarray:
        """Return what `embed` does, by the class's method for questions."""
        return self._vectors([self._called(self._model.get_query_embedding, text) for text in texts])

    def _vectors(self, rows: Sequence[Sequence[float]]) -> np.ndarray:
        if not rows:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        self.computed += len(rows)
        return self._as_vectors(rows, self.dimensions)

    @functools.cached_property
    def _model(self) -> Any:
        from llama_index.core.base.embeddings.base import BaseEmbedding

        return self._named.open(BaseEmbedding)

    def _called(self, method: Callable[[Any], Any], argument: Any) -> Any:
        try:
            return method(argument)
        except Exception as error:  # every package has errors of its own
            raise self._named.failure(error) from None
