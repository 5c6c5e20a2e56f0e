"""What an answer is, whoever wrote it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.answering.grounding.citations.records import Status
from pipelines.answering.search.trace import Step
from pipelines.text.languages.languages import language_of

PROVEN = tuple(status.value for status in Status if status.holds)
CLAIMS = tuple(status.value for status in Status)
"""The statuses of sentences that say something."""


@dataclass(frozen=True)
class Answer:
    """An answer with its citations (schema CITATIONS) and what was found of each sentence (schema SENTENCES).

    `writer` is "model" or "extract"; `left_out` counts what was found and did not fit into the prompt.
    """

    text: str
    supported: bool
    citations: tuple[Mapping[str, Any], ...]
    sentences: tuple[Mapping[str, Any], ...] = ()
    writer: str = "extract"
    left_out: int = 0
    note: str = ""
    """What else is to be told of it in a line: cut at the token limit, sentences dropped."""
    checks: tuple[Step, ...] = ()
    """What the model was asked of its sentences: steps of the answer's trace, not of its record."""

    def as_dict(self) -> dict[str, Any]:
        """Return plain values under the names that they have in ANSWERS."""
        return {
            "answer": self.text,
            "supported": self.supported,
            "citations": [dict(one) for one in self.citations],
            "sentences": [dict(one) for one in self.sentences],
            "writer": self.writer,
            "left_out": self.left_out,
            "note": self.note,
        }


def refusal_answer(question: str, writer: str = "extract") -> Answer:
    """Return the answer where nothing was found, in the question's language."""
    return Answer(language_of(question).refusal, False, (), writer=writer)
