"""One question, one answer with checked citations."""

import logging
from dataclasses import dataclass
from typing import Any

from pipelines.answering.grounding.evidence import Evidence, rank
from pipelines.answering.grounding.grounding import ground, is_supported, refusal
from pipelines.answering.grounding.prompt import build_prompt, stuff_prompt
from pipelines.answering.modes.names import Mode
from pipelines.answering.retrievers import open_retriever
from pipelines.answering.search.search import Retrieved, Retriever
from pipelines.answering.settings import AnswerSettings
from pipelines.core.protocols import Embedder, GraphStore, LanguageModel, Messages, Reranker
from pipelines.text.languages.languages import language_of

_UNREAD = (
    "%s does not read %s: mode vector finds nothing for this question. Next: --mode hybrid, or a model in "
    "EMBEDDING_MODEL that reads it"
)
_LOG = logging.getLogger("graftline")


@dataclass(frozen=True)
class Prepared:
    """What is known before the model runs; `prompt` is None where the sources do not hold an answer."""

    retrieved: Retrieved
    evidence: list[Evidence]
    prompt: Messages | None


def prepare(question: str, retriever: Retriever, embedder: Embedder, settings: AnswerSettings) -> Prepared:
    """Retrieve, rank the source sentences and build the prompt, unless no evidence clears the bar."""
    retrieved = retriever.retrieve(question, settings.chunks)
    evidence = rank(question, retrieved, embedder)
    if retrieved.stuffed:
        return Prepared(retrieved, evidence, stuff_prompt(question, retrieved.chunks) if retrieved.chunks else None)
    supported = is_supported(evidence, settings)
    prompt = build_prompt(question, evidence, retrieved.context, settings) if supported else None
    return Prepared(retrieved, evidence, prompt)


def ask(
    question: str,
    mode: Mode,
    *,
    store: GraphStore,
    embedder: Embedder,
    language_model: LanguageModel,
    settings: AnswerSettings | None = None,
    reranker: Reranker | None = None,
) -> dict[str, Any]:
    """Answer one question: {question, mode, answer, supported, citations}; quote == document.text[start:end].

    Raises NotMaterializedError when the store is empty.
    """
    settings = settings or AnswerSettings()
    language = language_of(question)
    if mode == "vector" and not embedder.reads(language.code):
        _LOG.warning(_UNREAD, embedder.name, language.name)
    prepared = prepare(question, open_retriever(mode, store, embedder, settings, reranker), embedder, settings)
    if prepared.prompt is None:
        answer = refusal(question)
    else:
        completion = language_model.complete([prepared.prompt], settings.max_tokens)[0]
        answer = ground(question, completion.text, prepared.evidence, settings)
    return {
        "question": question,
        "mode": mode,
        "answer": answer.text,
        "supported": answer.supported,
        "citations": [dict(citation) for citation in answer.citations],
    }
