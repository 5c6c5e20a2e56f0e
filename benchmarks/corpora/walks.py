"""The rows of the modes that walk: `ppr` over passages with and without titles, `local`'s tokens, times at size."""

import time
from collections.abc import Mapping, Sequence

import numpy as np

from benchmarks.corpora import multihop
from benchmarks.corpora.large_store import milliseconds
from benchmarks.corpora.retrieval_figures import READ, Figures
from benchmarks.ground.common import Row, say
from pipelines.answering.retrievers import open_retriever
from pipelines.answering.settings import AnswerSettings
from pipelines.core.protocols import Embedder
from resources.graph.embedded import EmbeddedGraphStore

_TARGETS = {
    "graph_2wiki_all_gold_at_8": ("2wiki", "all_gold_8", ">= 0.95"),
    "graph_musique_recall5": ("musique", "recall_5", ">= 0.70"),
    "graph_musique_all_gold_at_8": ("musique", "all_gold_8", ">= 0.55"),
    "graph_musique_untitled_recall5": ("musique-untitled", "recall_5", ">= 0.68"),
    "graph_2wiki_untitled_all_gold_at_8": ("2wiki-untitled", "all_gold_8", ">= 0.85"),
}
_OVER, _TOKENS, _TOKENS_LOCAL = "graph_over_hybrid_untitled", "tokens_ppr", "tokens_local"
TIMES = {"p95_ppr_ms": "ppr", "p95_local_ms": "local"}
ROWS = (*_TARGETS, _OVER, _TOKENS, _TOKENS_LOCAL, *TIMES)
_UNITS = {"recall_5": "recall@5", "all_gold_8": "all gold@8"}


def datasets(rows: Sequence[str]) -> list[str]:
    """Return the question sets that these rows need."""
    wanted = {_TARGETS[row][0] for row in rows if row in _TARGETS}
    wanted |= set(multihop.UNTITLED) if _OVER in rows else set()
    wanted |= {*multihop.DATASETS, *multihop.UNTITLED} if _TOKENS in rows else set()
    wanted |= set(multihop.DATASETS) if _TOKENS_LOCAL in rows else set()
    return [name for name in (*multihop.DATASETS, *multihop.UNTITLED) if name in wanted]


def quality_rows(figures: Sequence[Figures]) -> list[Row]:
    """Return the rows of what `ppr` finds, each where its set was measured."""
    by = {(one.dataset, one.mode): one for one in figures if one.recall_5 is not None}
    rows = []
    for name, (dataset, column, target) in _TARGETS.items():
        found = by.get((dataset, "ppr"))
        if found is not None:
            value = getattr(found, column)
            note = f"recall@5 {found.recall_5:.4f}, all gold@8 {found.all_gold_8:.4f}"
            note += f"; {found.note}" if found.note else ""
            rows.append(Row(name, _UNITS[column], target, value, value, note=note))
    pairs = [(by.get((name, "ppr")), by.get((name, "hybrid"))) for name in multihop.UNTITLED]
    gains = [(ours.all_gold_8 - peer.all_gold_8, ours, peer) for ours, peer in pairs if ours and peer]  # type: ignore[operator]
    if len(gains) == len(multihop.UNTITLED):
        gain, ours, peer = min(gains, key=lambda one: one[0])
        note = ", ".join(f"{one.dataset} {difference:+.4f}" for difference, one, _ in gains)
        rows.append(Row(_OVER, "all gold@8", ">= 0.08", gain, ours.all_gold_8, peer.all_gold_8, note))
    rows += [*_tokens(_TOKENS, "ppr", "<= 1200", by), *_tokens(_TOKENS_LOCAL, "local", "<= 4000", by)]
    return rows


def _tokens(row: str, mode: str, target: str, by: Mapping[tuple[str, str], Figures]) -> list[Row]:
    """Return the row of a mode's prompt tokens, the most of all sets; none where it was not measured."""
    sets = [by[name, mode] for name in (*multihop.DATASETS, *multihop.UNTITLED) if (name, mode) in by]
    tokens = {one.dataset: one.prompt_tokens for one in sets if one.prompt_tokens is not None}
    beside = "" if mode == "ppr" else ", and what stands beside them"
    mean = ", ".join(f"{name} {count:.0f}" for name, count in tokens.items())
    note = f"the first {READ} passages{beside}; mean of {mean}"
    return [Row(row, "tokens", target, max(tokens.values()), note=note)] if tokens else []


def latency(row: str, store: EmbeddedGraphStore, embedder: Embedder, questions: Sequence[str]) -> Row:
    """Return the 95th percentile of a mode's whole time to its context, the question's vector and the rows included."""
    started = time.perf_counter()
    retriever = open_retriever(TIMES[row], store, embedder, AnswerSettings())
    opened = time.perf_counter() - started
    say(f"{TIMES[row]}: opened in {opened:.1f} s")
    spent, counts = milliseconds(retriever, questions, READ), store.counts()
    note = (
        f"{len(questions)} questions once each over {counts['chunks']} chunks, {counts['entities']} entities "
        f"and {counts['relations']} relations; "
        f"embedding of the question included; median {np.median(spent):.0f} ms; the graph was read in {opened:.0f} s"
    )
    return Row(row, "ms", "<= 300", float(np.percentile(spent, 95)), note=note)
