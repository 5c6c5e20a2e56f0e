"""What a conversation must be to be learned from, and the few repairs that change nothing of what it says."""

import re
from itertools import pairwise
from typing import Any

from pipelines.finetune.conversation import FIELDS, PREFERENCE, Conversation
from pipelines.finetune.dataset.rows.shapes import Flaw
from pipelines.finetune.dataset.rows.turns import Draft

# White space and the escape of a terminal's colours stay: without them words run together, and code is another.
_UNPRINTABLE = re.compile("[\x00-\x08\x0e-\x1a\x7f\ufeff\ufffe\uffff\ud800-\udfff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_LINE_END = re.compile("\r\n?")


def clean_text(text: str, repairs: set[str]) -> str:
    """Return the text without what no tokenizer should see; each repair is named in `repairs`.

    White space around it stays: the first line of code is indented, a Markdown line break ends on two blanks.
    """
    if _UNPRINTABLE.search(text):
        text = _UNPRINTABLE.sub("", text)
        repairs.add("unprintable characters removed")
    if "\r" in text:
        text = _LINE_END.sub("\n", text)
        repairs.add("line ends unified")
    return text


def repaired(made: Draft) -> Draft:
    """Repair the draft in place and return it; Flaw where it can't be learned from."""
    for message in made.messages:
        for field in ("content", *FIELDS):
            if field in message:
                message[field] = clean_text(message[field], made.repairs)
        if "tool_calls" in message:
            message["tool_calls"] = _encodable(message["tool_calls"], made.repairs)
    made.tools = _encodable(made.tools, made.repairs)
    made.chosen, made.rejected = clean_text(made.chosen, made.repairs), clean_text(made.rejected, made.repairs)
    if made.messages and made.messages[0]["role"] == "system" and not made.messages[0]["content"].strip():
        made.messages.pop(0)
        made.repairs.add("empty system message dropped")
    _in_turn(made.messages, made.kind)
    _said(made.messages)
    if made.kind == PREFERENCE:
        _two_answers(made)
    return made


def _encodable(value: Any, repairs: set[str]) -> Any:
    """Return a JSON value without halves of surrogates, which no file can hold; all else in it is data."""
    if isinstance(value, str) and _SURROGATE.search(value):
        repairs.add("unprintable characters removed")
        return _SURROGATE.sub("", value)
    if isinstance(value, dict):
        return {_encodable(key, repairs): _encodable(item, repairs) for key, item in value.items()}
    return [_encodable(item, repairs) for item in value] if isinstance(value, list) else value


def _in_turn(messages: Conversation, kind: str) -> None:
    turns = [message["role"] for message in messages if message["role"] != "system"]
    if any(message["role"] == "system" for message in messages[1:]):
        raise Flaw("late system message", "a system message after the first", "at most one system message, in front")
    ends = ("user", "tool") if kind == PREFERENCE else ("assistant",)
    if not turns or turns[-1] not in ends:
        last = (turns or ["nothing but a system message"])[-1]
        raise Flaw("wrong last turn", f"a conversation that ends on {last}", f"one that ends on {' or '.join(ends)}")
    asked = True
    for before, role in pairwise(["assistant", *turns]):
        if (role == "assistant") == (before == "assistant") and not (before == role == "tool"):
            asked = False
    if turns[0] != "user" or not asked:
        shown = ", ".join(turns[:8]) + (", …" if len(turns) > 8 else "")
        raise Flaw("roles out of turn", f"roles in the order {shown}", "user and assistant in turn")


def _said(messages: Conversation) -> None:
    for question, answer in pairwise(messages):
        if answer["role"] == "assistant" and not answer.get("tool_calls"):
            if not answer["content"].strip():
                raise Flaw("empty answer", "an empty output", "an answer")
            if _bare(answer["content"]) == _bare(question["content"]):
                raise Flaw("echo", "an output that equals the instruction", "an answer of its own")
    if any(message["role"] == "user" and not message["content"].strip() for message in messages):
        raise Flaw("empty question", "an empty instruction", "a question")


def _two_answers(made: Draft) -> None:
    if not made.chosen.strip() or not made.rejected.strip():
        raise Flaw("empty answer", "an empty answer in the pair", "two answers")
    if _bare(made.chosen) == _bare(made.rejected):
        raise Flaw("equal pair", "a chosen answer that equals the rejected one", "two answers that differ")


def _bare(text: str) -> str:
    """Return the text without blank ends; the first line's indentation may be all that an answer changes."""
    return text.rstrip().lstrip("\n")
