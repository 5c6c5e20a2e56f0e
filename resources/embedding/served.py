"""An embedding model behind an OpenAI-protocol server: batches, retries, checks."""

import functools
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from pipelines.core.delta import batched
from pipelines.core.protocols import Embedder
from resources.embedding.counted_elsewhere import CountedElsewhere
from resources.embedding.languages import EVERY_LANGUAGE, Languages
from resources.models.chat_answer import MalformedAnswer
from resources.models.openai_server import OpenAIServer

_BATCH = 64
_CONCURRENCY = 4
_RETRIES = 4
_TIMEOUT_SECONDS = 60.0


class ServedEmbedder(CountedElsewhere):
    """Any server of `/v1/embeddings`; the client's own retries back off on 408, 409, 429 and 5xx."""

    asymmetric = False

    def __init__(
        self,
        base_url: str,
        model: str,
        api_key: str,
        counter: Embedder,
        *,
        languages: Languages = EVERY_LANGUAGE,
        max_tokens: int | None = None,
        batch: int = _BATCH,
        retries: int = _RETRIES,
        timeout: float = _TIMEOUT_SECONDS,
    ) -> None:
        self._server, self._model = OpenAIServer("EMBEDDING", base_url, model, api_key), model
        super().__init__(self._server.name, counter, languages, max_tokens)
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
                vectors[part] = self._as_vectors(answer, self.dimensions)
        self.computed += len(texts)
        return vectors

    def embed_queries(self, texts: Sequence[str]) -> np.ndarray:
        """Return what `embed` does: the protocol knows no questions."""
        return self.embed(texts)

    @functools.cached_property
    def _client(self) -> Any:
        return self._server.client(self._timeout, self._retries)

    def _request(self, texts: list[str]) -> list[list[float]]:
        import openai

        try:
            embeddings = self._client.embeddings.with_raw_response
            answer = embeddings.create(model=self._model, input=texts, encoding_format="float")
            rows = _vectors(answer.http_response.text)
        except (openai.OpenAIError, MalformedAnswer) as error:
            raise self._server.failure(error, "vectors") from None
        if len(rows) != len(texts):
            found, expected = f"{len(rows)} vectors", f"one for each of {len(texts)} texts"
            raise self._server.wrong(found, expected, "look into the server's log")
        return rows


def _vectors(body: str) -> list[list[float]]:
    """Return the vectors of an answer in the order of their texts; MalformedAnswer where it holds none."""
    try:
        rows = sorted(json.loads(body)["data"], key=lambda row: row["index"])
        return [[float(number) for number in row["embedding"]] for row in rows]
    except (ValueError, KeyError, TypeError):
        raise MalformedAnswer(body) from None
