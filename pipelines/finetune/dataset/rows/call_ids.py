"""Which result answers which call: the ids that chat templates read, kept where any can read them, made where not."""

import re
from collections.abc import Mapping
from typing import Any

from pipelines.finetune.conversation import Conversation

_READABLE = re.compile(r"[A-Za-z0-9]{9}|functions\.[\w.-]+:\d+")
"""Nine letters and figures, which Mistral's templates insist on; Kimi's form, which names the function."""
_ID_OF_A_CALL = re.compile(r'\{"id": "[^"]*", ')


def link_calls(messages: Conversation, repairs: set[str]) -> None:
    """Give each call an id, and each result its call's, in place; ids that are made count the conversation's calls.

    A result names its call by the id that was written, else by its place among the results.
    """
    number = 0
    unanswered: list[tuple[str, str]] = []
    for message in messages:
        if message.get("tool_calls"):
            unanswered = []
            for call in message["tool_calls"]:
                number += 1
                written = call["id"]
                call["id"] = written if _READABLE.fullmatch(written) else _numbered(number)
                unanswered.append((written, call["id"]))
                if written not in ("", call["id"]):
                    repairs.add("call ids renamed")
        elif message["role"] == "tool":
            answered = _call_of(message.get("tool_call_id", ""), unanswered, repairs)
            number += not answered
            message["tool_call_id"] = answered or _numbered(number)


def without_ids(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return a message by what it says: ids differ from one recording of a conversation to the next."""
    plain = {key: value for key, value in message.items() if key != "tool_call_id"}
    if message.get("tool_calls"):
        plain["tool_calls"] = [call | {"id": ""} for call in message["tool_calls"]]
    return plain


def calls_without_ids(calls: str) -> str:
    """Return a stored turn's calls (JSON text) by what they say.

    >>> calls_without_ids('[{"id": "call00001", "type": "function"}]')
    '[{"type": "function"}]'
    """
    return _ID_OF_A_CALL.sub("{", calls)  # inside of the arguments, which are text within JSON, quotes are escaped


def _numbered(number: int) -> str:
    return f"call{number:05d}"


def _call_of(written: str, unanswered: list[tuple[str, str]], repairs: set[str]) -> str:
    """Return the id of the call that a result answers, which is then answered; "" where none is open."""
    known = [before for before, _ in unanswered]
    if written and written in known:
        return unanswered.pop(known.index(written))[1]
    if not unanswered:
        return written if _READABLE.fullmatch(written) else ""
    if written and any(known):
        repairs.add("a result's call id corrected")
    return unanswered.pop(0)[1]
