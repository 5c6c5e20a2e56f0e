"""Every question in every mode, incrementally: what was asked of the same graph before is not asked again."""

import logging
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from pipelines.answering.ask import Prepared, prepare
from pipelines.answering.grounding.grounding import ground, refusal
from pipelines.answering.modes.names import Mode
from pipelines.answering.remembering import RememberingEmbedder
from pipelines.answering.retrievers import open_retriever
from pipelines.answering.settings import AnswerSettings
from pipelines.core.delta import Work, compare
from pipelines.core.identity import content_id
from pipelines.core.protocols import Completion, Embedder, GraphStore, LanguageModel, Reranker
from pipelines.core.schemas import ANSWERS

log = logging.getLogger("graftline")

# Raise it when retrieval, evidence or grounding change their results: earlier answers are then computed again.
CODE_VERSION = "4"


def answer_all(
    questions: pa.Table,
    modes: Sequence[Mode],
    store: GraphStore,
    embedder: Embedder,
    language_model: LanguageModel,
    previous: pa.Table | None,
    graph_digest: str,
    settings: AnswerSettings | None = None,
    reranker: Reranker | None = None,
) -> tuple[pa.Table, Work]:
    """Return ANSWERS to QUESTIONS in every mode, sorted by id, and what was done.

    An answer's id is made of all that it depends on: question, mode, graph, models, settings and code. Rows with a
    known id are kept; with nothing else to do, neither the embedder nor the language model is used.
    """
    settings = settings or AnswerSettings()
    made_with = [graph_digest, language_model.name, embedder.name, settings.digest, CODE_VERSION]
    if reranker is not None:
        made_with.append(reranker.name)
    wanted: dict[str, tuple[dict[str, Any], Mode]] = {
        content_id("answer", question["id"], question["question"], mode, *made_with): (question, mode)
        for question in questions.to_pylist()
        for mode in modes
    }
    kept = {row["answer_id"]: row for row in previous.to_pylist()} if previous is not None else {}
    todo = {key: pair for key, pair in wanted.items() if key not in kept}
    fresh = _answer(todo, store, embedder, language_model, settings, reranker) if todo else {}
    rows = [kept.get(key) or fresh[key] for key in sorted(wanted)]
    delta = compare(
        {f"{question['id']} {mode}": key for key, (question, mode) in wanted.items()},
        {f"{row['question_id']} {row['mode']}": key for key, row in kept.items()},
    )
    generated = sum(row["completion_tokens"] for row in fresh.values())
    work = Work.of(delta, answers=len(fresh), completion_tokens=generated)
    return pa.Table.from_pylist(rows, schema=ANSWERS), work


def _answer(
    todo: dict[str, tuple[dict[str, Any], Mode]],
    store: GraphStore,
    embedder: Embedder,
    language_model: LanguageModel,
    settings: AnswerSettings,
    reranker: Reranker | None,
) -> dict[str, dict[str, Any]]:
    """Return rows by answer id; all prompts of all modes go to the model at once, so that an engine starts once."""
    embedder = RememberingEmbedder(embedder)
    modes = sorted({mode for _, mode in todo.values()})
    retrievers = {mode: open_retriever(mode, store, embedder, settings, reranker) for mode in modes}
    log.info("retrieving for %d questions and modes", len(todo))
    prepared = {
        key: prepare(question["question"], retrievers[mode], embedder, settings)
        for key, (question, mode) in todo.items()
    }
    prompted = {key: one.prompt for key, one in prepared.items() if one.prompt is not None}
    log.info("%d of them have evidence and go to %s", len(prompted), language_model.name)
    completions = language_model.complete(list(prompted.values()), settings.max_tokens) if prompted else []
    completed = dict(zip(prompted, completions, strict=True))
    return {
        key: _row(key, *todo[key], prepared[key], completed.get(key), language_model.name, settings) for key in todo
    }


def _row(
    key: str,
    question: dict[str, Any],
    mode: Mode,
    prepared: Prepared,
    completion: Completion | None,
    model: str,
    settings: AnswerSettings,
) -> dict[str, Any]:
    text = question["question"]
    answer = ground(text, completion.text, prepared.evidence, settings) if completion else refusal(text)
    return {
        "answer_id": key,
        "question_id": question["id"],
        "mode": mode,
        "answer": answer.text,
        "supported": answer.supported,
        "citations": [dict(citation) for citation in answer.citations],
        "retrieved": [row["chunk_id"] for row in prepared.retrieved.chunks],
        "prompt_tokens": completion.prompt_tokens if completion else 0,
        "completion_tokens": completion.completion_tokens if completion else 0,
        "model": model,
    }
