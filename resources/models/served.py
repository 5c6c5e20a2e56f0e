"""A language model behind an OpenAI-protocol server: concurrency, retries with back-off, time-outs, token counts."""

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Any

from pipelines.core.errors import ConfigurationError
from pipelines.core.protocols import Completion, Messages
from resources.models.openai_server import OpenAIServer

log = logging.getLogger("graftline")

_CONCURRENCY = 16
_RETRIES = 4
_TIMEOUT_SECONDS = 120.0
_CHECK_SECONDS = 5.0
_REPORT_EVERY = 50


class ServedModel:
    """Any server that speaks `/v1/chat/completions`; the client's own retries back off on 408, 409, 429 and 5xx."""

    def __init__(
        self,
        base_url: str,
        model: str,
        api_key: str,
        concurrency: int = _CONCURRENCY,
        retries: int = _RETRIES,
        timeout: float = _TIMEOUT_SECONDS,
    ) -> None:
        self._server = OpenAIServer("LLM", base_url, model, api_key)
        self.name, self._model = self._server.name, model
        self._concurrency, self._retries, self._timeout = concurrency, retries, timeout

    def generate(
        self, prompts: Sequence[Messages], max_tokens: int, schema: dict[str, Any] | None
    ) -> Iterator[tuple[int, Completion]]:
        """Yield (number of the prompt, completion) as they arrive. Raises ServiceError."""
        import openai

        with self._server.client(self._timeout, self._retries) as client, ThreadPoolExecutor(self._concurrency) as pool:
            jobs = {pool.submit(self._one, client, one, max_tokens, schema): n for n, one in enumerate(prompts)}
            try:
                for done, job in enumerate(as_completed(jobs), start=1):
                    yield jobs[job], job.result()
                    if done % _REPORT_EVERY == 0:
                        log.info("%s: %d of %d completions", self._model, done, len(jobs))
            except openai.OpenAIError as error:
                raise self._server.failure(error, "a completion") from None
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    def _one(self, client: Any, messages: Messages, max_tokens: int, schema: dict[str, Any] | None) -> Completion:
        format_of_answer = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": True}}
        extra = {"response_format": format_of_answer} if schema else {}
        answer = client.chat.completions.create(
            model=self._model, messages=messages, max_tokens=max_tokens, temperature=0, **extra
        )
        usage = answer.usage
        text = answer.choices[0].message.content or ""
        return Completion(text, usage.prompt_tokens if usage else 0, usage.completion_tokens if usage else 0)

    def check(self) -> None:
        """Raise ServiceError unless the server answers and serves the model."""
        import openai

        try:
            with self._server.client(_CHECK_SECONDS, 0) as client:
                served = [model.id for model in client.models.list()]
        except openai.OpenAIError as error:
            raise self._server.failure(error, "a completion") from None
        if served and self._model not in served:
            raise ConfigurationError(
                "LLM_MODEL",
                f"'{self._model}'",
                f"one of {', '.join(sorted(served)[:10])}",
                f"set LLM_MODEL={sorted(served)[0]}",
            )
