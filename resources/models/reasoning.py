"""What a model thinks before it answers, taken out of its text: the tags of the open models, also without the first."""

import json
import re

TAGS = (
    (r"<(?:seed:)?(?:think|thinking|thought|reasoning)>", r"</(?:seed:)?(?:think|thinking|thought|reasoning)>"),
    (r"\[THINK\]", r"\[/THINK\]"),
    (r"◁think▷", r"◁/think▷"),
    (r"<\|START_THINKING\|>", r"<\|END_THINKING\|>"),
    (r"<\|begin_of_thought\|>", r"<\|end_of_thought\|>"),
    (r"<\|channel\|?>\s*(?:analysis|thought)", r"<channel\|>|<\|channel\|>final<\|message\|>"),
)
"""Tags of Qwen, DeepSeek and their kin, of Magistral, Kimi-VL, Command A, Open Thoughts, gpt-oss and Gemma."""
_LEFT_OVER = re.compile(r"<\|(?:START_RESPONSE|END_RESPONSE|begin_of_solution|end_of_solution|return)\|>")
_QUOTES = "`'\"‘’“”「」"


def without_reasoning(text: str) -> str:
    """Return the answer of a text alone; "" where the thought never ended. A tag that an answer quotes stays.

    >>> without_reasoning('It says {"a": 1} … </think>\\n\\n{"b": 2}')
    '{"b": 2}'
    """
    if not any(re.search(f"{opening}|{closing}", text) for opening, closing in TAGS) or _is_json(text):
        return text
    for opening, closing in TAGS:
        # A thought begins its line; a pair within a sentence is what the sentence is about.
        text = re.sub(rf"^[ \t]*(?:{opening}).*?(?:{closing}|\Z)", "", text, flags=re.DOTALL | re.MULTILINE)
        begun = re.search(opening, text)
        ends = [found for found in re.finditer(closing, text) if not _is_quoted(text, found)]
        if ends and (begun is None or ends[-1].start() < begun.start()):
            text = text[ends[-1].end() :]
    return _LEFT_OVER.sub("", text).strip()


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict | list)
    except ValueError:
        return False


def _is_quoted(text: str, tag: re.Match[str]) -> bool:
    before, after = text[: tag.start()][-1:], text[tag.end() :][:1]
    return bool(before and after and before in _QUOTES and after in _QUOTES)
