"""From questions to answers with checked citations: an object that is opened once and asked often."""

import logging
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Self, TypeVar

from pipelines.answering.answered import Answered, Prepared
from pipelines.answering.grounding.answer import Answer
from pipelines.answering.grounding.writers.choice import open_writer
from pipelines.answering.grounding.writers.writer import Written
from pipelines.answering.modes.names import AUTO, SEARCH_MODES, WALK_MODES, Mode
from pipelines.answering.prompts.prompt_files import load_prompts
from pipelines.answering.question import asked_part, checked_question
from pipelines.answering.question_patterns import patterns_digest
from pipelines.answering.remembering import RememberingEmbedder
from pipelines.answering.retrievers import Retrievers
from pipelines.answering.routing import Router
from pipelines.answering.search.finding import Finder
from pipelines.answering.search.search import Retrieved, retrieval_steps
from pipelines.answering.search.similarity import Similarity
from pipelines.answering.search.trace import Step, drained
from pipelines.answering.settings import AnswerSettings
from pipelines.answering.timing import Timing
from pipelines.answering.turns import Turns
from pipelines.core.protocols import CUT, Completion, Embedder, GraphStore, LanguageModel, Reranker
from pipelines.text.languages.languages import all_languages, language_of

# Raise it when retrieval, evidence or grounding change their results: earlier answers are then computed again.
CODE_VERSION = "9"

