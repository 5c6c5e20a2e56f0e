"""What is known of a question before the model runs, and the answer that comes of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pipelines.answering.grounding.answer import Answer
from pipelines.answering.grounding.writers.writer import Draft
from pipelines.answering.modes.names import Mode
from pipelines.answering.search.trace import Step
from pipelines.answering.timing import Timing


@dataclass(frozen=True)
class Prepared:
    """What is known before the model runs: it is not asked where the draft has no prompt."""

    question: str
    mode: Mode
    draft: Draft
    note: str = ""
    """What else was searched than the question, in a line."""
    seconds: float | None = field(default=0.0, compare=False)
    """From the question to its prompt, in a mode that is open; None where a model's part of it is not known."""
    trace: tuple[Step, ...] = ()
    """The steps so far, each call of the model among them."""
    timing: Timing = field(default=Timing(), compare=False)


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
    cut: bool = False
    """Whether the model's words end where its tokens did."""
    trace: tuple[Step, ...] = ()
    """What was done beside writing: what the mode did, translations, the second pass; their tokens count as well."""
    seconds: float | None = field(default=None, compare=False)
    """From question to answer; None where the model's time is not known, since what it wrote was kept from before."""
    timing: Timing = field(default=Timing(), compare=False)
    """Where its time went; of the proof of many that were answered together each has the same share."""

    def as_dict(self) -> dict[str, Any]:
        """Return {question, mode, trace} and what `Answer.as_dict` returns, plain values as in ANSWERS."""
        trace = [step.as_dict() for step in self.trace]
        return {"question": self.question, "mode": self.mode, **self.answer.as_dict(), "trace": trace}
