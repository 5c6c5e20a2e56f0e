"""One client for batches over HTTP: token ids in, many at once, tried again where it helps, the key never shown."""

import json
import logging
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from typing import Any

from pipelines.core.errors import ServiceError
from pipelines.core.masked import HIDDEN, masked, without_user
from resources.engines.servers.protocols import Answered, Asked, Protocol

log = logging.getLogger("graftline")

_AGAIN = (408, 409, 425, 429, 500, 502, 503, 504)
_KEY_STATUSES = (401, 403)
_LONGEST_WAIT_SECONDS = 60.0


class CompletionsClient:
    """Completions of prompts from one server; `failed` gives the error of a server of ours that is gone, if it is."""

    def __init__(
        self,
        url: str,
        protocol: Protocol,
        api_key: str = "",
        concurrency: int = 64,
        retries: int = 4,
        timeout: float = 3600.0,
        failed: Callable[[], ServiceError | None] = lambda: None,
        pause: float = 0.5,
    ) -> None:
        import httpx

        self._shown, self._key, self._protocol = without_user(url.rstrip("/")), api_key, protocol
        self._concurrency, self._retries, self._pause, self._failed = concurrency, retries, pause, failed
        self._left_out: frozenset[str] = frozenset()
        self._lock = threading.Lock()
        self.retried = 0
        """How many requests were sent again."""
        self._http = httpx.Client(
            # A request has one place for either: a key goes before the user of an address.
            base_url=(without_user(url) if api_key else url).rstrip("/").removesuffix("/v1"),
            headers={"Authorization": f"Bearer {api_key}"} if api_key else {},
            timeout=httpx.Timeout(timeout, connect=10.0),
            limits=httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency),
            trust_env=not url.startswith("http://127.0.0.1"),
        )

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def generate(self, asked: Sequence[Asked], told: Callable[[int, Answered], None] | None = None) -> list[Answered]:
        """Return one answer a request, in order; `told` is called with each as it comes. ServiceError for the first
        that the server refuses or does not answer; what was not sent yet is not sent then.
        """
        answers: dict[int, Answered] = {}

        def one(number: int) -> None:
            answers[number] = self.complete(asked[number])
            if told:
                with self._lock:
                    told(number, answers[number])

        with ThreadPoolExecutor(self._concurrency) as pool:
            jobs = [pool.submit(one, number) for number in range(len(asked))]
            done, waiting = wait(jobs, return_when=FIRST_EXCEPTION)
            if any(job.exception() for job in done):
                for job in waiting:
                    job.cancel()
            for job in done:
                job.result()
        return [answers[number] for number in range(len(asked))]

    def complete(self, asked: Asked) -> Answered:
        """Return the completion of one request."""
        import httpx

        tried = 0
        while True:
            left_out = self._left_out
            body = {name: value for name, value in self._protocol.body(asked).items() if name not in left_out}
            try:
                answer = self._http.post(self._protocol.path, json=body)
                if answer.status_code == 200:
                    return self._protocol.read(answer.json())
            except (httpx.HTTPError, ValueError, LookupError) as error:
                found, status, after = f"{type(error).__name__}: {error}", None, None
                if isinstance(error, ValueError | LookupError) or self._failed():
                    raise self._error(found, None) from None
            else:
                status, after = answer.status_code, answer.headers.get("retry-after")
                if status in (400, 422) and self._refused(answer.text, left_out):
                    continue
                found = f"status {status}"
                # What refuses a key often repeats it, in a form that nothing here would recognise.
                found += f": {_sentence(answer.text)}" if answer.text and status not in _KEY_STATUSES else ""
            if tried >= self._retries or (status is not None and status not in _AGAIN):
                raise self._error(found, status)
            time.sleep(self._wait(tried, after))
            tried += 1
            with self._lock:
                self.retried += 1

    def stream(self, asked: Asked) -> Iterator[float]:
        """Yield the seconds from the request to each piece that the server sends of one answer."""
        started = time.perf_counter()
        body = {**self._protocol.body(asked), "stream": True}
        with self._http.stream("POST", self._protocol.path, json=body) as answer:
            if answer.status_code != 200:
                raise self._error(f"status {answer.status_code}: {answer.read().decode(errors='replace')[:200]}", None)
            for line in answer.iter_lines():
                if line.startswith("data:") and "[DONE]" not in line:
                    yield time.perf_counter() - started

    def get(self, path: str) -> Any:
        """Return the answer to a GET, as text or JSON; ServiceError where there is none."""
        import httpx

        try:
            answer = self._http.get(path)
        except httpx.HTTPError as error:
            raise self._error(f"{type(error).__name__}: {error}", None) from None
        if answer.status_code != 200:
            raise self._error(f"status {answer.status_code} of {path}", answer.status_code)
        return answer.json() if "json" in answer.headers.get("content-type", "") else answer.text

    def _refused(self, text: str, left_out: frozenset[str]) -> bool:
        """Leave out what a server does not know and the text does not depend on; say whether there is such a thing."""
        named = [name for name in self._protocol.optional if name in text and name not in left_out]
        if named:
            with self._lock:
                self._left_out |= {*named}
            log.warning("%s does not take %s: left out from now on", self._shown, ", ".join(named))
        return bool(named)

    def _wait(self, tried: int, after: str | None) -> float:
        said = float(after) if after and after.replace(".", "", 1).isdecimal() else 0.0
        return min(_LONGEST_WAIT_SECONDS, max(said, self._pause * 2**tried * (0.5 + random.random())))

    def _error(self, found: str, status: int | None) -> ServiceError:
        gone = self._failed()
        if gone:
            return gone
        found = masked(found.replace(self._key, HIDDEN) if self._key else found)
        fix = "set GRAFTLINE_ENGINE_API_KEY to a valid key" if status in _KEY_STATUSES else "read the server's log"
        return ServiceError(
            f"the engine at {self._shown}", found, "a completion of token ids", f"{fix}, and run it again"
        )


def _sentence(text: str) -> str:
    """Return what a server says of an error, without the JSON around it."""
    try:
        said = json.loads(text)
    except ValueError:
        return text[:300]
    error = said.get("error", said) if isinstance(said, dict) else said
    return str(error.get("message", error) if isinstance(error, dict) else error)[:300]
