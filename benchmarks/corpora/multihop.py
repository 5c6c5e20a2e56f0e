"""The questions of GRAFTLINE_BENCH_DATA as a filled store, and what four other systems retrieved for some of them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.ground.common import DATA
from pipelines.core import schemas
from pipelines.core.embedders import EmbedderBefore
from pipelines.core.errors import InputError
from pipelines.core.graph_tables import GraphTables
from pipelines.core.identity import content_id
from pipelines.core.protocols import Embedder
from pipelines.knowledge.graph.assembly import assemble
from pipelines.text.sentence_spans import flat_spans
from pipelines.text.sentences import sentences
from resources.embedding.embedders import dtype
from resources.embedding.local import SentenceEmbedder
from resources.embedding.vector_cache import CachedEmbedder
from resources.settings import Settings

DATASETS = ("musique", "2wiki")
UNTITLED = tuple(f"{name}-untitled" for name in DATASETS)
"""The same without titles, neither in the texts nor as a field: what most people's documents are like."""
CHINESE = "cmrc"
"""CMRC 2018's trial questions, each over the one paragraph that it was asked about."""
PEERS = {"fast_graphrag": "fast-graphrag", "lightrag": "LightRAG", "nano_graphrag": "nano-graphrag", "vector": "vector"}


@dataclass(frozen=True)
class Question:
    """A question and the chunk ids of the passages that answer it."""

    text: str
    gold: frozenset[str]


@dataclass(frozen=True)
class QuestionSet:
    """Passages as chunks of one document each, their vectors, and the questions."""

    name: str
    ids: list[str]
    titles: list[str]
    texts: list[str]
    questions: list[Question]
    language: str = "en"


def folder(name: str = "multihop") -> Path:
    """Return a folder of the data; InputError with what to type where it is not there."""
    found = DATA / name
    if not found.is_dir():
        raise InputError(
            str(found), "no such folder", "the benchmark's data", "set GRAFTLINE_BENCH_DATA to the folder that has it"
        )
    return found


def load(name: str, limit: int | None = None) -> QuestionSet:
    """Return a corpus with its questions, the first `limit` of them."""
    if name == CHINESE:
        return _chinese(limit)
    if name in UNTITLED:
        return untitled(load(name.removesuffix("-untitled"), limit))
    file = {"musique": "musique_train_corpus.json", "2wiki": "2wikimultihopqa_corpus.json"}[name]
    passages = read_json(folder() / file)
    texts = [f"{one['title']}\n{one['text']}" for one in passages]
    ids = [content_id("chunk", f"{place:05}.txt", text) for place, text in enumerate(texts)]
    if name == "musique":
        known = {(one["title"], one["text"]): key for one, key in zip(passages, ids, strict=True)}
        questions = [
            Question(
                row["question"],
                frozenset(
                    known[one["title"], one["paragraph_text"]] for one in row["paragraphs"] if one["is_supporting"]
                ),
            )
            for row in read_json(folder() / "musique_train.json")
        ]
    else:
        by_title = {one["title"]: key for one, key in zip(passages, ids, strict=True)}
        rows = read_json(folder() / "peer_results" / "2wiki_101_vector.json")
        questions = [Question(row["question"], frozenset(by_title[t] for t in row["ground_truth"])) for row in rows]
    return QuestionSet(name, ids, [one["title"] for one in passages], texts, questions[:limit])


def untitled(corpus: QuestionSet) -> QuestionSet:
    """Return a corpus without its titles: ids and questions stay, a text goes without its first line."""
    texts = [text.removeprefix(f"{title}\n") for title, text in zip(corpus.titles, corpus.texts, strict=True)]
    return replace(corpus, name=f"{corpus.name}-untitled", titles=[""] * len(texts), texts=texts)


def _chinese(limit: int | None) -> QuestionSet:
    articles = read_json(folder("chinese") / "cmrc2018_trial.json")["data"]
    paragraphs = [(one["title"], paragraph) for one in articles for paragraph in one["paragraphs"]]
    texts = [paragraph["context"] for _, paragraph in paragraphs]
    ids = [content_id("chunk", f"{place:05}.txt", text) for place, text in enumerate(texts)]
    questions = [
        Question(row["question"], frozenset({key}))
        for key, (_, paragraph) in zip(ids, paragraphs, strict=True)
        for row in paragraph["qas"]
    ]
    return QuestionSet(CHINESE, ids, [title for title, _ in paragraphs], texts, questions[:limit], "zh")


