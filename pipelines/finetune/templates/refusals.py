"""A conversation that a model's own chat template refuses or leaves something out of: what to type."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.core.errors import InputError
from pipelines.core.protocols import Messages
from pipelines.finetune.templates.templates import Form, template_form, template_names
from pipelines.finetune.templates.turns import ANSWERS, CONTROLS, CUT, QUESTIONS, RESULTS, SYSTEM, THOUGHTS

_PROBE = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]
_LONGEST = 80
_TOKEN = re.compile(r"[<\[][^\s<>\[\]]+[>\]]")
"""What looks like a token that only a template writes."""
_NOT_WRITTEN = {
    ANSWERS: "answers or calls without loss",
    THOUGHTS: "thoughts without loss",
    SYSTEM: "system texts not in the text",
    QUESTIONS: "questions not in the text",
    RESULTS: "results of tools not in the text",
}


def template_refusal(error: Exception, tokenizer: Any, messages: Messages, tools: Any) -> InputError:
    """Return the error of a conversation that the template does not take, with the template that would."""
    if isinstance(error, InputError):
        return error
    roles = ", ".join(message["role"] for message in messages)
    said = " ".join(str(error).split()) or type(error).__name__
    asked = next((m["content"] for m in messages if m["role"] == "user"), "")
    name = keeping_template(tokenizer, thoughts=False, calls=bool(tools) or any(m.get("tool_calls") for m in messages))
    return InputError(
        f"the conversation that asks {_shortened(asked)!r}",
        f"turns ({roles}) that the model's own chat template refuses: {said}",
        "turns that it writes",
        f"add template: {name} to the recipe, or correct the row's messages",
    )


def turns_without_loss(left_out: Mapping[str, int]) -> int:
    """Return how many answers have no token with loss: not in the text, or behind the cutoff."""
    return left_out.get(ANSWERS, 0) + left_out.get(CUT, 0)


def require_answers(tokenizer: Any, with_loss: int, left_out: Mapping[str, int]) -> None:
    """InputError where no row is left with loss because the template writes no answer."""
    if not with_loss and left_out.get(ANSWERS):
        name = keeping_template(tokenizer, thoughts=bool(left_out.get(THOUGHTS)), calls=True)
        raise InputError(
            "the chat template",
            f"not one answer in the text that it writes: {left_out[ANSWERS]} answers or calls are left out",
            "a template that writes what the rows say",
            f"add template: {name} to the recipe",
        )


def left_out_lines(left_out: Mapping[str, int], tokenizer: Any, template: str | None, cutoff: int) -> list[str]:
    """Return a line for each kind of thing that the rows' texts leave out, with what to write to keep it."""
    whose = f"template: {template}" if template else "the model's own chat template"
    lines = []
    for what, words in _NOT_WRITTEN.items():
        if left_out.get(what):
            name = keeping_template(tokenizer, thoughts=bool(left_out.get(THOUGHTS)), calls=what in (ANSWERS, RESULTS))
            lines.append(f"{words}: {left_out[what]} – {whose} does not write them; template: {name} does")
    if left_out.get(CONTROLS):
        lines.append(
            f"special tokens of the model within turns' own text: {left_out[CONTROLS]} turns – a turn may begin or end "
            "there for the model: take them out of the rows"
        )
    if left_out.get(CUT):
        lines.append(f"answers without loss: {left_out[CUT]} – they begin behind cutoff_len: {cutoff}; raise it")
    return lines


def keeping_template(tokenizer: Any, thoughts: bool, calls: bool = False) -> str:
    """Return the name of the recipe's `template` that is nearest to the model's own and leaves nothing out.

    `thoughts` wants one of a model that thinks, `calls` one that has words for tools; chatml where none is near.
    """
    try:
        probe = str(tokenizer.apply_chat_template(_PROBE, tokenize=False))
    except Exception:  # this template refuses even two turns
        return "chatml"
    forms = [(name, template_form(name)) for name in template_names()]
    near = [(name, form) for name, form in forms if _stands_in(form, probe) and not (calls and form.tools == "none")]
    # Nearest: with most of its own words in the text, then of its kind, then without a system text of its own.
    ranked = sorted(near, key=lambda one: (-_own_words(one[1]), bool(one[1].thought) != thoughts, *_plainness(one)))
    return ranked[0][0] if ranked else "chatml"


def _words(form: Form) -> Sequence[str]:
    texts = [*form.user.split("{content}"), *form.open.split("{content}"), *form.answer.split("{content}")]
    plain = [text.replace("{eos}", "").replace("{bos}", "").strip() for text in texts]
    return [text for text in plain if _TOKEN.search(text)]


def _stands_in(form: Form, probe: str) -> bool:
    words = _words(form)
    return bool(words) and all(word in probe for word in words)


def _own_words(form: Form) -> int:
    return sum(map(len, _words(form)))


def _plainness(named: tuple[str, Form]) -> tuple[bool, int, str]:
    return bool(named[1].default_system), len(named[0]) if named[0] != "chatml" else 0, named[0]


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
