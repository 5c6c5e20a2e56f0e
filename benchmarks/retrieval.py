"""Retrieval by mode on MuSiQue-100, 2Wiki-101 and CMRC, stored results of four peers beside it, and latency at size.

.venv/bin/python -m benchmarks.retrieval --json docs/benchmarks/retrieval.json --markdown docs/benchmarks/retrieval.md
"""

import argparse
import functools
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.corpora import entity_graph, large_store, linear_rag, multihop, walks
from benchmarks.corpora.large_graph import large_store as large_graph_store
from benchmarks.corpora.retrieval_figures import (
    DEEP,
    NOT_ASKED,
    NOTES,
    READ,
    Figures,
    halves,
    means,
    merged,
    page,
    score,
    tables,
)
from benchmarks.ground.common import Row, finish, machine, parse, result, say, versions
from pipelines.answering.frameworks import guide
from pipelines.answering.modes.names import ADAPTER_MODES, AUTO, MODES, REPORT_MODES, WALK_MODES, Mode
from pipelines.answering.retrievers import open_retriever
from pipelines.answering.search.search import Retriever
from pipelines.answering.settings import AnswerSettings, RetrievalSettings
from pipelines.core.errors import GraftlineError
from pipelines.knowledge.vectors.embedding import vector_table
from resources.graph.embedded import EmbeddedGraphStore
from resources.settings import Settings
from resources.tables.tables import TableStore

_PACKAGES = ("lancedb", "langchain-core", "llama-index-core", "rank-bm25", "spacy", "torch")
_CHUNKS, _QUICK_CHUNKS = 100_000, 20_000
_VARIANTS: dict[str, tuple[Mode, RetrievalSettings]] = {
    "vector": ("vector", RetrievalSettings()),
    "bm25": ("bm25", RetrievalSettings()),
    "hybrid": ("hybrid", RetrievalSettings()),
    "hybrid, one hop": ("hybrid", RetrievalSettings(links=0)),
    "hybrid, one hop, rank fusion": ("hybrid", RetrievalSettings(links=0, fusion="ranks")),
    "hybrid, compressed": ("hybrid", RetrievalSettings(compress=True)),
    **{mode: (mode, RetrievalSettings()) for mode in (*MODES, *WALK_MODES, *REPORT_MODES, AUTO, *ADAPTER_MODES)},
}
_GRAPH = {"local", "global", "drift", "auto", "llamaindex-property-graph"}
_ENTITIES = {*_GRAPH, *WALK_MODES}
_UNTITLED = {"vector", "bm25", "hybrid", *WALK_MODES}
"""What is measured without titles."""
_SLOW = {*_GRAPH, "llamaindex-summary", "llamaindex-tree", "guide", "hybrid, compressed"}
_WORDS_ALONE = {"bm25", "langchain-bm25", "llamaindex-keyword"}
_ROWS = (
    "recall_hybrid_gain",
    "recall_hybrid_gain_musique",
    "recall_hybrid_gain_2wiki",
    "recall_hybrid_gain_cmrc",
    "search_hybrid_p95_ms",
    *walks.ROWS,
    linear_rag.ROW,
)


def measure(corpus: multihop.QuestionSet, label: str, retriever: Retriever, count: Any) -> Figures:
    """Ask every question once, after one that warms up, and return the means; time includes the question's vector."""
    retriever.retrieve(corpus.questions[0].text, DEEP)
    scores, tokens, seconds = [], [], []
    for question in corpus.questions:
        started = time.perf_counter()
        found = retriever.retrieve(question.text, DEEP)
        rows = found.chunks
        seconds.append(time.perf_counter() - started)
        ids = list(dict.fromkeys(row["chunk_id"] for row in rows))
        scores.append(score(ids, question.gold))
        beside = [f"{fact.title}\n{fact.text}" for fact in found.context]
        tokens.append(sum(count([row["text"] for row in rows if row["chunk_id"] in ids[:READ]] + beside)))
    spent, note = 1000 * float(np.mean(seconds)), halves(scores) if label in WALK_MODES else NOTES.get(label, "")
    return Figures(corpus.name, label, *means(scores), float(np.mean(tokens)), spent, note)


