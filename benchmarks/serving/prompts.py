"""What every engine is asked: GSM8K's questions, the guide's three prompts, and three questions after a long prefix."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.training import samples
from resources.engines.chat_template import render_conversations

GUIDE_PREFIX = "你是AI助手。问题："
GUIDE_QUESTIONS = ("什么是机器学习？", "什么是深度学习？", "什么是神经网络？")
_SHOTS = 8


@dataclass(frozen=True)
class Prompts:
    """Token ids: `questions` for speed and agreement, `guide` and `long` for what prompts share."""

    questions: list[list[int]]
    guide: list[list[int]]
    long: list[list[int]]


def prompts(model: Path, count: int, seed: int) -> Prompts:
    """Return the prompts by the model's own chat template."""
    chosen = samples.choose(samples.gsm8k(), count + _SHOTS + len(GUIDE_QUESTIONS), seed)
    asked, shots, after = chosen[:count], chosen[count : count + _SHOTS], chosen[count + _SHOTS :]
    before = [turn for shot in shots for turn in shot.messages]
    guide = [[{"role": "user", "content": GUIDE_PREFIX + question}] for question in GUIDE_QUESTIONS]
    return Prompts(
        render_conversations(model, [_asked(one.messages) for one in asked]),
        render_conversations(model, guide),
        render_conversations(model, [[*before, *_asked(one.messages)] for one in after]),
    )


def _asked(messages: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    return [turn for turn in messages if turn["role"] != "assistant"]
