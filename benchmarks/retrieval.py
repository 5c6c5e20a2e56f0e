"""Retrieval by mode on MuSiQue-100 and 2Wiki-101, the stored results of four peers beside it, and latency at size.

.venv/bin/python -m benchmarks.retrieval --json docs/benchmarks/retrieval.json
"""

import argparse
import random
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import multihop
from benchmarks.common import Row, finish, machine, parse, result, say
from pipelines.answering.adapters import guide
from pipelines.answering.modes import ADAPTER_MODES, Mode
from pipelines.answering.retrieval import Retriever, open_retriever
from pipelines.answering.retrieval_settings import RetrievalSettings
from pipelines.answering.settings import AnswerSettings
from pipelines.errors import GraftlineError
from resources.embedded_graph import EmbeddedGraphStore
from resources.settings import Settings

_CHUNKS, _QUICK_CHUNKS = 100_000, 20_000
_DEEP, _READ = 10, 8
_VARIANTS: dict[str, tuple[Mode, RetrievalSettings]] = {
    "vector": ("vector", RetrievalSettings()),
    "bm25": ("bm25", RetrievalSettings()),
    "hybrid": ("hybrid", RetrievalSettings()),
    "hybrid, one hop": ("hybrid", RetrievalSettings(links=0)),
    "hybrid, one hop, rank fusion": ("hybrid", RetrievalSettings(links=0, fusion="ranks")),
    "hybrid, compressed": ("hybrid", RetrievalSettings(compress=True)),
    "native": ("native", RetrievalSettings()),
    **{mode: (mode, RetrievalSettings()) for mode in ADAPTER_MODES},
}
_SLOW = {"llamaindex-tree", "guide", "hybrid, compressed"}
_ROWS = ("recall_hybrid_gain", "recall_hybrid_gain_musique", "recall_hybrid_gain_2wiki", "search_hybrid_p95_ms")


@dataclass(frozen=True)
class Figures:
    """One line of the table: means over the questions; milliseconds are None where nothing was run."""

    dataset: str
    mode: str
    recall_2: float | None = None
    recall_5: float | None = None
    recall_10: float | None = None
    all_gold_8: float | None = None
    ndcg_10: float | None = None
    prompt_tokens: float | None = None
    milliseconds: float | None = None
    note: str = ""


def score(ids: Sequence[str], gold: frozenset[str]) -> tuple[float, float, float, float, float]:
    """Return recall@2, @5, @10, whether all gold is in the first 8, and nDCG@10 (binary relevance)."""
    recalls = [len(set(ids[:depth]) & gold) / len(gold) for depth in (2, 5, _DEEP)]
    gain = sum(1 / np.log2(place + 2) for place, key in enumerate(ids[:_DEEP]) if key in gold)
    ideal = sum(1 / np.log2(place + 2) for place in range(min(len(gold), _DEEP)))
    return (*recalls, float(gold <= set(ids[:_READ])), float(gain / ideal))  # type: ignore[return-value]


def measure(corpus: multihop.Corpus, label: str, retriever: Retriever, count: Any) -> Figures:
    """Ask every question once, after one that warms up, and return the means; time includes the question's vector."""
    retriever.retrieve(corpus.questions[0].text, _DEEP)
    scores, tokens, seconds = [], [], []
    for question in corpus.questions:
        started = time.perf_counter()
        rows = retriever.retrieve(question.text, _DEEP).chunks
        seconds.append(time.perf_counter() - started)
        ids = list(dict.fromkeys(row["chunk_id"] for row in rows))
        scores.append(score(ids, question.gold))
        tokens.append(sum(count([row["text"] for row in rows if row["chunk_id"] in ids[:_READ]])))
    return Figures(corpus.name, label, *_means(scores), float(np.mean(tokens)), 1000 * float(np.mean(seconds)))


def quality(names: Sequence[str], home: Path, quick: bool, labels: Sequence[str]) -> list[Figures]:
    """Return the figures of these modes and of every peer on these datasets."""
    found = []
    for name in names:
        corpus = multihop.load(name, 30 if quick else None)
        embedder = multihop.CorpusEmbedder(home)
        vectors = embedder.remember(name, corpus.texts)
        store = EmbeddedGraphStore(home / "bench" / "retrieval" / name)
        multihop.fill(store, corpus.ids, corpus.titles, corpus.texts, vectors)
        for label, (mode, settings) in _VARIANTS.items():
            if label not in labels or (quick and label in _SLOW):
                found.append(Figures(name, label, note="not asked for in this run (--modes, --quick)"))
                continue
            try:
                if mode == "guide":
                    rows = [row | {"title": ""} for row in store.table("chunks").to_pylist()]
                    embedder.remember(f"{name}-guide", [row["text"] for row in guide.split(rows)])
                retriever = open_retriever(mode, store, embedder, AnswerSettings(retrieval=settings))
                found.append(measure(corpus, label, retriever, embedder.count_tokens))
            except GraftlineError as error:
                found.append(Figures(name, label, note=str(error)))
            say(str(found[-1]))
        for label in ("local", "global"):
            found.append(Figures(name, label, note="not run: needs the corpus's entity graph and its summaries"))
        if name == "2wiki":
            found += [_peer(corpus, label, by, embedder.count_tokens) for label, by in multihop.peers(corpus).items()]
    return found


def _peer(corpus: multihop.Corpus, label: str, by: dict[str, list[str]], count: Any) -> Figures:
    texts = dict(zip(corpus.ids, corpus.texts, strict=True))
    scores = [score(by[one.text], one.gold) for one in corpus.questions]
    tokens = [sum(count([texts[key] for key in by[one.text] if key in texts])) for one in corpus.questions]
    note = "stored results, eight passages: recall@10 and nDCG@10 are over these"
    return Figures(corpus.name, f"peer: {label}", *_means(scores), float(np.mean(tokens)), note=note)


