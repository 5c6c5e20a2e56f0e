"""Documents that change: the first load against LlamaIndex, an idle run, a small change, and memory at two sizes.

.venv/bin/python -m benchmarks.documents --json docs/benchmarks/documents.json --markdown docs/benchmarks/documents.md
"""

import json
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.corpora import corpus
from benchmarks.ground.common import (
    Row,
    add_sizes,
    chosen_sizes,
    finish,
    interleave,
    machine,
    median,
    number,
    parse,
    ratio,
    result,
    say,
    versions,
)
from benchmarks.ground.process import Measured, ProcessFailed, printed, python, run
from benchmarks.peers import llamaindex
from pipelines.compute.processor import fast_bfloat16, fast_int8
from pipelines.core.errors import GraftlineError
from resources.settings import Settings
from resources.tables.tables import TableStore

ROWS = {
    "docs_noop_seconds": ("s", "<= 10"),
    "docs_delta_work": ("share", "<= 0.03"),
    "docs_first_load": ("x", ">= 1.5"),
    "docs_memory_slope": ("x", "<= 1.2"),
}
ASSETS = ("documents", "chunks", "chunk_embeddings")
_PACKAGES = ("dagster", "lancedb", "llama-index-core", "sentence-transformers", "torch")
_OURS, _PEER = "ours", "LlamaIndex"
_AGREE = {"float32": 0.9999, "bfloat16": 0.99, "int8": 0.98}
"""Least cosine of two vectors of one text that count as the same, by our dtype: eight bits of a sum differ more."""


@dataclass(frozen=True)
class Sizes:
    """Documents of the large and the small folder and of the comparison, its rounds, and runs without a change."""

    documents: int
    fewer: int
    compared: int
    rounds: int
    idle_runs: int


FULL = Sizes(10_000, 2_500, 10_000, 2, 3)
QUICK = Sizes(1_000, 250, 250, 1, 2)


@dataclass(frozen=True)
class Load:
    """One run of the three assets: the process, and each asset's counters."""

    process: Measured
    counters: dict[str, dict[str, int]]

    @property
    def chunks(self) -> int:
        """Chunks cut."""
        return self.counters["chunks"]["computed_chunks"]

    @property
    def vectors(self) -> int:
        """Texts that the model ran for."""
        return self.counters["chunk_embeddings"]["computed_vectors"]


def load(folder: Path, home: Path, dtype: str = "float32") -> Load:
    """Bring the tables of `home` up to date with the folder, by the command that a user types."""
    environment = {
        "GRAFTLINE_HOME": str(home),
        "GRAFTLINE_DOCUMENTS": str(folder),
        "GRAFTLINE_CHUNK_HEADERS": "off",  # what the peer embeds: the chunk alone
        "EMBEDDING_MODEL": "",
        "EMBEDDING_BASE_URL": "",
        "EMBEDDING_OPTIONS": "",
        "EMBEDDING_MAX_TOKENS": "",
        "EMBEDDING_DTYPE": dtype,
    }
    command = [sys.executable, "-m", "pipelines.commands.cli", "run", "--select", ",".join(ASSETS)]
    measured = run(command, home / "load.log", environment)
    run(python("materialized", *ASSETS), home / "counters.log", environment)
    return Load(measured, printed(home / "counters.log"))


