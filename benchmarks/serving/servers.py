"""A server of the table of engines, measured: speed by batch size, first token, memory, room of keys and values."""

import re
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.serving.figures import Measured
from benchmarks.serving.prompts import Prompts
from pipelines.core.errors import ServiceError
from resources.engines.options import EngineOptions
from resources.engines.servers import llama_cpp, sglang_server, tensorrt_llm, vllm_server
from resources.engines.servers.client import CompletionsClient
from resources.engines.servers.protocols import Asked
from resources.engines.servers.served_batch import Launch, LocalEngine, RunningServer, output_of

SERVERS: dict[str, LocalEngine] = {
    one.name: one for one in (vllm_server.SERVER, llama_cpp.SERVER, sglang_server.SERVER, tensorrt_llm.SERVER)
}
_LOOK_SECONDS = 0.05
_GREEDY = EngineOptions().sampling


def measure(
    engine: str,
    launch: Launch,
    asked: Prompts,
    grid: Sequence[tuple[int, int]],
    tokens: int,
    stop: list[int],
    log: Path,
) -> Measured:
    """Run one server over the prompts; `grid` has (batch size, prompts) each, the largest last. Raises what it does."""
    speeds: dict[int, float] = {}
    outputs: list[list[int]] = []
    with RunningServer(SERVERS[engine], launch, log) as it:
        it.generate(asked.questions[:2], 4, stop)  # what is set up with the first request is not in the figures
        first = [
            next(it.client.stream(_one(launch, ids, 2, stop, f"first-{n}")))
            for n, ids in enumerate(asked.questions[:5])
        ]
        kv: list[float] = []
        for size, count in grid:
            client = CompletionsClient(it.server.url, it.engine.protocol, concurrency=size)
            with _watched(it, kv):
                started = time.perf_counter()
                requests = [_one(launch, ids, tokens, stop, f"size-{size}") for ids in asked.questions[:count]]
                made = [output_of(one, stop, None)["token_ids"] for one in client.generate(requests)]
                seconds = time.perf_counter() - started
            speeds[size], outputs = sum(map(len, made)) / seconds, made
            client.close()
        memory, start = it.server.peak_memory_bytes(), it.server.start_seconds
    shared = {"guide": asked.guide, "long": asked.long}
    rates = _hit_rates(SERVERS[engine], launch, shared, stop, log)
    share = max(kv) if kv else None
    return Measured(speeds, first, memory, share, outputs, rates["guide"], rates["long"], start, launch.dtype)


def _one(launch: Launch, ids: list[int], tokens: int, stop: list[int], job: str) -> Asked:
    return Asked(launch.name, ids, tokens, stop, _GREEDY, job=job)


def _hit_rates(
    engine: LocalEngine, launch: Launch, shared: dict[str, list[list[int]]], stop: list[int], log: Path
) -> dict[str, float | None]:
    """Return the share of tokens that were known, one prompt after the other, where the engine tells it."""
    one = replace(launch, slots=1, options=EngineOptions(prefix_caching=True), room=max(map(len, shared["long"])) + 64)
    found: dict[str, float | None] = {}
    with RunningServer(engine, one, log.with_name(f"prefix-{log.name}")) as it:
        for name, prompts in shared.items():
            answers = [it.client.complete(_one(one, ids, 4, stop, name)) for ids in prompts]
            known = [answer.cached for answer in answers]
            told = [count for count in known if count is not None]
            found[name] = sum(told) / sum(map(len, prompts)) if told else None
    return found


@contextmanager
def _watched(it: RunningServer, kv: list[float]) -> Iterator[None]:
    """Note meanwhile how much of the room for keys and values holds tokens."""
    done = threading.Event()

    def look() -> None:
        while not done.wait(_LOOK_SECONDS):
            try:
                found = _kv_share(it)
            except ServiceError:
                return
            if found is not None:
                kv.append(found)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _kv_share(it: RunningServer) -> float | None:
    if it.engine.name == "llama.cpp":
        return slots_share(it.client.get("/slots"))
    if it.engine.name == "vllm-server":
        return gauge(it.client.get("/metrics"), "vllm:kv_cache_usage_perc")
    return None


def slots_share(slots: Sequence[dict[str, Any]]) -> float:
    """Return the share of llama.cpp's slots that hold tokens of requests that run.

    >>> idle = {"n_ctx": 100, "is_processing": False, "n_prompt_tokens": 80}
    >>> slots_share([{"n_ctx": 100, "is_processing": True, "n_prompt_tokens": 30}, idle])
    0.15
    """
    held = sum(int(slot.get("n_prompt_tokens", 0)) for slot in slots if slot.get("is_processing"))
    return held / sum(int(slot["n_ctx"]) for slot in slots)


def gauge(text: str, name: str) -> float | None:
    """Return a gauge of Prometheus' text format, None where it is not there.

    >>> gauge('# HELP a:b c\\na:b{model="m"} 0.25\\n', "a:b")
    0.25
    """
    found = re.search(rf"^{re.escape(name)}(?:{{[^}}]*}})? ([0-9.eE+-]+)$", text, re.MULTILINE)
    return float(found[1]) if found else None