def _means(scores: Sequence[tuple[float, ...]]) -> list[float]:
    return [float(value) for value in np.mean(np.array(scores), axis=0)]


def latency(home: Path, count: int, seed: int) -> Row:
    """Return the 95th percentile of hybrid search over `count` chunks in the embedded store.

    The texts are the corpora's with sentences shuffled, cut and mixed, the vectors theirs with noise: for speed alone.
    A search is the whole of it: the question's vector, both searches, the second hop and the rows.
    """
    store = EmbeddedGraphStore(home / "bench" / "retrieval" / f"latency-{count}-{seed}")
    embedder = multihop.CorpusEmbedder(home)
    corpora = [multihop.load(name) for name in multihop.DATASETS]
    if store.counts()["chunks"] != count:
        say(f"filling a store with {count} chunks")
        base = np.concatenate([embedder.remember(one.name, one.texts) for one in corpora])
        draw = random.Random(seed)
        picks = [draw.randrange(len(base)) for _ in range(count)]
        noise = np.random.default_rng(seed).normal(0, 0.02, (count, base.shape[1]))
        vectors = base[picks] + noise.astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        titles = [title for one in corpora for title in one.titles]
        texts = [text for one in corpora for text in one.texts]
        ids = [f"{place:024x}" for place in range(count)]
        mixed = [_varied(texts, pick, draw) for pick in picks]
        multihop.fill(store, ids, [titles[pick] for pick in picks], mixed, vectors)
    questions = [one.text for corpus in corpora for one in corpus.questions]
    retriever = open_retriever("hybrid", store, embedder, AnswerSettings())
    for question in questions[:10]:
        retriever.retrieve(question, 5)
    spent = []
    for question in questions:
        started = time.perf_counter()
        retriever.retrieve(question, 5)
        spent.append(1000 * (time.perf_counter() - started))
    note = (
        f"{len(questions)} questions once each over {count} chunks of real sentences mixed anew, vectors with noise; "
        f"embedding of the question and second hop included; median {np.median(spent):.0f} ms"
    )
    return Row("search_hybrid_p95_ms", "ms", "<= 100", float(np.percentile(spent, 95)), note=note)


def _varied(texts: Sequence[str], pick: int, draw: random.Random) -> str:
    title, _, body = texts[pick].partition("\n")
    own = re.split(r"(?<=[.!?]) ", body)
    draw.shuffle(own)
    foreign = re.split(r"(?<=[.!?]) ", draw.choice(texts).partition("\n")[2])
    return f"{title}\n" + " ".join([*own[: max(1, len(own) - 1)], draw.choice(foreign)])


def gains(figures: Sequence[Figures]) -> list[Row]:
    """Return the rows of hybrid's recall@5 over the better of BM25 and vector search."""
    by = {(one.dataset, one.mode): one.recall_5 for one in figures}
    rows = []
    for name in multihop.DATASETS:
        single = [by.get((name, mode)) for mode in ("vector", "bm25")]
        ours = by.get((name, "hybrid"))
        if ours is not None and None not in single:
            best = max(value for value in single if value is not None)
            note = f"recall@5 on {name}: hybrid {ours:.4f}, vector {single[0]:.4f}, bm25 {single[1]:.4f}"
            rows.append(Row(f"recall_hybrid_gain_{name}", "recall@5", "> 0", ours - best, ours, best, note))
    if len(rows) == len(multihop.DATASETS):
        worst = min(rows, key=lambda row: row.value or 0.0)
        rows.insert(0, Row("recall_hybrid_gain", "recall@5", "> 0", worst.value, worst.ours, worst.peer, "the smaller"))
    return rows


def lines(figures: Sequence[Figures]) -> str:
    """Return the figures as a Markdown table a dataset."""
    head = ["mode", "recall@2", "recall@5", "recall@10", "all gold@8", "nDCG@10", "prompt tokens", "ms a query"]
    text: list[str] = []
    for name in dict.fromkeys(one.dataset for one in figures):
        text += [f"### {name}", "", f"| {' | '.join(head)} |", "|" + " --- |" * len(head)]
        for one in (one for one in figures if one.dataset == name):
            values = [one.recall_2, one.recall_5, one.recall_10, one.all_gold_8, one.ndcg_10]
            cells = ["–" if value is None else f"{value:.3f}" for value in values]
            cells += ["–" if value is None else f"{value:.0f}" for value in (one.prompt_tokens, one.milliseconds)]
            text.append(f"| {' | '.join([one.mode, *cells])} |")
        text.append("")
    return "\n".join(text)


def _add_modes(parser: argparse.ArgumentParser) -> None:
    every = ";".join(_VARIANTS)
    parser.add_argument("--modes", default=every, help=f"modes to measure, divided by semicolons: {every}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; see the module."""
    options = parse("retrieval", _ROWS, arguments, _add_modes)
    home, host = Settings.load().home, machine()
    rows = set(options.rows)
    wanted = [name for name in multihop.DATASETS if rows & {"recall_hybrid_gain", f"recall_hybrid_gain_{name}"}]
    figures = quality(wanted, home, options.quick, options.modes.split(";"))
    found = [row for row in gains(figures) if row.id in rows]
    if "search_hybrid_p95_ms" in rows:
        found.append(latency(home, _QUICK_CHUNKS if options.quick else _CHUNKS, options.seed))
    print(lines(figures))
    command = f"python -m benchmarks.retrieval {' '.join(arguments if arguments is not None else sys.argv[1:])}".strip()
    finish(options, result("retrieval", found, host, modes=[asdict(one) for one in figures]), command)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except GraftlineError as problem:  # no data, for one
        sys.exit(str(problem))