def quality(names: Sequence[str], home: Path, quick: bool, labels: set[str]) -> tuple[list[Figures], dict[str, str]]:
    """Return the figures of these modes and of every peer on these datasets, and by dataset how large its graph is."""
    found, sizes = [], {}
    for name in names:
        corpus, embedder = multihop.load(name, 30 if quick else None), multihop.CorpusEmbedder(home)
        store = EmbeddedGraphStore(home / "bench" / "retrieval" / name)
        fill(store, corpus, embedder, home, bool(labels & _GRAPH), bool(labels & _ENTITIES))
        if labels & _ENTITIES:
            sizes[name] = ", ".join(f"{count} {table}" for table, count in store.counts().items())
            say(f"{name}: {sizes[name]}")
        for label in _VARIANTS:
            if label in labels and (name not in multihop.UNTITLED or label in _UNTITLED):
                found.append(figures_of(corpus, label, store, embedder))
                say(str(found[-1]))
            elif name not in multihop.UNTITLED or label in _UNTITLED:
                found.append(Figures(name, label, note=NOT_ASKED))
        if name == "2wiki":
            found += [_peer(corpus, label, by, embedder.count_tokens) for label, by in multihop.peers(corpus).items()]
    return found, sizes


def fill(
    store: EmbeddedGraphStore,
    corpus: multihop.QuestionSet,
    embedder: multihop.CorpusEmbedder,
    home: Path,
    with_graph: bool,
    with_entities: bool = False,
) -> None:
    """Make the store hold the corpus, and its entity graph, or its entities alone, where a mode needs that."""
    vectors = dict(zip(corpus.ids, embedder.remember(corpus.texts), strict=True))
    passages = multihop.tables(corpus.ids, corpus.titles, corpus.texts, corpus.language)
    parts = (*passages, vector_table("chunk_id", vectors, embedder))
    if with_graph or with_entities:
        say(f"the entity graph of {corpus.name}")
        kept = TableStore(home / "bench" / "graphs" / corpus.name)
        build = entity_graph.build if with_graph else entity_graph.build_entities
        store.apply(build(kept, *parts, embedder.stored))
    else:
        store.apply(multihop.without_entities(*parts, embedder))


def figures_of(
    corpus: multihop.QuestionSet, label: str, store: EmbeddedGraphStore, embedder: multihop.CorpusEmbedder
) -> Figures:
    """Return the figures of one mode; what cannot run says why in its note."""
    mode, settings = _VARIANTS[label]
    try:
        if mode == "guide":
            embedder.remember([row["text"] for row in guide.split(store.table("chunks").to_pylist())])
        started = time.perf_counter()
        retriever = open_retriever(mode, store, embedder, AnswerSettings(retrieval=settings))
        say(f"{label}: opened in {time.perf_counter() - started:.1f} s")
        found = measure(corpus, label, retriever, embedder.count_tokens)
        return found if label in _WORDS_ALONE else replace(found, embedder=embedder.name.partition("@")[0])
    except GraftlineError as error:
        return Figures(corpus.name, label, note=str(error))


def walked(home: Path, corpus: multihop.QuestionSet, embedder: multihop.CorpusEmbedder) -> Figures:
    """Return the figures of `ppr` with another embedder than the packaged one."""
    store = EmbeddedGraphStore(home / "bench" / "retrieval" / f"{corpus.name}-{embedder.folder.name}")
    fill(store, corpus, embedder, home, False, True)
    return figures_of(corpus, "ppr", store, embedder)


def _peer(corpus: multihop.QuestionSet, label: str, by: dict[str, list[str]], count: Any) -> Figures:
    texts = dict(zip(corpus.ids, corpus.texts, strict=True))
    scores = [score(by[one.text], one.gold) for one in corpus.questions]
    tokens = [sum(count([texts[key] for key in by[one.text] if key in texts])) for one in corpus.questions]
    return Figures(corpus.name, f"peer: {label}", *means(scores), float(np.mean(tokens)))


def latency(home: Path, count: int, seed: int) -> Row:
    """Return the 95th percentile of hybrid search over `count` chunks in the embedded store.

    The texts are the corpora's with sentences shuffled, cut and mixed, the vectors theirs with noise: for speed alone.
    A search is the whole of it: the question's vector, both searches, the second hop and the rows.
    """
    embedder = multihop.CorpusEmbedder(home)
    store, questions = large_graph_store(home, embedder, count, seed)
    retriever = open_retriever("hybrid", store, embedder, AnswerSettings())
    spent = large_store.milliseconds(retriever, questions, 5)
    note = (
        f"{len(spent)} questions once each over {count} chunks of real sentences mixed anew, vectors with noise; "
        f"embedding of the question and second hop included; median {np.median(spent):.0f} ms"
    )
    return Row("search_hybrid_p95_ms", "ms", "<= 100", float(np.percentile(spent, 95)), note=note)


