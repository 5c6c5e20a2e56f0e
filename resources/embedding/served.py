"""An embedding model behind an OpenAI-protocol server: batches, retries, checks, and texts that it refuses."""

import functools
import json
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from pipelines.core.delta import batched
from pipelines.core.protocols import Embedder
from resources.embedding.counted_elsewhere import CountedElsewhere
from resources.embedding.languages import EVERY_LANGUAGE, Languages
from resources.embedding.model_files import tell_once
from resources.embedding.model_folder import prompt_before
from resources.embedding.prompts import Prompts, are_there, mark_beside, missing
from resources.models.chat_answer import MalformedAnswer
from resources.models.openai_server import OpenAIServer, body_of

_BATCH = 64
_CONCURRENCY = 4
_RETRIES = 4
_TIMEOUT_SECONDS = 60.0
_REFUSALS = (400, 413, 422)
"""What a server answers about what it was sent; 401, 403, 404 and 429 are about who asks, and for what."""
_PROBE, _SEVERAL = "dimensions", 3
_LOG = logging.getLogger("graftline")


class ServedEmbedder(CountedElsewhere):
    """Any server of `/v1/embeddings`; the client's own retries back off on 408, 409, 429 and 5xx."""

    def __init__(
        self,
        base_url: str,
        model: str,
        api_key: str,
        counter: Embedder,
        *,
        languages: Languages = EVERY_LANGUAGE,
        max_tokens: int | None = None,
        prompts: Prompts | None = None,
        batch: int = _BATCH,
        retries: int = _RETRIES,
        timeout: float = _TIMEOUT_SECONDS,
    ) -> None:
        self._server, self._model = OpenAIServer("EMBEDDING", base_url, model, api_key), model
        self._prompts = prompts or {}
        super().__init__(self._server.name + mark_beside({}, self._prompts), counter, languages, max_tokens)
        if prompts is None and (line := missing(model)):
            tell_once(line)
        self._batch, self._retries, self._timeout = batch, retries, timeout
        self._most, self._refused_in_a_row = batch, 0
        self._parameters = {"encoding_format": "float"}

    @property
    def asymmetric(self) -> bool:
        """Whether anything is put before questions or texts here."""
        return are_there(self._prompts)

    @functools.cached_property
    def dimensions(self) -> int:
        """Numbers in a vector, as the server answers to one word."""
        import openai

        try:
            return len(self._request([_PROBE])[0])
        except openai.APIStatusError as error:
            raise self._server.failure(error, "vectors") from None

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Return float32 of shape (len(texts), dimensions), L2-normalised; zeros for a text that the server refuses.

        Raises ServiceError when it refuses every text, or fails.
        """
        return self._embed(texts, "document")

    def embed_queries(self, texts: Sequence[str]) -> np.ndarray:
        """Return what `embed` does, with what EMBEDDING_PROMPTS puts before questions: the protocol knows none."""
        return self._embed(texts, "query")

    def _embed(self, given: Sequence[str], kind: str) -> np.ndarray:
        before = prompt_before(kind, self._prompts) or ""
        texts = [before + text for text in given]
        vectors = np.zeros((len(texts), self.dimensions), dtype=np.float32)
        order = sorted(range(len(texts)), key=lambda row: (len(texts[row]), texts[row]))
        parts = list(batched(order, self._batch))
        with ThreadPoolExecutor(_CONCURRENCY) as pool:
            answers = pool.map(self._answers, ([texts[row] for row in part] for part in parts))
            for part, answer in zip(parts, answers, strict=True):
                rows = [row for row, vector in zip(part, answer, strict=True) if vector is not None]
                if rows:
                    made = [vector for vector in answer if vector is not None]
                    vectors[rows] = self._as_vectors(made, self.dimensions)
        self.computed += len(texts)
        return vectors

    @functools.cached_property
    def _client(self) -> Any:
        return self._server.client(self._timeout, self._retries)

    def _answers(self, texts: list[str]) -> list[list[float] | None]:
        """Return the vectors of texts, None for what the server refuses of them: the others are asked for apart."""
        import openai

        if len(texts) > self._most:
            return [row for part in batched(texts, self._most) for row in self._answers(list(part))]
        try:
            return [*self._request(texts)]
        except openai.APIStatusError as error:
            if error.status_code not in _REFUSALS:
                raise self._server.failure(error, "vectors") from None
            if len(texts) == 1:
                self._refuse(texts[0], error)
                return [None]
        half = len(texts) // 2
        rows = [*self._answers(texts[:half]), *self._answers(texts[half:])]
        if None not in rows:
            self._most = min(self._most, len(texts) - half)  # it was too many, and none of them
        return rows

    def _refuse(self, text: str, error: Any) -> None:
        """Tell of a refused text; ServiceError where after several a plain word is refused too."""
        import openai

        self._refused_in_a_row += 1
        if self._refused_in_a_row >= _SEVERAL:
            try:
                self._request([_PROBE])
            except openai.APIStatusError:
                raise self._server.failure(error, "vectors") from None
        _LOG.warning(
            "%s refuses a text of %d characters (%s): it has no vector, full text finds it. It begins: %r",
            *(self.name, len(text), self._server.error_text(error), text[:60]),
        )

    def _request(self, texts: list[str]) -> list[list[float]]:
        """Return the vectors of texts; openai.APIStatusError where the server refuses, ServiceError where it fails."""
        import httpx
        import openai

        try:
            # The client's own method would put another encoding_format in the place of one that is left out.
            body = {"model": self._model, "input": texts} | self._parameters
            answer = self._client.post("/embeddings", cast_to=httpx.Response, body=body)
            rows = _vectors(answer.text)
        except openai.APIStatusError as error:
            named = [name for name in self._parameters if name in body_of(error)]
            if error.status_code in _REFUSALS and named:
                self._parameters = {name: value for name, value in self._parameters.items() if name not in named}
                _LOG.info("%s is asked without %s from now on", self._model, ", ".join(named))
                return self._request(texts)
            raise
        except (openai.OpenAIError, MalformedAnswer) as error:
            raise self._server.failure(error, "vectors") from None
        if len(rows) != len(texts):
            found, expected = f"{len(rows)} vectors", f"one for each of {len(texts)} texts"
            raise self._server.wrong(found, expected, "look into the server's log")
        self._refused_in_a_row = 0
        return rows


def _vectors(body: str) -> list[list[float]]:
    """Return the vectors of an answer in the order of their texts; MalformedAnswer where it holds none."""
    try:
        rows = sorted(json.loads(body)["data"], key=lambda row: row["index"])
        return [[float(number) for number in row["embedding"]] for row in rows]
    except (ValueError, KeyError, TypeError):
        raise MalformedAnswer(body) from None
