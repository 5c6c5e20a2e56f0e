"""What the server's endpoint adds to a model's own first token; the scripted server is the model."""

import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from benchmarks.answer_cases.cases import STAGES, load
from benchmarks.answer_cases.home import settings_of
from benchmarks.answer_cases.scripted_server import MODEL, Habits, scripted_server
from benchmarks.ground.common import Row
from pipelines.serving.app import create_app
from pipelines.serving.opening import warm_answerer
from resources.tables.tables import TableStore

_CLIENTS, _REQUESTS = 16, 200
_FIRST_TOKEN_SECONDS = 0.2
"""What the scripted model takes before it says anything: its own first token, which no endpoint can beat."""


def overhead(home: Path) -> Row:
    """Return the endpoint's time to the first token less retrieval and less the model's own, median of 200 requests."""
    cases = load(*(f"right_{stage}" for stage in STAGES))
    with ExitStack() as stack:
        served = stack.enter_context(
            scripted_server(cases, Habits(first_token_seconds=_FIRST_TOKEN_SECONDS))
        )  # fmt: skip
        settings = settings_of(home, served.address)
        warm = warm_answerer(settings)
        address = stack.enter_context(_running(create_app(warm, TableStore(home / "tables"))))
        with warm.opened() as lent:
            for case in cases:
                lent.answerer.retrieve(case.question, "native", 20)
            started = time.perf_counter()
            for case in cases:
                lent.answerer.prepare(case.question, "native")
            retrieval = (time.perf_counter() - started) / len(cases)
        bodies = [
            {"model": "native", "stream": True, "messages": [{"role": "user", "content": f"{case.question}"}]}
            for case in cases
        ]
        (home / "cache" / "llm.sqlite").unlink(missing_ok=True)
        _first_token(address, bodies[0], "/v1")  # the first answer of a server comes whole
        with ThreadPoolExecutor(_CLIENTS) as pool:
            spent = list(
                pool.map(lambda n: _first_token(address, _fresh(bodies[n % len(bodies)], n), "/v1"), range(_REQUESTS))
            )
            own = list(
                pool.map(
                    lambda n: _first_token(served.address, _plain(bodies[n % len(bodies)], n), ""), range(_REQUESTS)
                )
            )
    value = 1000 * (statistics.median(spent) - statistics.median(own) - retrieval)
    note = (
        f"{_REQUESTS} requests of {_CLIENTS} clients on this machine; median {1000 * statistics.median(spent):.0f} ms, "
        f"the model's own {1000 * statistics.median(own):.0f} ms, retrieval and prompt alone {1000 * retrieval:.0f} ms"
    )
    return Row("first_token_overhead_ms", "ms", "<= 30", value, note=note)


def _fresh(body: dict[str, Any], number: int) -> dict[str, Any]:
    """Return the request with a question that no cache knows, and that the scripted server still recognises."""
    question = body["messages"][-1]["content"]
    return body | {"messages": [{"role": "user", "content": f"({number}) {question}"}]}


def _plain(body: dict[str, Any], number: int) -> dict[str, Any]:
    return _fresh(body, number) | {"model": MODEL}


def _first_token(address: str, body: dict[str, Any], prefix: str) -> float:
    started = time.perf_counter()
    with httpx.stream("POST", f"{address}{prefix}/chat/completions", json=body, timeout=60) as response:
        for line in response.iter_lines():
            if '"content": "' in line and '"content": ""' not in line:
                return time.perf_counter() - started
    raise RuntimeError("the stream ended without a token")


@contextmanager
def _running(app: Any) -> Iterator[str]:
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
