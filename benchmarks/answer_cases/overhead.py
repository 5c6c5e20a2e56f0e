"""What the endpoint adds to a model's own first token; model, server and clients are processes of their own."""

import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from benchmarks.answer_cases.cases import STAGES, Case, load
from benchmarks.answer_cases.home import settings_of
from benchmarks.answer_cases.scripted_server import MODEL
from benchmarks.ground.common import ROOT, Row
from pipelines.opening import opened_answerer

_CLIENTS, _REQUESTS, _WARMING = 16, 200, 32
_FIRST_TOKEN_SECONDS = 0.2
"""What the scripted model takes before it says anything: its own first token, which no endpoint can beat."""
_SETS = tuple(f"right_{stage}" for stage in STAGES)


@dataclass(frozen=True)
class Asked:
    """Seconds to the first token as the client saw them, and what the server told of the same request."""

    first: float
    timing: Mapping[str, float] = field(default_factory=dict)

    @property
    def before_model(self) -> float:
        """From the question to its prompt, by the server."""
        return sum(self.timing[name] for name in ("waiting", "retrieval", "prompt"))


def overhead(home: Path) -> Row:
    """Return the first token's time after retrieval over the model's own, median of 200 requests of 16 clients.

    Of each request, what its client waited for the first token less what the server spent until the prompt stood; of
    that the median, less the median that the same clients wait for the model server alone, with the same prompts.
    """
    cases, load_before = load(*_SETS), os.getloadavg()[0]
    with ExitStack() as stack:
        model = stack.enter_context(_model())
        settings = settings_of(home, model)
        with opened_answerer(settings) as answerer:
            answerer.prepare(cases[0].question, "native")
            started = time.perf_counter()
            prompts = [answerer.prepare(_numbered(case, n), "native").draft.prompt for n, case in enumerate(cases)]
            alone = (time.perf_counter() - started) / len(cases)
        (home / "cache" / "llm.sqlite").unlink(missing_ok=True)
        address = stack.enter_context(_server(home, model))
        _ask(address, cases, range(-_WARMING, 0))
        found = _ask(address, cases, range(_REQUESTS))
        own = [one.first for one in _each(lambda n: _own(model, prompts[n % len(prompts)]), range(_REQUESTS))]
    seconds, model_own = statistics.median(one.first for one in found), statistics.median(own)
    behind = statistics.median(one.first - one.before_model for one in found) - model_own
    steps = {name: 1000 * statistics.median(one.timing[name] for one in found) for name in found[0].timing}
    total = 1000 * (seconds - model_own - alone)
    note = (
        f"{_REQUESTS} requests of {_CLIENTS} clients at once, all on this machine; medians: first token "
        f"{1000 * seconds:.0f} ms, the model's own {1000 * model_own:.0f} ms; of each request until its prompt stood "
        f"{steps['waiting']:.0f} ms waiting for other questions' searches, {steps['retrieval']:.0f} ms retrieval, "
        f"{steps['prompt']:.0f} ms prompt; with that waiting, over one question's retrieval without company "
        f"({1000 * alone:.0f} ms), the first token comes {total:.0f} ms after the model's own; "
        f"load {load_before:.1f} before"
    )
    return Row("first_token_overhead_ms", "ms", "<= 30", 1000 * behind, note=note)


def _numbered(case: Case, number: int) -> str:
    """Return a question that no cache knows, and that the scripted server still recognises."""
    return f"({number}) {case.question}"


def _ask(address: str, cases: Sequence[Case], numbers: range) -> list[Asked]:
    bodies = [
        {"model": "native", "messages": [{"role": "user", "content": _numbered(cases[n % len(cases)], n)}]}
        for n in numbers
    ]
    return _each(lambda n: _streamed(f"{address}/v1", bodies[n]), range(len(bodies)))


def _own(model: str, prompt: Any) -> Asked:
    return _streamed(model, {"model": MODEL, "messages": prompt})


def _each(ask: Any, numbers: range) -> list[Asked]:
    with ThreadPoolExecutor(_CLIENTS) as pool:
        return list(pool.map(ask, numbers))


def _streamed(address: str, body: dict[str, Any]) -> Asked:
    """Ask and read to the end, as a user's front end does."""
    first, timing, started = None, {}, time.perf_counter()
    with _CLIENT.stream("POST", f"{address}/chat/completions", json=body | {"stream": True}) as response:
        for line in response.iter_lines():
            if first is None and '"content": "' in line and '"content": ""' not in line:
                first = time.perf_counter() - started
            if '"graftline":' in line:
                timing = json.loads(line.removeprefix("data: "))["graftline"]["timing"]
    if first is None:
        raise RuntimeError("the stream ended without a token")
    return Asked(first, timing)


_CLIENT = httpx.Client(timeout=120, limits=httpx.Limits(max_connections=_CLIENTS))


@contextmanager
def _model() -> Iterator[str]:
    module, seconds = "benchmarks.answer_cases.scripted_server", str(_FIRST_TOKEN_SECONDS)
    command = [sys.executable, "-m", module, *_SETS, "--port", "0", "--first-token-seconds", seconds]
    with _process(command, {}, r"LLM_BASE_URL=(\S+)") as address:
        yield address


@contextmanager
def _server(home: Path, model: str) -> Iterator[str]:
    """Run the product's own command over the home, with the model that is served."""
    given = {"GRAFTLINE_HOME": str(home), "LLM_BASE_URL": model, "LLM_MODEL": MODEL}
    command = [sys.executable, "-m", "pipelines.commands.cli", "serve", "--port", "0"]
    with _process(command, given, r"Ask on (http://[^/]+)/") as address:
        deadline = time.monotonic() + 120
        while True:
            try:
                httpx.get(f"{address}/health", timeout=60).raise_for_status()
                break
            except httpx.TransportError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
        yield address


@contextmanager
def _process(command: Sequence[str], given: Mapping[str, str], told: str) -> Iterator[str]:
    """Run a command until the end of the block; yield what it tells of itself in a line that matches."""
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **given}, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        match = next((found for line in process.stdout if (found := re.search(told, line))), None)
        if match is None:
            raise RuntimeError(f"{' '.join(command[1:4])} ended with status {process.wait()}")
        yield match[1]
    finally:
        process.terminate()
        process.wait(30)