_UNREAD = (
    "%s does not read %s: this question has no vector to be found by. Next: --mode hybrid, or a model in "
    "EMBEDDING_MODEL that reads it"
)
_PROMPTS_OF = {
    "agentic": ("agent",),
    "cypher": ("cypher",),
    "global": ("rate", "map"),
    "drift": ("primer",),
    AUTO: ("agent", "rate", "map", "primer"),
}
"""What the model is told by while a mode searches."""
_LOG = logging.getLogger("graftline")
_COMPUTED = ("native", "local", *WALK_MODES, *SEARCH_MODES)
"""Modes that only compute, while others may wait for a model."""
_WITHOUT_VECTOR = "bm25"
_Found = TypeVar("_Found")


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
        self._turns = Turns()
        self.prompts = load_prompts(prompts)
        self._retrievers = Retrievers(store, self._embedder, self.settings, reranker, language_model, self.prompts)
        self._finder = Finder(self._search, store.languages, self._embedder, language_model, self.prompts)
        self._router = Router(self._retrievers, self._finder, self._turns, lambda: self.writer)
        self.writer = open_writer(self.settings, self._similarity, self._embedder, language_model, self.prompts)
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
            *([] if language_model.packaged else [f"terms {self.prompts.digest('terms')}"]),
        )
        """Whatever an answer depends on in every mode but the question and the graph."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the retrievers with their indexes; the next question opens its mode's again."""
        self._retrievers.close()

    def made_in(self, mode: Mode) -> tuple[str, ...]:
        """Return whatever an answer depends on but the question and the graph."""
        names = () if self.language_model.packaged else _PROMPTS_OF.get(mode, ())
        return (*self.made_with, *(f"{name} {self.prompts.digest(name)}" for name in names))

    def ask(self, question: str, mode: Mode, told: Callable[[Step], None] = lambda step: None) -> Answered:
        """Answer one question; of every citation, quote == document.text[start:end].

        `told` gets each step when it is done. Raises NotMaterializedError when the store is empty, ConfigurationError
        for what is no question.
        """
        prepared, _ = drained(self.prepare_steps(checked_question(question), mode), told)
        answered = self.answer([prepared])[0]
        for step in answered.answer.checks:
            told(step)
        return answered

    def stream(
        self, question: str, mode: Mode, before: Sequence[Step] = (), most_tokens: int | None = None
    ) -> Iterator[str | Step | Answered]:
        """Yield each step when it is done, the answer's pieces while the model writes, last the answer with its proof.

        In one piece where its text is not settled before its end: quotations, and sentences that may be dropped.
        `before` are the steps that led to the question: the answer's trace begins with them. The model writes at most
        `most_tokens`, and never more than its settings allow. Raises as `ask`.
        """
        question = checked_question(question)
        yield from before
        prepared = yield from self.prepare_steps(question, mode)
        draft = replace(prepared.draft, most_tokens=most_tokens)
        prepared = replace(prepared, draft=draft, trace=(*before, *prepared.trace))
        if draft.prompt is None or not self.writer.streams:
            answered = self.answer([prepared])[0]
            yield from answered.answer.checks
            yield answered.answer.text
            yield answered
            return
        completion, started, first = Completion("", 0, 0), time.perf_counter(), None
        written = self.language_model.stream(
            draft.prompt, draft.limit(self.writer.max_tokens), usable=lambda _, one: self.writer.is_usable(draft, one)
        )
        # What was shown is the answer's text to the letter, which its spans count in.
        shown, blank = False, ""
        for piece in written:
            first = time.perf_counter() - started if first is None else first
            if isinstance(piece, Completion):
                completion = piece
                continue
            text = blank + piece if shown else piece.lstrip()
            blank = text[len(text.rstrip()) :]
            if text != blank:
                shown = True
                yield text[: len(text) - len(blank)]
        model = time.perf_counter() - started
        [answer], proof = self._proven([(draft, completion)])
        yield from answer.checks
        timing = replace(prepared.timing, model_first=first, model=model, proof=proof)
        seconds = None if completion.cached else model
        yield self._answered(prepared, completion, answer, seconds, timing)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the length of each text in the embedder's tokens: what budgets are counted in."""
        return self._embedder.count_tokens(texts)

    def retrieve(self, query: str, mode: Mode, k: int) -> Retrieved:
        """Return what a mode finds, without asking the model."""
        if mode in _COMPUTED:
            return drained(self._search(query, mode, k))[0]
        return self._retrievers.of(mode).retrieve(query, k)

    def _search(self, query: str, mode: Mode, k: int) -> Generator[Step, None, Retrieved]:
        retriever = self._retrievers.of(mode)
        if mode not in _COMPUTED:
            return (yield from retrieval_steps(retriever, query, k))
        if mode != _WITHOUT_VECTOR and self._embedder.reads(language_of(query).code):
            self._embedder.embed_queries([query])  # before the turn: questions that come together share a run
        with self._turns.one():
            found = retriever.retrieve(query, k)
        yield from found.trace
        return found

    def prepare(self, question: str, mode: Mode) -> Prepared:
        """Retrieve by what the question asks, and build the prompt unless there is nothing to ask the model about."""
        return drained(self.prepare_steps(question, mode))[0]

    def prepare_steps(self, question: str, mode: Mode) -> Generator[Step, None, Prepared]:
        """Yield each step of the search when it is done; return what `prepare` does."""
        language = language_of(question)
        if mode == "vector" and not self._embedder.reads(language.code):
            _LOG.warning(_UNREAD, self._embedder.name, language.name)
        self._retrievers.of(mode)  # opened for many questions: no part of this one's time
        steps = self._router.steps(question, mode)
        trace, seconds, searching, waiting = list[Step](), 0.0, 0.0, 0.0
        while True:
            # Between two steps whoever is told of them may take its time, and go on in another thread.
            started, spared, waited = time.perf_counter(), self._embedder.spared, self._turns.waited
            step, found = _next(steps)
            ended = time.perf_counter()
            searching, waiting = searching + ended - started, waiting + self._turns.waited - waited
            if found is not None:
                seconds += ended - started + self._embedder.spared - spared
                break
            assert step is not None
            step = replace(step, seconds=step.seconds + ended - started + self._embedder.spared - spared)
            seconds += step.seconds
            trace.append(step)
            yield step
        known = None if any(step.cached for step in trace) else seconds
        timing = Timing(waiting, searching - waiting - found.seconds, found.seconds)
        return Prepared(question, mode, found.draft, found.note, known, tuple(trace), timing)

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
        most = min((draft.limit(self.writer.max_tokens) for draft, _ in asked), default=0)
        started = time.perf_counter()
        written = list(self.language_model.complete(prompts, most, usable=is_used)) if prompts else []
        shares = iter(_shares(written, time.perf_counter() - started))
        completions = iter(written)
        pairs = [(one.draft, None if one.draft.prompt is None else next(completions)) for one in prepared]
        answers, proof = self._proven(pairs)
        return [
            self._answered(
                one,
                completion,
                answer,
                0.0 if completion is None else next(shares),
                replace(one.timing, proof=proof / len(pairs)),
            )
            for one, (_, completion), answer in zip(prepared, pairs, answers, strict=True)
        ]

    def _proven(self, pairs: Sequence[Written]) -> tuple[list[Answer], float]:
        """Return the answers with their proof, and the seconds that it took.

        Rules compute in turns; a second pass waits for its model, and has no place in them.
        """
        started = time.perf_counter()
        with nullcontext() if self.settings.verify == "model" else self._turns.one():
            answers = self.writer.answers(pairs)
        return answers, time.perf_counter() - started

    def _answered(
        self,
        prepared: Prepared,
        completion: Completion | None,
        answer: Answer,
        seconds: float | None,
        timing: Timing,
    ) -> Answered:
        """Return the answer with all that was done for it; `seconds` are the model's for writing it."""
        question, mode, draft = prepared.question, prepared.mode, prepared.draft
        retrieved, trace = [row["chunk_id"] for row in draft.retrieved.chunks], (*prepared.trace, *answer.checks)
        answer = replace(answer, note="; ".join(filter(None, (prepared.note, answer.note))))
        written = completion or Completion("", 0, 0)
        if written.failure:
            _LOG.warning("the model gave no answer to '%s': %s", question, written.failure)
        read = written.prompt_tokens + sum(step.prompt_tokens for step in trace)
        wrote = written.completion_tokens + sum(step.completion_tokens for step in trace)
        checking = None if any(one.cached for one in answer.checks) else sum(one.seconds for one in answer.checks)
        spent, cut = _sum(prepared.seconds, _sum(seconds, checking)), written.finish_reason == CUT
        return Answered(question, mode, answer, retrieved, read, wrote, written.failure, cut, trace, spent, timing)


def _shares(completions: Sequence[Completion], seconds: float) -> list[float | None]:
    """Return each completion's part of the model's time by its tokens; None for those that no model ran for."""
    tokens = [0 if one.cached else one.prompt_tokens + one.completion_tokens for one in completions]
    fresh = sum(not one.cached for one in completions)
    return [
        None if one.cached else seconds * (own / sum(tokens) if sum(tokens) else 1 / fresh)
        for one, own in zip(completions, tokens, strict=True)
    ]


def _sum(first: float | None, second: float | None) -> float | None:
    return None if first is None or second is None else first + second


def _next(steps: Generator[Step, None, _Found]) -> tuple[Step | None, _Found | None]:
    """Return the next step, or what was found behind the last one."""
    try:
        return next(steps), None
    except StopIteration as end:
        return None, end.value
