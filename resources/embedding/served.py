"""An embedding model behind an OpenAI-protocol server, or a LlamaIndex `BaseEmbedding`: batches, retries, checks."""

import functools
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from pipelines.core.delta import batched
from pipelines.core.errors import ServiceError
from pipelines.core.protocols import Embedder
from resources.models.openai_server import OpenAIServer

_BATCH = 64
_CONCURRENCY = 4
_RETRIES = 4
_TIMEOUT_SECONDS = 60.0


def _normalised(vectors: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / np.where(lengths == 0, 1.0, lengths)).astype(np.float32)


class _Counted:
    """What both have in common: sizes are counted by another model's tokenizer, since neither offers its own."""

    def __init__(self, name: str, counter: Embedder) -> None:
        self.name, self._counter, self.computed = name, counter, 0

    @property
    def tokenizer(self) -> str:
        return self._counter.tokenizer

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the length of each text in tokens of the packaged model: near enough to fill a chunk."""
        return self._counter.count_tokens(texts)

    def _one_length(self, vectors: np.ndarray, dimensions: int) -> np.ndarray:
        if vectors.ndim != 2 or vectors.shape[1] != dimensions or not np.isfinite(vectors).all():
            raise ServiceError(
                f"the embedding model {self.name}",
                f"vectors of shape {vectors.shape}",
                f"finite vectors of {dimensions} numbers each",
                "serve one model under this name; after a change of it: graftline run --reembed",
            )
        return _normalised(vectors)


class ServedEmbedder(_Counted):
    """Any server of `/v1/embeddings`; the client's own retries back off on 408, 409, 429 and 5xx."""

    def __init__(self, base_url: str, model: str, api_key: str, counter: Embedder, *, batch: int = _BATCH,
                 retries: int = _RETRIES, timeout: float = _TIMEOUT_SECONDS) -> None:  # fmt: skip
        self._server, self._model = OpenAIServer("EMBEDDING", base_url, model, api_key), model
        super().__init__(self._server.name, counter)
        self._batch, self._retries, self._timeout = batch, retries, timeout

    @functools.cached_property
    def dimensions(self) -> int:
        """Numbers in a vector, as the server answers to one word."""
        return len(self._request(["dimensions"])[0])

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Return float32 of shape (len(texts), dimensions), L2-normalised. Raises ServiceError."""
        if not texts:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda row: (len(texts[row]), texts[row]))
        parts = list(batched(order, self._batch))
        vectors = np.empty((len(texts), self.dimensions), dtype=np.float32)
        with ThreadPoolExecutor(_CONCURRENCY) as pool:
            answers = pool.map(self._request, ([texts[row] for row in part] for part in parts))
            for part, answer in zip(parts, answers, strict=True):
                vectors[part] = self._one_length(_matrix(answer), self.dimensions)
        self.computed += len(texts)
        return vectors

    @functools.cached_property
    def _client(self) -> Any:
        return self._server.client(self._timeout, self._retries)

    def _request(self, texts: list[str]) -> list[list[float]]:
        import openai

        try:
            answer = self._client.embeddings.create(model=self._model, input=texts, encoding_format="float")
        except openai.OpenAIError as error:
            raise self._server.failure(error, "vectors") from None
        rows = sorted(answer.data, key=lambda row: row.index)
        if len(rows) != len(texts):
            found, expected = f"{len(rows)} vectors", f"one for each of {len(texts)} texts"
            raise self._server.wrong(found, expected, "look into the server's log")
        return [row.embedding for row in rows]


class LlamaIndexEmbedder(_Counted):
    """A LlamaIndex `BaseEmbedding` behind our interface; `revision` names its weights where it can."""

    def __init__(self, model: Any, counter: Embedder, revision: str = "llama-index") -> None:
        super().__init__(f"{model.model_name}@{revision}", counter)
        self._model = model

    @functools.cached_property
    def dimensions(self) -> int:
        return len(self._model.get_text_embedding("dimensions"))

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Return float32 of shape (len(texts), dimensions), L2-normalised."""
        if not texts:
            return np.zeros((0, self.dimensions), dtype=np.float32)
        made = self._model.get_text_embedding_batch(list(texts))
        self.computed += len(texts)
        return self._one_length(_matrix(made), self.dimensions)


def _matrix(rows: Sequence[Sequence[float]]) -> np.ndarray:
    if len({len(row) for row in rows}) != 1:
        return np.zeros((len(rows), 0), dtype=np.float32)  # ragged: refused by its shape
    return np.asarray(rows, dtype=np.float32)
