"""The figures of a retrieval mode on a corpus, and the tables that they make."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

DEEP, READ = 10, 8
NOT_ASKED = "not asked for in this run (--modes, --quick)"
NOTES = {
    "hybrid, compressed": "the passages of hybrid, cut to the sentences that bear on the question",
    "global": "passages that the best communities' summaries were written from, and others that name their members",
    "guide": "three passages of at most 500 characters are all that it gives: recall@5, @10 and nDCG@10 are over these",
    "llamaindex-tree": "ten neighbours share a summary of first sentences; these corpora list a question's passages "
    "together, which flatters it",
    "langchain-compression": "the passages' vectors are remembered here; by itself its filter embeds forty a question",
}
_DEPTHS = ["recall@1", "recall@2", "recall@5", "recall@10"]
_HEAD = ["mode", "vectors of", *_DEPTHS, "all gold@8", "nDCG@10", "prompt tokens", "ms a query"]
_LEGEND = """
- Prompt tokens are those of the first eight passages, and of what a mode gives beside them. Milliseconds are the mean
  of one retrieval each, the question's vector included, on the machine above: where it is shared with other work they
  are upper bounds.
- Entity graphs are made by rules (spaCy), their summaries of the texts' own sentences: as `graftline run` does it, but
  with no language model at all.
- `vectors of`: the model whose vectors the mode compared when its line was measured. Lines of one set with different
  models beside each other are of different runs, and do not compare.
- Peers: what fast-graphrag's authors stored of four systems' retrievals (eight passages a question, over which
  recall@10 and nDCG@10 are). A hosted language model built their graphs and read their questions; their times are not
  known.
"""


@dataclass(frozen=True)
class Figures:
    """One line of the table: means over the questions; milliseconds are None where nothing was run.

    `embedder` is the model whose vectors the mode compared, "" where it compared none.
    """

    dataset: str
    mode: str
    recall_1: float | None = None
    recall_2: float | None = None
    recall_5: float | None = None
    recall_10: float | None = None
    all_gold_8: float | None = None
    ndcg_10: float | None = None
    prompt_tokens: float | None = None
    milliseconds: float | None = None
    note: str = ""
    embedder: str = ""


def score(ids: Sequence[str], gold: frozenset[str]) -> tuple[float, float, float, float, float, float]:
    """Return recall@1, @2, @5, @10, whether all gold is in the first 8, and nDCG@10 (binary relevance)."""
    one, two, five, ten = (len(set(ids[:depth]) & gold) / len(gold) for depth in (1, 2, 5, DEEP))
    gain = sum(1 / np.log2(place + 2) for place, key in enumerate(ids[:DEEP]) if key in gold)
    ideal = sum(1 / np.log2(place + 2) for place in range(min(len(gold), DEEP)))
    return one, two, five, ten, float(gold <= set(ids[:READ])), float(gain / ideal)


def means(scores: Sequence[tuple[float, ...]]) -> list[float]:
    """Return the mean of each column."""
    return [float(value) for value in np.mean(np.array(scores), axis=0)]


def halves(scores: Sequence[tuple[float, ...]]) -> str:
    """Return recall@5 and all gold@8 of the even questions, which constants were chosen on, and of the others."""
    parts = {"chosen on the even questions": scores[::2], "the odd ones": scores[1::2]}
    found = {name: np.mean(np.array(part), axis=0) for name, part in parts.items() if part}
    return "; ".join(f"{name}: recall@5 {mean[2]:.3f}, all gold@8 {mean[4]:.3f}" for name, mean in found.items())


def merged(now: Sequence[Figures], before: Iterable[Mapping[str, Any]]) -> list[Figures]:
    """Return this run's figures, and an earlier run's where this one did not measure, in the order of this run."""
    known = {(one["dataset"], one["mode"]): Figures(**one) for one in before}
    found = [known.pop((one.dataset, one.mode), one) if one.note == NOT_ASKED else one for one in now]
    there = {(one.dataset, one.mode) for one in found}
    return [*found, *(one for key, one in known.items() if key not in there)]


def tables(figures: Sequence[Figures]) -> str:
    """Return the figures as one Markdown table a dataset, and under each what has to be known of its modes."""
    text: list[str] = []
    for name in dict.fromkeys(one.dataset for one in figures):
        text += [f"### {name}", "", f"| {' | '.join(_HEAD)} |", "|" + " --- |" * len(_HEAD)]
        own = [one for one in figures if one.dataset == name]
        text += [f"| {' | '.join(_cells(one))} |" for one in own]
        text += ["", *(f"- `{one.mode}`: {one.note}" for one in own if one.note), ""]
    return "\n".join(text)


def page(figures: Sequence[Figures]) -> str:
    """Return the part of the page that stands under the rows."""
    return f"\n## By mode\n\n{tables(figures).rstrip()}\n\n## What the columns mean\n{_LEGEND}"


def _cells(one: Figures) -> list[str]:
    values = [one.recall_1, one.recall_2, one.recall_5, one.recall_10, one.all_gold_8, one.ndcg_10]
    shares = ["–" if value is None else f"{value:.3f}" for value in values]
    return [
        one.mode,
        one.embedder or "–",
        *shares,
        *("–" if value is None else f"{value:.0f}" for value in (one.prompt_tokens, one.milliseconds)),
    ]