def peers(corpus: QuestionSet) -> dict[str, dict[str, list[str]]]:
    """Return by peer and question the chunk ids of what it retrieved, best first; titles it made up get an id of none.

    They were run by circlemind-ai/fast-graphrag on 2Wiki-101, eight passages a question.
    """
    by_title = dict(zip(corpus.titles, corpus.ids, strict=True))
    found = {}
    for file, label in PEERS.items():
        rows = read_json(folder() / "peer_results" / f"2wiki_101_{file}.json")
        found[label] = {
            row["question"]: list(dict.fromkeys(by_title.get(title, f"? {title}") for title in row["evidence"]))
            for row in rows
        }
    return found


class CorpusEmbedder(EmbedderBefore):
    """The packaged embedder that keeps the vectors of a corpus's texts on disk; questions are embedded every time."""

    def __init__(self, home: Path, model: str | None = None) -> None:
        own = SentenceEmbedder(home, model, "float32" if model else dtype(Settings.load()))
        super().__init__(own)
        self._own = own
        self.stored = CachedEmbedder(self._embedder, home / "bench" / "vectors.sqlite")
        self._known: dict[str, np.ndarray] = {}

    @property
    def folder(self) -> Path:
        """The model's folder."""
        return self._own.folder

    def remember(self, texts: Sequence[str]) -> np.ndarray:
        """Return the vectors of these texts, from disk where a former run made them; `embed` knows them from now on."""
        vectors = self.stored.embed(texts)
        self._known.update(zip(texts, vectors, strict=True))
        return vectors

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        unknown = [text for text in texts if text not in self._known]
        fresh = dict(zip(unknown, self._embedder.embed(unknown), strict=True)) if unknown else {}
        return np.stack([fresh[text] if text in fresh else self._known[text] for text in texts])

    def embed_queries(self, texts: Sequence[str]) -> np.ndarray:
        return self._embedder.embed_queries(texts)


def tables(
    ids: Sequence[str], titles: Sequence[str], texts: Sequence[str], language: str = "en"
) -> tuple[pa.Table, pa.Table]:
    """Return DOCUMENTS (without their text) and CHUNKS of these passages, each of a document of its own."""
    documents, chunks = [], []
    for place, (key, title, text) in enumerate(zip(ids, titles, texts, strict=True)):
        shared = {"document_id": content_id("document", key), "path": f"{place:06}.txt", "language": language}
        documents.append(shared | {"title": title, "format": "text"})
        whole = {"chunk_id": key, "start": 0, "end": len(text), "text": text, "tokens": 0}
        chunks.append(shared | whole | {"sentence_spans": flat_spans(sentences(text))})
    return _table(documents, schemas.DOCUMENTS), _table(chunks, schemas.CHUNKS)


def without_entities(
    documents: pa.Table, chunks: pa.Table, chunk_embeddings: pa.Table, embedder: Embedder
) -> GraphTables:
    """Return a graph of documents and chunks alone."""
    empty = [one.empty_table() for one in (schemas.ENTITIES, schemas.RELATIONS, schemas.COMMUNITIES)]
    summaries = schemas.COMMUNITY_SUMMARIES.empty_table()
    return assemble(documents, chunks, chunk_embeddings, *empty, summaries, embedder, None)[0]


def _table(rows: list[dict[str, Any]], schema: pa.Schema) -> pa.Table:
    empty: dict[Any, Any] = {pa.string(): "", pa.int64(): 0, pa.int32(): 0}
    full = [{one.name: row.get(one.name, empty.get(one.type, [])) for one in schema} for row in rows]
    return pa.Table.from_pylist(full, schema=schema)


def read_json(path: Path) -> Any:
    """Return what a JSON file holds."""
    return json.loads(path.read_text(encoding="utf-8"))
