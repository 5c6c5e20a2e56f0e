"""The writer `model`, for every model that can write: it reads whole passages, and its words are the answer."""

import logging
from collections.abc import Sequence
from functools import cached_property

from pipelines.answering.grounding.answer import Answer, refusal_answer
from pipelines.answering.grounding.context import Context, pack_context
from pipelines.answering.grounding.prompt import stuff_prompt
from pipelines.answering.grounding.prompt_files import Prompts
from pipelines.answering.grounding.proof import proven_answer
from pipelines.answering.grounding.writers.writer import Draft
from pipelines.answering.search.search import Retrieved
from pipelines.answering.search.similarity import Similarity
from pipelines.answering.settings import AnswerSettings
from pipelines.core.protocols import CUT, Completion, Embedder, LanguageModel
from pipelines.text.languages.languages import language_of

_LOG = logging.getLogger("graftline")


class ModelWriter:
    """Asks the model whenever anything was retrieved; what it says stays as it is, each sentence with its proof."""

    name = "model"

    def __init__(
        self,
        settings: AnswerSettings,
        similarity: Similarity,
        embedder: Embedder,
        prompts: Prompts,
        language_model: LanguageModel,
    ) -> None:
        self._settings, self._embedder, self._prompts, self._model = settings, embedder, prompts, language_model
        self._similarity = similarity
        self.passages = settings.passages
        self.streams = settings.unproven == "mark"
        # What the server says of its context is no part: it would have to run for a night that has nothing to ask.
        self.made_with: tuple[str, ...] = (self.name, f"prompts {prompts.digest}")

    @cached_property
    def budget(self) -> int:
        """Tokens for the sources: half of what the model reads is for instructions, question and answer."""
        most = self._model.context_tokens
        return self._settings.context_tokens if most is None else min(self._settings.context_tokens, most // 2)

    @cached_property
    def max_tokens(self) -> int:
        """Tokens of an answer, at most a quarter of what the model reads."""
        most = self._model.context_tokens
        return self._settings.answer_tokens if most is None else min(self._settings.answer_tokens, max(1, most // 4))

    def draft(self, question: str, retrieved: Retrieved) -> Draft:
        """Return the sources that fit and the question; no prompt where nothing was retrieved."""
        context = pack_context(retrieved, self.budget, self._embedder.count_tokens)
        if not context.sources:
            return Draft(question, retrieved, None, context)
        if context.left_out:
            _LOG.info("%d of what was found for '%s' did not fit into the prompt", context.left_out, question)
        prompt = (
            stuff_prompt(question, retrieved.chunks)
            if retrieved.stuffed
            else self._prompts.messages(question, context.text, language_of(question))
        )
        return Draft(question, retrieved, prompt, context)

    def is_usable(self, draft: Draft, completion: Completion) -> bool:
        """Say whether the model said anything, to its end."""
        return bool(completion.text.strip()) and completion.finish_reason != CUT

    def answer(self, draft: Draft, completion: Completion | None) -> Answer:
        """Return the model's words with their proof; a refusal stays one, in its words."""
        if completion is None:
            return refusal_answer(draft.question, self.name)
        context: Context = draft.ground
        if completion.failure or not completion.text.strip():
            reason = completion.failure or "an empty answer"
            return Answer("", False, (), writer=self.name, left_out=context.left_out, note=f"no answer: {reason}")
        notes = [f"cut at {self.max_tokens} tokens"] if completion.finish_reason == CUT else []
        return proven_answer(completion.text, context, self._settings, self._similar, notes, draft.question)

    def _similar(self, sentence: str, others: Sequence[str]) -> Sequence[float]:
        """Return how alike others are in meaning, 0 to 1; all 0 where the embedder has nothing to say."""
        found = self._similarity.to_text(sentence, others)
        return [0.0] * len(others) if found is None else [min(1.0, max(0.0, float(one))) for one in found]
