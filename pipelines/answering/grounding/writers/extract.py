"""The writer `extract`, for the packaged small model: quotations that answer, and nothing else.

What a model of 135 million parameters writes is no answer by itself: it may choose among the sentences of the sources,
and of its own words only those stay that one of them holds.
"""

from collections.abc import Sequence
from dataclasses import replace

from pipelines.answering.grounding.answer import Answer, refusal_answer
from pipelines.answering.grounding.evidence import Evidence, rank_evidence
from pipelines.answering.grounding.grounding import ground, is_supported, written_answer
from pipelines.answering.grounding.overview import overview_evidence
from pipelines.answering.grounding.prompt import build_prompt, stuff_prompt
from pipelines.answering.grounding.writers.writer import Draft, Written
from pipelines.answering.question import asked_part
from pipelines.answering.question_patterns import asks_for_overview
from pipelines.answering.search.search import Retrieved
from pipelines.answering.search.similarity import Similarity
from pipelines.answering.settings import AnswerSettings
from pipelines.core.protocols import Completion, Messages

_QUOTED = (
    "quoted, not summed up: {sentences} sentences of the passages behind the reports that weigh most; a served model "
    "(LLM_BASE_URL) sums up"
)
_NO_REPORTS = (
    "what all documents are about is told from the reports of communities: mode global or auto, after graftline run"
)


class ExtractWriter:
    """Ranks the sentences of the sources; asks the model where one of them clears the bar, and quotes."""

    name = "extract"
    streams = False

    def __init__(self, settings: AnswerSettings, similarity: Similarity) -> None:
        self._settings, self._similarity = settings.extract, similarity
        self.made_with: tuple[str, ...] = (f"extract {self._settings.digest}",)
        self.passages, self.max_tokens = self._settings.chunks, self._settings.max_tokens

    def draft(self, question: str, retrieved: Retrieved) -> Draft:
        """Return the best sentences as a prompt, none where no evidence clears the bar.

        What the documents are about is told by a sentence of each: there is nothing that a small model could add.
        """
        if retrieved.broad and _asks_for_overview(question):
            voices = overview_evidence(retrieved, self._settings)
            return Draft(question, retrieved, None, voices, quotes=bool(voices))
        evidence = rank_evidence(question, retrieved, self._similarity, self._settings)
        prompt: Messages | None = None
        if retrieved.stuffed:
            prompt = stuff_prompt(question, retrieved.chunks) if retrieved.chunks else None
        elif is_supported(evidence, self._settings):
            prompt = build_prompt(question, evidence, retrieved.context, self._settings)
        return Draft(question, retrieved, prompt, evidence)

    def is_usable(self, draft: Draft, completion: Completion) -> bool:
        """Say whether something of the completion would stay."""
        evidence: Sequence[Evidence] = draft.ground
        if not is_supported(evidence, self._settings):
            return False
        return written_answer(draft.question, completion.text, evidence, self._settings) is not None

    def answers(self, written: Sequence[Written]) -> list[Answer]:
        """Return what of each completion the sources hold, else the best source sentences, else a refusal."""
        return [self._answer(draft, completion) for draft, completion in written]

    def _answer(self, draft: Draft, completion: Completion | None) -> Answer:
        if completion is not None:
            return ground(draft.question, completion.text, draft.ground, self._settings)
        if draft.quotes:
            quoted = ground(draft.question, "", draft.ground, self._settings)
            return replace(quoted, note=_QUOTED.format(sentences=len(quoted.citations)))
        refused = refusal_answer(draft.question)
        return replace(refused, note=_NO_REPORTS) if _asks_for_overview(draft.question) else refused


def _asks_for_overview(question: str) -> bool:
    return asks_for_overview(asked_part(question))