def walk_latency(home: Path, count: int, seed: int, wanted: Sequence[str]) -> list[Row]:
    """Return the wanted rows of walks' whole times over `count` chunks, their entities, relations and communities."""
    embedder, corpora = multihop.CorpusEmbedder(home), [multihop.load(name) for name in multihop.DATASETS]
    entities = []
    for corpus in corpora:
        _, chunks = multihop.tables(corpus.ids, corpus.titles, corpus.texts, corpus.language)
        entities.append(entity_graph.resolved(TableStore(home / "bench" / "graphs" / corpus.name), chunks).entities)
    store = large_store.open_mixed(home, count, seed, embedder, corpora, entities)
    questions = [one.text for corpus in corpora for one in corpus.questions]
    return [walks.latency(row, store, embedder, questions) for row in wanted]


def gains(figures: Sequence[Figures]) -> list[Row]:
    """Return the rows of hybrid's recall over the better of BM25 and vector search: @5, of one paragraph a question @1.

    The smaller is that of the multi-hop sets.
    """
    at = dict.fromkeys(multihop.DATASETS, 5) | {multihop.CHINESE: 1}
    known = [one for one in figures if one.dataset in at]
    by = {(one.dataset, one.mode): one.recall_1 if at[one.dataset] == 1 else one.recall_5 for one in known}
    rows = []
    for name, depth in at.items():
        single = [by.get((name, mode)) for mode in ("vector", "bm25")]
        ours = by.get((name, "hybrid"))
        if ours is not None and None not in single:
            best = max(value for value in single if value is not None)
            note = f"recall@{depth} on {name}: hybrid {ours:.4f}, vector {single[0]:.4f}, bm25 {single[1]:.4f}"
            rows.append(Row(f"recall_hybrid_gain_{name}", f"recall@{depth}", "> 0", ours - best, ours, best, note))
    hops = [row for row in rows if row.unit == "recall@5"]
    if len(hops) == len(multihop.DATASETS):
        worst = min(hops, key=lambda row: row.value or 0.0)
        rows.insert(0, Row("recall_hybrid_gain", "recall@5", "> 0", worst.value, worst.ours, worst.peer, "the smaller"))
    return rows


def _add_modes(parser: argparse.ArgumentParser) -> None:
    every = ";".join(_VARIANTS)
    parser.add_argument("--modes", default=every, help=f"modes to measure, divided by semicolons: {every}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and write; see the module."""
    options = parse("retrieval", _ROWS, arguments, _add_modes)
    home, host = Settings.load().home, machine()
    rows = set(options.rows)
    wanted = [name for name in multihop.DATASETS if rows & {"recall_hybrid_gain", f"recall_hybrid_gain_{name}"}]
    wanted += [multihop.CHINESE] if f"recall_hybrid_gain_{multihop.CHINESE}" in rows else []
    wanted += [name for name in walks.datasets(options.rows) if name not in wanted]
    labels = set(options.modes.split(";")) - (_SLOW if options.quick else set())
    figures, graphs = quality(wanted, home, options.quick, labels)
    if options.keep and options.json and options.json.is_file():
        figures = merged(figures, json.loads(options.json.read_text(encoding="utf-8"))["modes"])
    found = [row for row in (*gains(figures), *walks.quality_rows(figures)) if row.id in rows]
    if "search_hybrid_p95_ms" in rows:
        found.append(latency(home, _QUICK_CHUNKS if options.quick else _CHUNKS, options.seed))
    if times := [row for row in walks.TIMES if row in rows]:
        found += walk_latency(home, _QUICK_CHUNKS if options.quick else _CHUNKS, options.seed, times)
    if linear_rag.ROW in rows:
        found.append(linear_rag.row(home, options.quick, functools.partial(walked, home)))
    details = {"Entity graphs": "\n".join(f"{name}: {size}" for name, size in graphs.items())} if graphs else {}
    more = {"versions": versions(_PACKAGES), "modes": [asdict(one) for one in figures], "details": details}
    print(tables(figures))
    command = f"python -m benchmarks.retrieval {' '.join(arguments if arguments is not None else sys.argv[1:])}".strip()
    finish(options, result("retrieval", found, host, **more), command, page(figures))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except GraftlineError as problem:  # no data, for one
        sys.exit(str(problem))
