"""What one turn says: its text, its reasoning and the calls in its parts, in any form that datasets keep them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipelines.finetune.dataset.rows.shapes import Flaw, kind_of, short_repr

_REASONING = ("reasoning_content", "reasoning", "thinking")
_TEXT_KEYS = ("text", "value")
"""OpenAI's key of a part's text, and that of LLaMA-Factory's v1."""
_THOUGHT = re.compile(r"\s*<think>.*?</think>\s*", re.DOTALL)


@dataclass
class Contents:
    """A turn's text, and what its parts hold beside it: reasoning and calls (each as JSON text)."""

    text: str = ""
    reasoning: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)


def contents_of(value: Any) -> Contents:
    """Return what a turn's content says: text, nothing, or a list of parts; Flaw for anything but text."""
    if value is None:
        return Contents()
    if isinstance(value, str):
        return Contents(value)
    if not isinstance(value, list) or not all(isinstance(part, dict) for part in value):
        raise Flaw("not text", f"content that is a {kind_of(value)}", "text")
    found = Contents()
    for part in value:
        kind = part.get("type")
        keys = ("thinking", *_TEXT_KEYS) if kind == "thinking" else _TEXT_KEYS
        text = next((part[key] for key in keys if isinstance(part.get(key), str)), None)
        if text is None or kind not in ("text", "reasoning", "thinking", "tool_call"):
            raise Flaw("not text", f"content with a part of the type {kind} that holds no text", "text")
        if kind == "text":
            found.text += text
        else:
            (found.calls if kind == "tool_call" else found.reasoning).append(text)
    return found


def thought_before(turn: Mapping[str, Any], contents: Contents, repairs: set[str]) -> str:
    """Return a turn's reasoning in the form that chat templates take out of the content again, "" where it has none."""
    thought = next((turn[name] for name in _REASONING if turn.get(name)), "") or "\n\n".join(contents.reasoning)
    if not isinstance(thought, str):
        raise Flaw("not text", f"reasoning that is a {kind_of(thought)}", "text")
    stands = _THOUGHT.match(contents.text)
    if not thought.strip() or (stands and thought.strip() in stands.group()):
        return ""
    repairs.add("reasoning put before the answer")
    return f"<think>\n{thought.strip()}\n</think>\n\n"


def thought_and_call(text: str) -> tuple[str, str]:
    """Return the thought that stands before a call's JSON, as it was written, and the JSON.

    >>> thought_and_call('<think>Ask.</think>\\n{"name": "f"}')
    ('<think>Ask.</think>\\n', '{"name": "f"}')
    """
    thought = _THOUGHT.match(text)
    return (text[: thought.end()], text[thought.end() :]) if thought else ("", text)


def require_loss(turn: Mapping[str, Any]) -> None:
    """Flaw where an assistant's turn asks not to be learned from: the loss is taken of all of them, or of the last."""
    for key in ("weight", "loss_weight"):
        if turn.get(key) not in (None, 1):
            found = f"an assistant's turn of {key} {short_repr(turn[key])}"
            break
    else:
        if turn.get("train") is not False and turn.get("loss") is not False:
            return
        found = "an assistant's turn that is not to be trained on"
    raise Flaw(
        "weighted turn",
        found,
        "no weight: end the conversation before it, or let mask_history learn the last turn alone",
    )