def change(written: corpus.Corpus, folder: Path, documents: int) -> int:
    """Edit, add and delete 1 % of the documents each, evenly spread; return how many of each."""
    share = max(1, documents // 100)
    step = documents // share
    for place in range(share):
        written.edit(folder, place * step + step // 3)
        corpus.place(folder, place * step + 2 * step // 3).unlink()
    written.write(folder, range(documents, documents + share))
    return share


def sizes_rows(options: Any, size: Sizes, written: corpus.Corpus, work: Path) -> list[Row]:
    """Measure the first load of both sizes, then on the large one runs without a change and one with 1 %."""
    large, home = work / "large", work / "home-large"
    written.write(large, range(size.documents))
    say(f"loading {size.documents} documents")
    first = load(large, home)
    found = []
    if "docs_memory_slope" in options.rows:
        written.write(work / "small", range(size.fewer))
        say(f"loading {size.fewer} documents")
        found.append(_memory(first, load(work / "small", work / "home-small"), size))
    if "docs_noop_seconds" in options.rows:
        say("runs without a change")
        found.append(_idle([load(large, home) for _ in range(size.idle_runs)], first))
    if "docs_delta_work" in options.rows:
        say("a change of 1 %")
        share = change(written, large, size.documents)
        found.append(_delta(first, load(large, home), share, large, work / "home-clean"))
    return found


def _memory(first: Load, small: Load, size: Sizes) -> Row:
    peaks = [one.process.peak_bytes / 2**20 for one in (first, small)]
    note = (
        f"largest resident set of any process of the first load: {peaks[0]:.0f} MiB at {size.documents} documents "
        f"({first.chunks} chunks), {peaks[1]:.0f} MiB at {size.fewer} ({small.chunks})"
    )
    return Row("docs_memory_slope", *ROWS["docs_memory_slope"], ratio(*peaks), *peaks, note=note)


def _idle(idle: Sequence[Load], first: Load) -> Row:
    seconds = median(one.process.seconds for one in idle)
    worked = sum(one.chunks + one.vectors + one.counters["documents"]["computed_parsed"] for one in idle)
    note = (
        f"the whole process of `graftline run --select {','.join(ASSETS)}`, checks included, median of {len(idle)}; "
        f"the first load took {number(first.process.seconds)} s; "
        f"{worked} documents, chunks and vectors computed, peak {idle[-1].process.peak_bytes / 2**20:.0f} MiB"
    )
    value = None if worked else seconds
    return Row("docs_noop_seconds", *ROWS["docs_noop_seconds"], value, ours=seconds, note=note)


def _delta(first: Load, delta: Load, share: int, folder: Path, clean: Path) -> Row:
    cut, embedded = ratio(delta.chunks, first.chunks), ratio(delta.vectors, first.vectors)
    say("a clean rebuild to compare with")
    # Vectors are cached by text, so that the rebuild costs no hour; that a kept vector equals a new one is tested.
    shutil.copytree(folder.parent / "home-large" / "cache", clean / "cache")
    load(folder, clean)
    digests = [
        [TableStore(home / "tables").digest(name) for name in ASSETS] for home in (clean, clean.parent / "home-large")
    ]
    same = digests[0] == digests[1]
    note = (
        f"{share} documents edited, {share} deleted, {share} added; "
        f"{delta.counters['documents']['computed_parsed']} parsed, {delta.chunks} of {first.chunks} chunks cut "
        f"({cut:.2%}), {delta.vectors} of {first.vectors} vectors computed ({embedded:.2%}); "
        f"{number(delta.process.seconds)} s against {number(first.process.seconds)} s; the three tables "
        f"{'equal those of a clean rebuild' if same else 'DIFFER FROM A CLEAN REBUILD'}"
    )
    value = max(cut, embedded) if same else None
    return Row("docs_delta_work", *ROWS["docs_delta_work"], value, delta.chunks, first.chunks, note)


def first_load(size: Sizes, written: corpus.Corpus, work: Path) -> Row:
    """Load one folder by ours and by the peer, in turn, each time from nothing, in every dtype that the machine has.

    The peer has no int8 of its own: ours is compared with its float32.
    """
    folder = work / "compared"
    written.write(folder, range(size.compared))
    environment = llamaindex()
    run(python("plain_model", work / "model"), work / "model.log", environment)
    model = json.dumps(printed(work / "model.log"))
    dtypes = ("float32", "bfloat16") if fast_bfloat16() else ("float32",)
    batches = {}
    for dtype in dtypes:
        run(python("ingest_llamaindex", folder, work, model, dtype), work / "tried.log", environment)
        tried = printed(work / "tried.log")
        batches[dtype] = min(tried, key=tried.__getitem__)
        say(f"LlamaIndex in {dtype}, seconds for some documents by batch: {tried}")

    def ours(dtype: str, turn: int) -> dict[str, Any]:
        home = work / f"home-{dtype}{turn}"
        found = load(folder, home, dtype)
        return {"seconds": found.process.seconds, "peak_bytes": found.process.peak_bytes, "chunks": found.chunks}

    def peer(dtype: str, turn: int) -> dict[str, Any]:
        place = work / f"llamaindex-{dtype}{turn}"
        command = python("ingest_llamaindex", folder, place, model, dtype, batches[dtype])
        run(command, place / "load.log", environment)
        return printed(place / "load.log")

    own_dtypes = (*dtypes, "int8") if fast_int8() else dtypes
    pairs = [(_OURS, ours, own_dtypes), (_PEER, peer, dtypes)]
    parties = {f"{name} {dtype}": partial(party, dtype) for name, party, kinds in pairs for dtype in kinds}
    found = interleave(size.rounds, {name: _told(name, party) for name, party in parties.items()})
    speeds = {name: size.compared / median(one["seconds"] for one in runs) for name, runs in found.items()}
    best = {
        who: max((name for name in speeds if name.startswith(who)), key=speeds.__getitem__) for who in (_OURS, _PEER)
    }
    beside = {dtype: dtype if dtype in dtypes else "float32" for dtype in own_dtypes}
    agreed = {dtype: compare(work / f"home-{dtype}0", work / f"llamaindex-{other}0") for dtype, other in beside.items()}
    note = "; ".join(
        [
            f"documents/s of whole processes, {size.compared} documents, {size.rounds} round(s), each at its fastest: "
            f"{best[_OURS]} and {best[_PEER]}",
            *(
                f"{name}: {speeds[name]:.1f} documents/s, {_seconds(runs)} s, "
                f"{runs[0]['chunks']} chunks, peak {max(one['peak_bytes'] for one in runs) / 2**20:.0f} MiB"
                for name, runs in found.items()
            ),
            *(
                f"{dtype}: {f'{missing} TEXTS DIFFER' if missing else 'the same texts'}, smallest cosine of two "
                f"vectors of a text {worst:.6f}, the peer in {beside[dtype]} and batches of {batches[beside[dtype]]}"
                for dtype, (worst, missing) in agreed.items()
            ),
        ]
    )
    same = all(not missing and worst >= _AGREE[dtype] for dtype, (worst, missing) in agreed.items())
    own, other = speeds[best[_OURS]], speeds[best[_PEER]]
    return Row("docs_first_load", *ROWS["docs_first_load"], ratio(own, other) if same else None, own, other, note)


def _seconds(runs: Sequence[dict[str, Any]]) -> str:
    return ", ".join(f"{one['seconds']:.0f}" for one in runs)


def _told(name: str, party: Callable[[int], dict[str, Any]]) -> Callable[[int], dict[str, Any]]:
    def call(turn: int) -> dict[str, Any]:
        found = party(turn)
        say(f"  {name}: {found['seconds']:.0f} s")
        return found

    return call


def compare(home: Path, peer: Path) -> tuple[float, int]:
    """Return the smallest cosine of both vectors of a text, and how many texts only one of them has."""
    tables, theirs = TableStore(home / "tables"), np.load(peer / "vectors.npz")
    texts = {row["chunk_id"]: row["text"] for row in tables.read("chunks").select(["chunk_id", "text"]).to_pylist()}
    table = tables.read("chunk_embeddings")
    own = dict(zip((texts[key] for key in table["chunk_id"].to_pylist()), table["vector"].to_pylist(), strict=True))
    other = dict(zip(theirs["texts"].tolist(), theirs["vectors"], strict=True))
    both = sorted(own.keys() & other.keys())
    cosines = [float(np.dot(own[text], other[text])) for text in both]
    return min(cosines, default=0.0), len(own.keys() ^ other.keys()) + abs(len(texts) - len(theirs["texts"]))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print and write."""
    options = parse("documents", list(ROWS), arguments, lambda parser: add_sizes(parser, FULL))
    host, size = machine(), chosen_sizes(options, FULL, QUICK)
    work = Settings.load().home / "work" / "documents-benchmark"
    shutil.rmtree(work, ignore_errors=True)
    rows: list[Row] = []
    try:
        written = corpus.load(options.seed)
        if set(options.rows) - {"docs_first_load"}:
            rows += sizes_rows(options, size, written, work)
        if "docs_first_load" in options.rows:
            rows.append(first_load(size, written, work))
    except (ProcessFailed, GraftlineError, OSError) as error:
        measured = {row.id for row in rows}
        rows += [Row(row, *ROWS[row], note=f"not measured: {error}") for row in options.rows if row not in measured]
    found = result("documents", rows, host, versions=versions(_PACKAGES), seed=options.seed, quick=options.quick)
    given = " ".join(sys.argv[1:] if arguments is None else arguments)
    finish(options, found, f"python -m benchmarks.documents {given}".strip())


if __name__ == "__main__":
    main()
