"""The writer `model`, for every model that can write: it reads whole passages, and its words are the answer."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

from pipelines.answering.grounding.answer import Answer, refusal_answer
from pipelines.answering.grounding.citations.records import VerifiedAnswer
from pipelines.answering.grounding.citations.verify import verify
from pipelines.answering.grounding.context import Context, pack_context
from pipelines.answering.grounding.prompt import stuff_prompt
from pipelines.answering.grounding.proof import proven_answer, sources_of
from pipelines.answering.grounding.second_pass import SecondPass
from pipelines.answering.grounding.writers.writer import Draft, Written
from pipelines.answering.prompts.prompt_files import WRITER, Prompts
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
        checks = settings.verify == "model"
        self._second_pass = SecondPass(language_model, prompts) if checks else None
        self.made_with: tuple[str, ...] = (
            self.name,
            f"prompts {prompts.digest(*WRITER, *(('verdict',) if checks else ()))}",
        )

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

    def answers(self, written: Sequence[Written]) -> list[Answer]:
        """Return the model's words with their proof; a refusal stays one, in its words.

        With the second pass, the model is asked about the sentences of all answers at once.
        """
        said = {place: one for place, pair in enumerate(written) if (one := self._verified(*pair)) is not None}
        opinions = (
            self._second_pass.opinions([(one, sources_of(written[place][0].ground)) for place, one in said.items()])
            if self._second_pass
            else [(one, (), "") for one in said.values()]
        )
        checked = dict(zip(said, opinions, strict=True))
        answers = []
        for place, (draft, completion) in enumerate(written):
            if place not in checked or completion is None:
                answers.append(self._nothing(draft, completion))
                continue
            one, steps, note = checked[place]
            cut = f"cut at {draft.limit(self.max_tokens)} tokens" if completion.finish_reason == CUT else ""
            answers.append(replace(proven_answer(one, draft.ground, self._settings, cut, note), checks=steps))
        return answers

    def _verified(self, draft: Draft, completion: Completion | None) -> VerifiedAnswer | None:
        """Return what the rules say of the model's words, None where there are none."""
        if completion is None or completion.failure or not completion.text.strip():
            return None
        return verify(completion.text.strip(), sources_of(draft.ground), self._similar, draft.question)

    def _nothing(self, draft: Draft, completion: Completion | None) -> Answer:
        """Return the answer where there are no words of the model's."""
        if completion is None:
            return refusal_answer(draft.question, self.name)
        context: Context = draft.ground
        reason = completion.failure or "an empty answer"
        return Answer("", False, (), writer=self.name, left_out=context.left_out, note=f"no answer: {reason}")

    def _similar(self, sentence: str, others: Sequence[str]) -> Sequence[float]:
        """Return how alike others are in meaning, 0 to 1; all 0 where the embedder has nothing to say."""
        found = self._similarity.to_text(sentence, others)
        return [0.0] * len(others) if found is None else [min(1.0, max(0.0, float(one))) for one in found]
