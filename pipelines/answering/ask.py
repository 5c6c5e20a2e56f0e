"""From questions to answers with checked citations: an object that is opened once and asked often."""

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from pipelines.answering.grounding.answer import Answer
from pipelines.answering.grounding.writers.choice import open_writer
from pipelines.answering.grounding.writers.writer import Draft
from pipelines.answering.modes.names import Mode
from pipelines.answering.question import asked_part, patterns_digest
from pipelines.answering.remembering import RememberingEmbedder
from pipelines.answering.retrievers import Retrievers
from pipelines.answering.search.finding import Finder
from pipelines.answering.search.search import Retrieved
from pipelines.answering.search.similarity import Similarity
from pipelines.answering.search.trace import Step
from pipelines.answering.settings import AnswerSettings
from pipelines.core.protocols import Completion, Embedder, GraphStore, LanguageModel, Reranker
from pipelines.text.languages.languages import all_languages, language_of

# Raise it when retrieval, evidence or grounding change their results: earlier answers are then computed again.
CODE_VERSION = "7"

_UNREAD = (
    "%s does not read %s: this question has no vector to be found by. Next: --mode hybrid, or a model in "
    "EMBEDDING_MODEL that reads it"
)
_LOG = logging.getLogger("graftline")


@dataclass(frozen=True)
class Prepared:
    """What is known before the model runs: it is not asked where the draft has no prompt."""

    question: str
    mode: Mode
    draft: Draft
    note: str = ""
    """What else was searched than the question, in a line."""
    seconds: float = field(default=0.0, compare=False)
    """From the question to its prompt, in a mode that is open."""


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
    """Why the model wrote nothing for this one: its answer is then a quotation, or a line that says so."""
    trace: tuple[Step, ...] = ()
    """How it was searched, where the mode took several steps; the tokens are the model's while it searched too."""
    seconds: float | None = field(default=None, compare=False)
    """From question to answer; None where the model's time is not known, since what it wrote was kept from before."""

    def as_dict(self) -> dict[str, Any]:
        """Return {question, mode, trace} and what `Answer.as_dict` returns, plain values as in ANSWERS."""
        trace = [step.as_dict() for step in self.trace]
        return {"question": self.question, "mode": self.mode, **self.answer.as_dict(), "trace": trace}


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
        prompts: Path | None = None,
    ) -> None:
        self.settings, self.language_model = settings or AnswerSettings(), language_model
        # The same source sentences come up for many questions.
        self._embedder = RememberingEmbedder(embedder)
        self._similarity = Similarity(self._embedder)
        self._retrievers = Retrievers(store, self._embedder, self.settings, reranker, language_model)
        self._finder = Finder(self.retrieve, store.languages, self._embedder, language_model)
        self.writer = open_writer(self.settings, self._similarity, self._embedder, language_model, prompts)
        names = [language_model.name, embedder.name, self.settings.digest, CODE_VERSION]
        names += [f"patterns {patterns_digest()}"]
        # A setting can change what the same model is said to read. English alone, as the packaged model reads, goes
        # without saying: so it was in the ids of answers before.
        read = [language.code for language in all_languages() if embedder.reads(language.code)]
        names += [f"reads {','.join(read)}"] if read != ["en"] else []
        self.made_with: tuple[str, ...] = (
            *names,
            *([reranker.name] if reranker is not None else []),
            *self.writer.made_with,
        )
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

    def stream(self, question: str, mode: Mode) -> Iterator[str | Answered]:
        """Yield the answer's pieces while the model writes, and last the answer with its proof.

        In one piece where its text is not settled before its end: quotations, and sentences that may be dropped.
        """
        prepared = self.prepare(question, mode)
        draft, live = prepared.draft, self.writer.streams
        if draft.prompt is None or not live:
            answered = self.answer([prepared])[0]
            yield answered.answer.text
            yield answered
            return
        completion, started = Completion("", 0, 0), time.perf_counter()
        for piece in self.language_model.stream(
            draft.prompt, self.writer.max_tokens, usable=lambda _, one: self.writer.is_usable(draft, one)
        ):
            if isinstance(piece, Completion):
                completion = piece
            else:
                yield piece
        yield self._answered(prepared, completion, prepared.seconds + time.perf_counter() - started)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the length of each text in the embedder's tokens: what budgets are counted in."""
        return self._embedder.count_tokens(texts)

    def retrieve(self, query: str, mode: Mode, k: int) -> Retrieved:
        """Return what a mode finds, without asking the model."""
        return self._retrievers.of(mode).retrieve(query, k)

    def prepare(self, question: str, mode: Mode) -> Prepared:
        """Retrieve by what the question asks, and build the prompt unless there is nothing to ask the model about."""
        self._retrievers.of(mode)  # opened for many questions: no part of this one's time
        started, spared = time.perf_counter(), self._embedder.spared
        retrieved, note = self._finder.find(asked_part(question), mode, self.writer.passages)
        draft = self.writer.draft(question, retrieved)
        seconds = time.perf_counter() - started + self._embedder.spared - spared
        return Prepared(question, mode, draft, note, seconds)

    def look_ahead(self, questions: Sequence[str]) -> None:
        """Ask the model at once for what the searches of many questions need of it."""
        self._finder.look_ahead([asked_part(question) for question in questions])

    def answer(self, prepared: Sequence[Prepared]) -> list[Answered]:
        """Return the answers in order; all prompts go to the model at once, so that an engine starts once.

        Of the model's time each has the share of the tokens that it read and wrote.
        """
        asked = [(one.draft, one.draft.prompt) for one in prepared if one.draft.prompt is not None]

        def is_used(number: int, completion: Completion) -> bool:
            return self.writer.is_usable(asked[number][0], completion)

        prompts = [prompt for _, prompt in asked]
        started = time.perf_counter()
        written = list(self.language_model.complete(prompts, self.writer.max_tokens, usable=is_used)) if prompts else []
        shares = iter(_shares(written, time.perf_counter() - started))
        completions = iter(written)
        return [
            self._answered(one, None, one.seconds)
            if one.draft.prompt is None
            else self._answered(one, next(completions), _sum(one.seconds, next(shares)))
            for one in prepared
        ]

    def _answered(self, prepared: Prepared, completion: Completion | None, seconds: float | None) -> Answered:
        question, mode, draft = prepared.question, prepared.mode, prepared.draft
        retrieved, trace = [row["chunk_id"] for row in draft.retrieved.chunks], draft.retrieved.trace
        answer = self.writer.answer(draft, completion)
        answer = replace(answer, note="; ".join(filter(None, (prepared.note, answer.note))))
        written = completion or Completion("", 0, 0)
        if written.failure:
            _LOG.warning("the model gave no answer to '%s': %s", question, written.failure)
        read = written.prompt_tokens + sum(step.prompt_tokens for step in trace)
        wrote = written.completion_tokens + sum(step.completion_tokens for step in trace)
        return Answered(question, mode, answer, retrieved, read, wrote, written.failure, trace, seconds)


def _shares(completions: Sequence[Completion], seconds: float) -> list[float | None]:
    """Return each completion's part of the model's time by its tokens; None for those that no model ran for."""
    tokens = [0 if one.cached else one.prompt_tokens + one.completion_tokens for one in completions]
    fresh = sum(not one.cached for one in completions)
    return [
        None if one.cached else seconds * (own / sum(tokens) if sum(tokens) else 1 / fresh)
        for one, own in zip(completions, tokens, strict=True)
    ]


def _sum(first: float, second: float | None) -> float | None:
    return None if second is None else first + second
