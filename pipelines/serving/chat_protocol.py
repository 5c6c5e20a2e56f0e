"""OpenAI's chat protocol, as far as an answer from sources has it: requests read, answers and errors written."""

import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from pipelines.answering.ask import Answered
from pipelines.answering.modes.names import ALL_MODES, Mode
from pipelines.core.errors import ConfigurationError, GraftlineError
from pipelines.text.nearest import nearest_name

_OWNER = "graftline"
_LONGEST = 32_000


class Part(BaseModel):
    """One part of a message; only text is read."""

    model_config = ConfigDict(extra="ignore")
    type: str = "text"
    text: str | None = None


class Message(BaseModel):
    """One message; what else clients send with it is not read."""

    model_config = ConfigDict(extra="ignore")
    role: str
    content: str | list[Part] | None = None

    @property
    def text(self) -> str:
        """The message's text, of one in parts their texts."""
        if isinstance(self.content, list):
            return "\n".join(part.text or "" for part in self.content)
        return self.content or ""


def mode_named(model: str) -> Mode:
    """Return the mode that a model's name means; ConfigurationError for a name that is none."""
    name = model.removeprefix(f"{_OWNER}/")
    if name not in ALL_MODES:
        raise ConfigurationError(
            "model", f"'{name[:80]}'", f"one of {', '.join(ALL_MODES)}", f"model={nearest_name(name, ALL_MODES, 0)}"
        )
    return name


class ChatRequest(BaseModel):
    """A request: the model names the mode; sampling parameters are taken and change nothing, answers are greedy.

    With a `conversation` the turn is stored under that id (a new one for ""), and what is stored is what was said
    before the question.
    """

    model_config = ConfigDict(extra="ignore")
    model: str
    messages: Annotated[list[Message], Field(min_length=1)]
    stream: bool = False
    conversation: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{0,64}$")] | None = None

    @property
    def mode(self) -> str:
        """The mode; ConfigurationError for a model that is none."""
        return mode_named(self.model)

    @property
    def said(self) -> list[dict[str, str]]:
        """What was said before and last the question; ConfigurationError where there is no question."""
        said = [{"role": one.role, "content": one.text.strip()} for one in self.messages]
        said = [one for one in said if one["role"] in ("user", "assistant") and one["content"]]
        found = ""
        if not said or said[-1]["role"] != "user":
            found = "no question"
        elif len(said[-1]["content"]) > _LONGEST:
            found = f"a question of {len(said[-1]['content'])} characters"
        if found:
            raise ConfigurationError(
                "messages", found, f"a last message of role user with at most {_LONGEST} characters", "send a question"
            )
        return said


def models() -> dict[str, Any]:
    """Return the list of models: one a mode."""
    return {
        "object": "list",
        "data": [{"id": mode, "object": "model", "created": 0, "owned_by": _OWNER} for mode in ALL_MODES],
    }


def completion(answered: Answered, model: str, place: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return a whole answer; `graftline` holds what the protocol has no place for: citations, sentences, note.

    `place` is where the turn is stored: {conversation, turn}.
    """
    text = answered.answer.text or answered.answer.note
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return _head("chat.completion", model) | {"choices": [choice], "usage": _usage(answered)} | proof(answered, place)


def events(
    pieces: Iterator[str | Answered], model: str, place: Callable[[], Mapping[str, Any]] = dict
) -> Iterator[str]:
    """Yield server-sent events: the pieces, then an empty one with finish reason, counts and proof, then [DONE].

    `place`, asked once the answer is there, tells where its turn is stored.
    An error on the way is an event of its own: the status was sent already.
    """
    head, said = _head("chat.completion.chunk", model), False
    begin = _event(head | {"choices": [_delta({"role": "assistant", "content": ""})]})  # goes out with what is first
    try:
        for piece in pieces:
            if isinstance(piece, Answered):
                if not said and piece.answer.note:
                    yield begin + _event(head | {"choices": [_delta({"content": piece.answer.note})]})
                    begin = ""
                last = {"choices": [_delta({}) | {"finish_reason": "stop"}], "usage": _usage(piece)}
                yield begin + _event(head | last | proof(piece, place()))
            elif piece:
                said = True
                yield begin + _event(head | {"choices": [_delta({"content": piece})]})
            begin = "" if piece else begin
    except GraftlineError as error:
        yield begin + _event(error_body(str(error), "server_error"))
    yield "data: [DONE]\n\n"


def proof(answered: Answered, place: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return {"graftline": …}: the answer's record without its text, its timing, and where its turn is stored."""
    record = {name: value for name, value in answered.as_dict().items() if name != "answer"}
    timing = {"timing": answered.timing.as_dict()} if answered.timing else {}
    return {"graftline": record | timing | dict(place or {})}


def error_body(message: str, kind: str, code: str | None = None) -> dict[str, Any]:
    """Return an error in the protocol's form."""
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def _head(kind: str, model: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{uuid.uuid4().hex}", "object": kind, "created": int(time.time()), "model": model}


def _delta(content: Mapping[str, str]) -> dict[str, Any]:
    return {"index": 0, "delta": dict(content), "finish_reason": None}


def _usage(answered: Answered) -> dict[str, int]:
    total = answered.prompt_tokens + answered.completion_tokens
    return {
        "prompt_tokens": answered.prompt_tokens,
        "completion_tokens": answered.completion_tokens,
        "total_tokens": total,
    }


def _event(value: Mapping[str, Any]) -> str:
    return f"data: {json.dumps(value, ensure_ascii=False)}\n\n"
