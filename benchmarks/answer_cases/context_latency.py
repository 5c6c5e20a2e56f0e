"""How long a question waits for its prompt over a large graph: retrieval and packed context, one question at a time."""

import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.corpora import multihop
from benchmarks.corpora.large_graph import large_store
from benchmarks.ground.common import Row, say
from pipelines.answering.ask import Answerer
from pipelines.core.protocols import Completion, Messages, Usable
from resources.embedding.embedders import open_embedder
from resources.settings import Settings

CHUNKS, ENTITIES = 100_000, 200_000
_QUICK = 20
TARGETS = {"native": 50, "hybrid": 100}
_WARMING = 20


class Unasked:
    """A model that can read whole passages, and that nobody asks anything here."""

    name, packaged, context_tokens = "unasked", False, 32_768

    def complete(
        self,
        prompts: Sequence[Messages],
        max_tokens: int,
        schema: dict[str, Any] | None = None,
        usable: Usable | None = None,
    ) -> list[Completion]:
        raise RuntimeError("retrieval asked the model")

    stream = complete

    def check(self) -> None: ...


def context_latency(home: Path, modes: Sequence[str], seed: int, quick: bool) -> list[Row]:
    """Return a row a mode: the 95th percentile of the time from a question to its prompt, in the embedded store.

    The product's own way, its caches empty of these questions: vector, searches, rows, ranking, packing, prompt.
    """
    share = _QUICK if quick else 1
    chunks, entities = CHUNKS // share, ENTITIES // share
    store, questions = large_store(home, multihop.CorpusEmbedder(home), chunks, seed, entities)
    counts = store.counts()
    work = home / "bench" / "context"
    rows = []
    for mode in modes:
        load = os.getloadavg()[0]
        shutil.rmtree(work, ignore_errors=True)  # a question's vector would be known else
        settings = Settings(GRAFTLINE_HOME=str(work))
        with Answerer(store=store, embedder=open_embedder(settings), language_model=Unasked()) as answerer:
            for number, question in enumerate(questions[:_WARMING]):
                answerer.prepare(f"({number}) {question}", mode)
            spent, computed, prompts = [], [], []
            for question in questions:
                started, computing = time.perf_counter(), time.process_time()
                prompt = answerer.prepare(question, mode).draft.prompt
                spent.append(1000 * (time.perf_counter() - started))
                computed.append(1000 * (time.process_time() - computing))
                prompts.append(answerer.count_tokens([prompt[-1]["content"]])[0] if prompt else 0)
        median, p95, p99 = (float(np.percentile(spent, part)) for part in (50, 95, 99))
        busy, busiest = (float(np.percentile(computed, part)) for part in (50, 95))
        say(f"{mode}: median {median:.0f} ms, p95 {p95:.0f} ms; of the processor {busy:.0f} and {busiest:.0f} ms")
        note = (
            f"{len(questions)} questions once each over {counts['chunks']} chunks of real sentences mixed anew, "
            f"{counts['entities']} entities and {counts['relations']} relations; median {median:.0f} ms, 99 % "
            f"{p99:.0f} ms; processor time, of all threads together: median {busy:.0f} ms, 95 % {busiest:.0f} ms; "
            f"prompts of {np.median(prompts):.0f} tokens; {_memory():.1f} GiB of memory at most; load {load:.1f} before"
        )
        rows.append(Row(f"p95_{mode}_ms", "ms", f"<= {TARGETS[mode]}", p95, note=note))
    shutil.rmtree(work, ignore_errors=True)
    return rows


def _memory() -> float:
    """Return the most memory that this process has held so far, in GiB."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 2**20
    return 0.0
