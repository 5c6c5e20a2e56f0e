"""What both sides are asked: GSM8K questions after eight answered ones, as rows of a data set and as token ids."""

from collections.abc import Sequence
from typing import Any

from benchmarks.training import samples
from benchmarks.training.samples import Sample
from pipelines.core.identity import content_id

SHOTS = 8


def few_shot(questions: Sequence[Sample], shots: Sequence[Sample]) -> list[dict[str, Any]]:
    """Return held-out rows: the shots as turns of the conversation, then the question and its reference answer."""
    before = [message for shot in shots for message in shot.messages]
    return [_row(question, [*before, *question.messages]) for question in questions]


def gsm8k_rows(count: int, seed: int, shots: int = SHOTS) -> list[dict[str, Any]]:
    """Return `count` questions of the test split, each after the same shots of the training split."""
    shown = samples.choose(samples.gsm8k(), shots, seed)
    return few_shot(samples.choose(samples.gsm8k("test"), count, seed), shown)


def _row(question: Sample, messages: list[dict[str, str]]) -> dict[str, Any]:
    identity = content_id(question.question, question.answer)
    stored = [{**message, "tool_calls": ""} for message in messages]
    return {"row_id": identity, "messages": stored, "tools": "", "source": "gsm8k", "language": "en"}
