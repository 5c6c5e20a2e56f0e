"""A language model behind an OpenAI-protocol server: concurrency, retries with back-off, time-outs, token counts."""

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import replace
from functools import cached_property
from typing import Any

from pipelines.core.cost.budget import BudgetReached, prompt_at_most
from pipelines.core.cost.meter import Meter
from pipelines.core.errors import ConfigurationError, shell_setting
from pipelines.core.progress.progress import Progress
from pipelines.core.protocols import CUT, Completion, Messages
from resources.models.chat_answer import MalformedAnswer, completion_of
from resources.models.dialect import Dialect
from resources.models.equal_errors import PROBE, EqualErrors
from resources.models.model_list import context_of, listed_models
from resources.models.openai_server import OpenAIServer, body_of
from resources.models.reasoning import without_reasoning
from resources.models.streamed import stream_completion
from resources.models.thought_filter import ThoughtFilter

log = logging.getLogger("graftline")

_CONCURRENCY = 16
_RETRIES = 4
_TIMEOUT_SECONDS = 120.0
_CHECK_SECONDS = 5.0
_CHECK_TOKENS = 16
_NO_SUCH_ADDRESS = (404, 405, 501)
_NOT_ABOUT_PARAMETERS = (401, 403, 429)


class ServedModel:
    """Any server that speaks `/v1/chat/completions`; the client's own retries back off on 408, 409, 429 and 5xx.

    What a server refuses of the protocol is left out and remembered: see `Dialect`.
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        api_key: str,
        concurrency: int = _CONCURRENCY,
        retries: int = _RETRIES,
        timeout: float = _TIMEOUT_SECONDS,
        meter: Meter | None = None,
    ) -> None:
        self._server = OpenAIServer("LLM", base_url, model, api_key)
        self.name, self._model = self._server.name, model
        self.packaged, self.meter = False, meter or Meter()
        self._concurrency, self._retries, self._timeout = concurrency, retries, timeout
        self._dialect = Dialect()
        self._unopened_thoughts: bool | None = None

    @cached_property
    def context_tokens(self) -> int | None:
        """What the server's list of models says of this one; None where it says nothing or does not answer."""
        import openai

        try:
            client = self._server.client(_CHECK_SECONDS, 0)
            return context_of(client.models.with_raw_response.list().http_response.text, self._model)
        except openai.OpenAIError:
            return None

    def generate(
        self, prompts: Sequence[Messages], max_tokens: int, schema: dict[str, Any] | None
    ) -> Iterator[tuple[int, Completion]]:
        """Yield (number of the prompt, completion) as they arrive; what fails for one prompt is in its `failure`.

        Raises ServiceError when the server fails for all, after what was in flight has been yielded. Nothing is sent
        that the budget has no room for.
        """
        import openai

        errors, client = EqualErrors(), self._server.client(self._timeout, self._retries)
        told = Progress(self._model, len(prompts), "completions")
        with ThreadPoolExecutor(self._concurrency) as pool:
            jobs = {pool.submit(self._one, client, one, max_tokens, schema): n for n, one in enumerate(prompts)}
            try:
                for job in as_completed(jobs):
                    number = jobs.pop(job)
                    try:
                        yield number, job.result()
                        errors.answered()
                    except BudgetReached as reached:
                        yield number, Completion("", 0, 0, failure=reached.reason)
                    except (openai.OpenAIError, MalformedAnswer) as error:
                        row = errors.failed((type(error), getattr(error, "status_code", None)))
                        if row or (not jobs and errors.only_errors):
                            if not self._answers(client, max_tokens, schema):
                                yield from _arrived(jobs)
                                raise self._server.failure(error, "a completion") from None
                            errors.probed()
                        yield number, Completion("", 0, 0, failure=self._server.error_text(error))
                    told.add()
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    def stream(self, messages: Messages, max_tokens: int) -> Iterator[str | Completion]:
        """Yield one answer's pieces as they come and last the completion; ServiceError where the server fails.

        The first answer comes whole: only then is it known whether the model's thoughts have an opening tag.
        """
        import openai

        client = self._server.client(self._timeout, self._retries)
        try:
            if self._unopened_thoughts is None:
                raw = self._one(client, messages, max_tokens, None)
                thoughts = ThoughtFilter()
                thoughts.add(raw.text)
                self._unopened_thoughts = thoughts.had_unopened_thought
                answer = without_reasoning(raw.text)
                yield answer
                yield replace(raw, text=answer)
                return
            arguments = self._dialect.arguments(max_tokens, None)
            thoughts = ThoughtFilter(self._unopened_thoughts)
            call, completion = self.meter.admit(prompt_at_most(messages), _limit(arguments, max_tokens)), None
            try:
                for piece in stream_completion(client, self._model, messages, arguments, thoughts):
                    completion = piece if isinstance(piece, Completion) else None
                    yield piece
            finally:
                self.meter.settle(call, completion)
        except (openai.OpenAIError, MalformedAnswer) as error:
            raise self._server.failure(error, "a completion") from None

    def _answers(self, client: Any, max_tokens: int, schema: dict[str, Any] | None) -> bool:
        """Say whether the server answers a prompt that nobody refuses."""
        import openai

        try:
            self._one(client.with_options(max_retries=0), PROBE, max_tokens, schema)
        except BudgetReached:
            return True
        except (openai.OpenAIError, MalformedAnswer):
            return False
        return True

    def _one(self, client: Any, messages: Messages, max_tokens: int, schema: dict[str, Any] | None) -> Completion:
        """Return one completion, asked for in the dialect that the server takes; what was learned of it stays."""
        import openai

        known = dialect = self._dialect
        cut: Completion | None = None
        while True:
            try:
                arguments = dialect.arguments(max_tokens, schema)
                completion = self._metered(client, messages, arguments, max_tokens, schema)
            except (openai.APIStatusError, MalformedAnswer) as error:
                about = getattr(error, "status_code", None) not in _NOT_ABOUT_PARAMETERS
                other = dialect.without(body_of(error), schema) if about else None
                if other is None:
                    if cut is not None:
                        return cut
                    raise
                dialect = other
                continue
            if completion.finish_reason == CUT and not dialect.thinking and not without_reasoning(completion.text):
                cut, dialect = completion, replace(dialect, thinking=True)
                continue
            if dialect != known:
                # Only now: what an answer followed was the parameter's fault and not the prompt's.
                log.info("%s is asked by %s from now on", self._model, dialect)
                self._dialect = dialect
            return completion

    def _metered(
        self, client: Any, messages: Messages, arguments: dict[str, Any], max_tokens: int, schema: dict[str, Any] | None
    ) -> Completion:
        """Return what one request brings, counted; BudgetReached where the budget has no room for it."""
        call = self.meter.admit(prompt_at_most(messages), _limit(arguments, max_tokens))
        completion = None
        try:
            answer = client.chat.completions.with_raw_response.create(model=self._model, messages=messages, **arguments)
            completion = completion_of(answer.http_response.text, schema is not None)
            return completion
        finally:
            self.meter.settle(call, completion)

    def check(self) -> None:
        """Raise GraftlineError unless the server answers and, where it lists its models, serves this one."""
        import openai

        try:
            client = self._server.client(_CHECK_SECONDS, 0)
            try:
                served = listed_models(client.models.with_raw_response.list().http_response.text)
            except openai.APIStatusError as error:
                if error.status_code not in _NO_SUCH_ADDRESS:
                    raise
                self._one(client, PROBE, _CHECK_TOKENS, None)
                return
        except (openai.OpenAIError, MalformedAnswer) as error:
            raise self._server.failure(error, "a completion") from None
        if served and self._model not in served:
            raise ConfigurationError(
                "LLM_MODEL",
                f"'{self._model}'",
                f"one of {', '.join(sorted(served)[:10])}",
                f"set {shell_setting('LLM_MODEL', sorted(served)[0])}",
            )


def _limit(arguments: dict[str, Any], max_tokens: int) -> int:
    """Return how many tokens a request may bring, with what thinking takes."""
    return int(arguments.get("max_tokens") or arguments.get("max_completion_tokens") or max_tokens)


def _arrived(jobs: dict[Future[Completion], int]) -> Iterator[tuple[int, Completion]]:
    """Yield what requests in flight still bring: it is paid for. Those that wait are not sent."""
    flying = [job for job in jobs if not job.cancel()]
    for job in as_completed(flying):
        if job.exception() is None:
            yield jobs[job], job.result()
