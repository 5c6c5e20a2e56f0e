"""From a question to its draft: the mode that was asked for, or the one that `auto` takes, and once a dearer one."""

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass

from pipelines.answering.grounding.writers.writer import Draft, Writer
from pipelines.answering.modes.auto import AutoRetriever
from pipelines.answering.modes.names import AUTO, Mode
from pipelines.answering.question import asked_part
from pipelines.answering.retrievers import Retrievers
from pipelines.answering.search.finding import Finder
from pipelines.answering.search.trace import Step
from pipelines.answering.turns import Turns


@dataclass(frozen=True)
class Drafted:
    """A draft with the mode that it was found in, what was searched beside the question, the seconds of drafting."""

    draft: Draft
    mode: Mode
    note: str = ""
    seconds: float = 0.0


class Router:
    """Searches in a mode, and in the mode that `auto` chooses; drafts, and where nothing comes of it searches again."""

    def __init__(self, retrievers: Retrievers, finder: Finder, turns: Turns, writer: Callable[[], Writer]) -> None:
        self._retrievers, self._finder, self._turns, self._writer = retrievers, finder, turns, writer

    def steps(self, question: str, mode: Mode) -> Generator[Step, None, Drafted]:
        """Yield each step when it is done; return the draft. Raises as retrieval does."""
        if mode != AUTO:
            return (yield from self._drafted(question, mode, ""))
        router = self._retrievers.of(AUTO)
        assert isinstance(router, AutoRetriever)
        with self._turns.one():
            choice = router.choose(asked_part(question))
        yield Step(AUTO, choice.mode, choice.told)
        drafted = yield from self._drafted(question, choice.mode, choice.told)
        if not drafted.draft.is_refused or not choice.then:
            return drafted
        # Once: what two modes do not hold, the documents hardly do.
        why = f"auto: {choice.then} as well, because what {choice.mode} found is no evidence"
        yield Step(AUTO, choice.then, why)
        again = yield from self._drafted(question, choice.then, f"{choice.told}; {why}")
        return Drafted(again.draft, again.mode, again.note, drafted.seconds + again.seconds)

    def _drafted(self, question: str, mode: Mode, before: str) -> Generator[Step, None, Drafted]:
        writer = self._writer()
        retrieved, note = yield from self._finder.steps(asked_part(question), mode, writer.passages)
        started = time.perf_counter()
        draft = writer.draft(question, retrieved)
        return Drafted(draft, mode, "; ".join(filter(None, (before, note))), time.perf_counter() - started)
