"""A conversation over the documents: follow-ups stand alone, what is long ago is a summary, all of it is stored."""

import time
from collections.abc import Iterator, Sequence

from pipelines.answering.answered import Answered
from pipelines.answering.ask import Answerer
from pipelines.answering.chat.memory import Conversations, Turn, messages_of
from pipelines.answering.chat.standalone import standalone_question
from pipelines.answering.modes.names import Mode
from pipelines.answering.question import checked_question
from pipelines.answering.search.trace import Step, model_step
from pipelines.core.protocols import LanguageModel, Messages
from pipelines.text.languages.languages import language_of

HISTORY_TOKENS = 1_500
"""Tokens of what was said that a rewriting reads; half of it is kept word by word where it grows beyond."""
_SUMMARY_TOKENS = 256


class Chat:
    """One conversation; a new one where `conversation` is not given, or is `new` and not stored yet."""

    def __init__(
        self, answerer: Answerer, memory: Conversations, conversation: str | None = None, *, new: bool = False
    ) -> None:
        self._answerer, self._memory = answerer, memory
        self.conversation = conversation or memory.new_id()
        is_stored = conversation is not None and not (new and not memory.holds(conversation))
        self.turns = memory.turns(self.conversation) if is_stored else []
        self.place = len(self.turns) - 1
        """The place of the turn that was stored last, from 0."""

    def ask(
        self, question: str, mode: Mode, before: Sequence[dict[str, str]] = (), most_tokens: int | None = None
    ) -> Iterator[str | Step | Answered]:
        """Yield the steps, the answer's pieces and last the answer, which is stored before it is given out.

        `before` is what was said elsewhere before the first turn; `most_tokens` and errors are as of `Answerer.stream`.
        """
        question = checked_question(question)
        answerer, (said, summarising) = self._answerer, self._history()
        asked, rewriting = standalone_question(
            [*(said or before), {"role": "user", "content": question}], answerer.language_model, answerer.prompts
        )
        for piece in answerer.stream(asked, mode, (*summarising, *rewriting), most_tokens):
            if isinstance(piece, Answered):
                turn = Turn(question, asked, mode, piece.as_dict())
                self.place = self._memory.add(self.conversation, turn)
                self.turns.append(turn)
            yield piece

    def history(self) -> list[dict[str, str]]:
        """Return what was said, within HISTORY_TOKENS: first a summary of what is too long ago."""
        return self._history()[0]

    def _history(self) -> tuple[list[dict[str, str]], list[Step]]:
        """Return the history, and the step of the model where it had to summarise."""
        steps = list[Step]()
        until, summary = self._memory.summary(self.conversation)
        late = self.turns[until:]
        costs = [self._cost(turn) for turn in late]
        if sum(costs) > HISTORY_TOKENS:
            kept = len(late)
            while kept > 1 and sum(costs[-kept:]) > HISTORY_TOKENS // 2:
                kept -= 1
            early, late = late[:-kept], late[-kept:]
            until += len(early)
            summary, steps = self._summarised(summary, early)
            self._memory.keep_summary(self.conversation, until, summary)
        head = [{"role": "assistant", "content": summary}] if summary else []
        return [*head, *messages_of(late)], steps

    def _cost(self, turn: Turn) -> int:
        return sum(self._answerer.count_tokens([turn.question, turn.answer]))

    def _summarised(self, summary: str, early: list[Turn]) -> tuple[str, list[Step]]:
        """Return the summary with these turns in it and the model's step; the questions alone where none writes."""
        model: LanguageModel = self._answerer.language_model
        said, steps = "\n".join(f"{one['role']}: {one['content']}" for one in messages_of(early)), list[Step]()
        if not model.packaged:
            language = language_of(early[-1].question)
            task = self._answerer.prompts.text("summary", language, conversation=f"{summary}\n{said}".strip())
            prompt: Messages = [{"role": "user", "content": task}]
            started = time.perf_counter()
            written = model.complete([prompt], _SUMMARY_TOKENS)[0]
            text = written.text.strip()
            told = text or f"the questions alone: {written.failure or 'the model wrote nothing'}"
            seconds = time.perf_counter() - started
            steps = [model_step("summarise", f"{len(early)} earlier turns", told, written, seconds)]
            if text:
                return text, steps
        questions = [turn.asked for turn in early]
        return "\n".join([*([summary] if summary else []), *questions])[-4 * _SUMMARY_TOKENS :], steps
