"""Who decides about names that look alike where nothing else does: vectors of where they stand, or a language model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from pipelines.core.delta import batched
from pipelines.core.protocols import Completion, Embedder, LanguageModel, Messages
from pipelines.knowledge.entities.naming.seen import Evidence
from pipelines.text.languages.languages import all_languages, language_of
from pipelines.text.notation.json_objects import last_object

BY_VECTORS, BY_MODEL = "vectors_of_contexts", "language_model"
Context = Callable[[str], str]
"""From a name's key to a piece of text that it stands in."""
_PAIRS_A_PROMPT = 16
_TOKENS_A_PROMPT = 200
_SCHEMA = {
    "type": "object",
    "properties": {"same": {"type": "array", "items": {"type": "integer"}, "maxItems": _PAIRS_A_PROMPT}},
    "required": ["same"],
    "additionalProperties": False,
}
_TASK = (
    "Each numbered pair has two names and a text that each stands in. Which pairs are two spellings of one and the "
    'same thing? Two that only look alike are not. Answer with JSON: {"same": [numbers of pairs that are one thing]}.'
)


@dataclass
class VectorJudge:
    """Joins names whose contexts are as near as a question and its answer; the scale is measured for the embedder."""

    embedder: Embedder
    asked: int = 0
    joined: int = 0

    def one_thing(self, pairs: Sequence[Evidence], context: Context) -> list[Evidence]:
        """Return the pairs that are one thing by the embedder's cosines."""
        readable = [one for one in pairs if all(self._reads(context(key)) for key in (one.one, one.other))]
        self.asked += len(readable)
        if not readable:
            return []
        keys = sorted({key for one in readable for key in (one.one, one.other)})
        vectors = dict(zip(keys, self.embedder.embed([context(key) for key in keys]), strict=True))
        bar = related_cosine(self.embedder)
        found = []
        for one in readable:
            cosine = float(vectors[one.one] @ vectors[one.other])
            if cosine >= bar:
                quote = f"cosine of their contexts {cosine:.3f}, {bar:.3f} for texts that belong together"
                found.append(replace(one, rule=BY_VECTORS, score=0.8, quote=quote, by=self.embedder.name))
        self.joined += len(found)
        return found

    def _reads(self, text: str) -> bool:
        return bool(text) and self.embedder.reads(language_of(text).code)


def related_cosine(embedder: Embedder) -> float:
    """Return the mean cosine of questions of general knowledge with their answers, in the languages that it reads."""
    pairs = [pair for language in all_languages() if embedder.reads(language.code) for pair in language.answered]
    if not pairs:
        return 2.0
    questions, answers = (embedder.embed([pair[side] for pair in pairs]) for side in (0, 1))
    return float(np.mean(np.sum(questions * answers, axis=1)))


@dataclass
class ModelJudge:
    """Asks a language model, many pairs a prompt, all prompts in one call; what it cannot say stays two."""

    language_model: LanguageModel
    asked: int = 0
    joined: int = 0
    failed: int = 0
    tokens: int = 0

    def one_thing(self, pairs: Sequence[Evidence], context: Context) -> list[Evidence]:
        """Return the pairs that are one thing by the model's word."""
        groups = list(batched(list(pairs), _PAIRS_A_PROMPT))
        self.asked += len(pairs)
        prompts = [_prompt(group, context) for group in groups]
        usable = lambda number, answer: _numbers(answer, len(groups[number])) is not None  # noqa: E731
        answers = self.language_model.complete(prompts, _TOKENS_A_PROMPT, _SCHEMA, usable) if prompts else []
        found = []
        for group, answer in zip(groups, answers, strict=True):
            self.tokens += 0 if answer.cached else answer.prompt_tokens + answer.completion_tokens
            numbers = _numbers(answer, len(group))
            if numbers is None:
                self.failed += len(group)
                continue
            said = [
                replace(group[number - 1], rule=BY_MODEL, score=0.82, by=self.language_model.name) for number in numbers
            ]
            found += [replace(one, quote=f"{context(one.one)} | {context(one.other)}"[:400]) for one in said]
        self.joined += len(found)
        return found


def _prompt(pairs: Sequence[Evidence], context: Context) -> Messages:
    lines = [
        f"{number}. {one.one} — {context(one.one)}\n   {one.other} — {context(one.other)}"
        for number, one in enumerate(pairs, start=1)
    ]
    return [{"role": "user", "content": "\n".join((_TASK, "", *lines, "", "JSON:"))}]


def _numbers(answer: Completion, count: int) -> list[int] | None:
    """Return the numbers that an answer names, None for one that cannot be read."""
    if answer.failure:
        return None
    value = last_object(answer.text, ("same",))
    if not isinstance(value, dict) or not isinstance(value.get("same"), list):
        return None
    try:
        numbers = sorted({int(one) for one in value["same"]})
    except (TypeError, ValueError):
        return None
    return numbers if all(1 <= number <= count for number in numbers) else None
