"""The writer `extract`, for the packaged small model: quotations that answer, and nothing else.

What a model of 135 million parameters writes is no answer by itself: it may choose among the sentences of the sources,
and of its own words only those stay that one of them holds.
"""

from collections.abc import Sequence

from pipelines.answering.grounding.answer import Answer, refusal_answer
from pipelines.answering.grounding.evidence import Evidence, rank_evidence
from pipelines.answering.grounding.grounding import ground, is_supported, written_answer
from pipelines.answering.grounding.prompt import build_prompt, stuff_prompt
from pipelines.answering.grounding.writers.writer import Draft, Written
from pipelines.answering.search.search import Retrieved
from pipelines.answering.search.similarity import Similarity
from pipelines.answering.settings import AnswerSettings
from pipelines.core.protocols import Completion, Messages


class ExtractWriter:
    """Ranks the sentences of the sources; asks the model where one of them clears the bar, and quotes."""

    name = "extract"
    streams = False

    def __init__(self, settings: AnswerSettings, similarity: Similarity) -> None:
        self._settings, self._similarity = settings.extract, similarity
        self.made_with: tuple[str, ...] = (f"extract {self._settings.digest}",)
        self.passages, self.max_tokens = self._settings.chunks, self._settings.max_tokens

    def draft(self, question: str, retrieved: Retrieved) -> Draft:
        """Return the best sentences as a prompt, none where no evidence clears the bar."""
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
        if completion is None:
            return refusal_answer(draft.question)
        return ground(draft.question, completion.text, draft.ground, self._settings)
