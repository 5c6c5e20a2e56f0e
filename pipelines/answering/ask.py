"""From questions to answers with checked citations: an object that is opened once and asked often."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from pipelines.answering.grounding.evidence import Evidence, rank_evidence
from pipelines.answering.grounding.grounding import Answer, ground, is_supported, refusal_answer, written_answer
from pipelines.answering.grounding.prompt import build_prompt, stuff_prompt
from pipelines.answering.modes.names import Mode
from pipelines.answering.remembering import RememberingEmbedder
from pipelines.answering.retrievers import Retrievers
from pipelines.answering.search.search import Retrieved
from pipelines.answering.search.similarity import Similarity
from pipelines.answering.settings import AnswerSettings
from pipelines.core.protocols import Completion, Embedder, GraphStore, LanguageModel, Messages, Reranker
from pipelines.text.languages.languages import all_languages, language_of

# Raise it when retrieval, evidence or grounding change their results: earlier answers are then computed again.
CODE_VERSION = "6"

_UNREAD = (
    "%s does not read %s: mode vector finds nothing for this question. Next: --mode hybrid, or a model in "
    "EMBEDDING_MODEL that reads it"
)
_LOG = logging.getLogger("graftline")


@dataclass(frozen=True)
class Prepared:
    """What is known before the model runs; `prompt` is None where the sources do not hold an answer."""

    question: str
    mode: Mode
    retrieved: Retrieved
    evidence: Sequence[Evidence]
    prompt: Messages | None


@dataclass(frozen=True)
class Answered:
    """An answer, the ids of the chunks that it was sought in, best first, and what the model read and wrote for it."""

    question: str
    mode: Mode
    answer: Answer
    retrieved: Sequence[str]
    prompt_tokens: int = 0
    completion_tokens: int = 0
    failure: str = ""
    """Why the model wrote nothing for this one: its answer is then a quotation."""

    def as_dict(self) -> dict[str, Any]:
        """Return {question, mode, answer, supported, citations}, plain values; a citation is as in CITATIONS."""
        return {"question": self.question, "mode": self.mode, **self.answer.as_dict()}


class Answerer:
    """The way from a question to its answer over one store: retrieve, build the context, write, verify.

    The store is counted once, and a mode's retriever and its index are made at the mode's first question and kept until
    `close`: open another one, or close this one, when the graph has changed. The store stays the caller's to close.
    """

    def __init__(
        self,
        *,
        store: GraphStore,
        embedder: Embedder,
        language_model: LanguageModel,
        settings: AnswerSettings | None = None,
        reranker: Reranker | None = None,
    ) -> None:
        self.settings, self.language_model = settings or AnswerSettings(), language_model
        # The same source sentences come up for many questions.
        self._embedder = RememberingEmbedder(embedder)
        self._similarity = Similarity(self._embedder)
        self._retrievers = Retrievers(store, self._embedder, self.settings, reranker)
        names = [language_model.name, embedder.name, self.settings.digest, CODE_VERSION]
        # A setting can change what the same model is said to read. English alone, as the packaged model reads, goes
        # without saying: so it was in the ids of answers before.
        read = [language.code for language in all_languages() if embedder.reads(language.code)]
        names += [f"reads {','.join(read)}"] if read != ["en"] else []
        self.made_with: tuple[str, ...] = (*names, *([reranker.name] if reranker is not None else []))
        """Whatever an answer depends on but the question, the mode and the graph."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the retrievers with their indexes; the next question opens its mode's again."""
        self._retrievers.close()

    def ask(self, question: str, mode: Mode) -> Answered:
        """Answer one question; of every citation, quote == document.text[start:end].

        Raises NotMaterializedError when the store is empty.
        """
        language = language_of(question)
        if mode == "vector" and not self._embedder.reads(language.code):
            _LOG.warning(_UNREAD, self._embedder.name, language.name)
        return self.answer([self.prepare(question, mode)])[0]

    def prepare(self, question: str, mode: Mode) -> Prepared:
        """Retrieve, rank the source sentences and build the prompt, unless no evidence clears the bar."""
        retrieved = self._retrievers.of(mode).retrieve(question, self.settings.chunks)
        evidence = rank_evidence(question, retrieved, self._similarity)
        prompt: Messages | None = None
        if retrieved.stuffed:
            prompt = stuff_prompt(question, retrieved.chunks) if retrieved.chunks else None
        elif is_supported(evidence, self.settings):
            prompt = build_prompt(question, evidence, retrieved.context, self.settings)
        return Prepared(question, mode, retrieved, evidence, prompt)

    def answer(self, prepared: Sequence[Prepared]) -> list[Answered]:
        """Return the answers in order; all prompts go to the model at once, so that an engine starts once."""
        asked = [(one, one.prompt) for one in prepared if one.prompt is not None]

        def is_used(number: int, completion: Completion) -> bool:
            one, _ = asked[number]
            if not is_supported(one.evidence, self.settings):
                return False
            return written_answer(one.question, completion.text, one.evidence, self.settings) is not None

        prompts = [prompt for _, prompt in asked]
        completions = iter(
            self.language_model.complete(prompts, self.settings.max_tokens, usable=is_used) if prompts else []
        )
        answered = []
        for one in prepared:
            retrieved = [row["chunk_id"] for row in one.retrieved.chunks]
            if one.prompt is None:
                answered.append(Answered(one.question, one.mode, refusal_answer(one.question), retrieved))
                continue
            completion = next(completions)
            answer = ground(one.question, completion.text, one.evidence, self.settings)
            if completion.failure:
                _LOG.warning("the answer to '%s' is quoted: %s", one.question, completion.failure)
            tokens = completion.prompt_tokens, completion.completion_tokens
            answered.append(Answered(one.question, one.mode, answer, retrieved, *tokens, completion.failure))
        return answered
