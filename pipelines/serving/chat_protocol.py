"""OpenAI's chat protocol, as far as an answer from sources has it: requests read, answers and errors written."""

import time
import uuid
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from pipelines.answering.answered import Answered
from pipelines.answering.modes.names import ALL_MODES, DEFAULT_MODE, Mode
from pipelines.answering.question import checked_question
from pipelines.answering.search.trace import Step
from pipelines.core.errors import ConfigurationError, GraftlineError
from pipelines.serving.errors import error_body, no_model
from pipelines.serving.http.events import event
from pipelines.serving.request_fields import FieldError, unread_fields
from pipelines.serving.source_list import source_list, without_source_list

Piece = str | Step | Answered
"""A piece of an answer's text, a step on the way to it, or the answer."""
_OWNER = "graftline"
_SPEAKERS = ("user", "assistant")


class Part(BaseModel):
    """One part of a message; only text is read."""

    model_config = ConfigDict(extra="ignore")
    type: str = "text"
    text: str | None = None


class Message(BaseModel):
    """One message; what else clients send with it is not read."""

    model_config = ConfigDict(extra="ignore")
    role: Literal["user", "assistant", "system", "developer", "tool", "function"]
    content: str | list[Part] | None = None

    @property
    def text(self) -> str:
        """The message's text, of one in parts their texts."""
        if isinstance(self.content, list):
            return "\n".join(part.text or "" for part in self.content)
        return self.content or ""

    @property
    def unread(self) -> bool:
        """Whether something of the message is not read: instructions, results of tools, pictures."""
        return self.role not in _SPEAKERS or self._other_kind() is not None

    def refuse_pictures(self, place: int) -> None:
        """Raise FieldError where the message holds something else than text."""
        number = self._other_kind()
        if number is not None and isinstance(self.content, list):
            found = f"a part of type {self.content[number].type[:40]}"
            raise FieldError(f"messages.{place}.content.{number}", found, "parts of type text")

    def _other_kind(self) -> int | None:
        parts = self.content if isinstance(self.content, list) else []
        return next((number for number, part in enumerate(parts) if part.type != "text"), None)


def mode_named(model: str) -> Mode:
    """Return the mode that a model's name means; ConfigurationError for a name that is none."""
    name = model.removeprefix(f"{_OWNER}/")
    if name not in ALL_MODES:
        raise no_model(name, ALL_MODES)
    return name


class ChatRequest(BaseModel):
    """A request: the model names the mode, `auto` where it names none. Answers are greedy: what would change nothing is
    taken and told as unread.

    With a `conversation` the turn is stored under that id (a new one for ""), and what is stored is what was said
    before the question. Chat front ends show the text alone: so the cited sources are listed below it, unless `sources`
    is "apart": then they are in `graftline` only.
    """

    model_config = ConfigDict(extra="allow")
    model: str = DEFAULT_MODE
    messages: Annotated[list[Message], Field(min_length=1)]
    stream: bool | None = False
    stream_options: dict[str, Any] | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    sources: Literal["below", "apart"] = "below"
    conversation: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{0,64}$")] | None = None

    @property
    def mode(self) -> str:
        """The mode; ConfigurationError for a model that is none."""
        return mode_named(self.model)

    @property
    def lists_sources(self) -> bool:
        """Whether the cited sources stand below the text."""
        return self.sources == "below"

    @property
    def most_tokens(self) -> int | None:
        """Tokens that the answer may have at most; None where nothing is said of it."""
        return self.max_completion_tokens or self.max_tokens

    @property
    def wants_usage(self) -> bool:
        """Whether a stream ends with an event of its own for the counts of tokens."""
        return bool((self.stream_options or {}).get("include_usage"))

    @property
    def said(self) -> list[dict[str, str]]:
        """What was said before and last the question; ConfigurationError where there is no question."""
        said = [{"role": one.role, "content": without_source_list(one.text).strip()} for one in self.messages]
        said = [one for one in said if one["role"] in _SPEAKERS and one["content"]]
        if not said or said[-1]["role"] != "user":
            raise FieldError("messages", "no question", "a last message of role user with text")
        place = max(place for place, one in enumerate(self.messages) if one.role == "user" and one.text.strip())
        self.messages[place].refuse_pictures(place)
        try:
            return [*said[:-1], said[-1] | {"content": checked_question(said[-1]["content"])}]
        except ConfigurationError as error:
            raise FieldError("messages", error.found, error.expected) from None

    @property
    def unread(self) -> list[str]:
        """What is given and changes nothing, by name; FieldError for what would change an answer's form."""
        fields = unread_fields(self.model_extra or {})
        messages = [f"messages.{place} ({one.role})" for place, one in enumerate(self.messages) if one.unread]
        return [*fields, *messages]


def models() -> dict[str, Any]:
    """Return the list of models: one a mode."""
    return {
        "object": "list",
        "data": [one_model(mode) for mode in ALL_MODES],
    }


def one_model(name: str) -> dict[str, Any]:
    """Return a model's record; FieldError for a name that is none."""
    return {"id": mode_named(name), "object": "model", "created": 0, "owned_by": _OWNER}


def completion(answered: Answered, request: ChatRequest, place: Mapping[str, Any]) -> dict[str, Any]:
    """Return a whole answer; `graftline` holds what the protocol has no place for: citations, sentences, note.

    `place` is where the turn is stored: {conversation, turn}. Where the request wants it, the cited sources stand below
    the text.
    """
    text = (answered.answer.text or answered.answer.note) + (source_list(answered) if request.lists_sources else "")
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": _end(answered)}
    whole = {"choices": [choice], "usage": _usage(answered)}
    return _head("chat.completion", request.model) | whole | proof(answered, place)


def events(pieces: Iterator[Piece], request: ChatRequest, place: Mapping[str, Any]) -> Iterator[str]:
    """Yield server-sent events: the pieces, then an empty one with finish reason, counts and proof, then [DONE].

    A step is an empty piece with `graftline_step`: who does not know that name reads a piece that adds nothing. Where
    the request wants it, the cited sources are the last piece of text, and the counts have an event of their own behind
    the end, without a choice.

    `place`, read once the answer is there, tells where its turn is stored. An error on the way is an event of its own:
    the status was sent already.
    """
    head, said = _head("chat.completion.chunk", request.model), False
    begin = event(head | {"choices": [_delta({"role": "assistant", "content": ""})]})  # goes out with what is first
    try:
        for piece in pieces:
            if isinstance(piece, Answered):
                if not said and piece.answer.note:
                    yield begin + event(head | {"choices": [_delta({"content": piece.answer.note})]})
                    begin = ""
                if request.lists_sources and (sources := source_list(piece)):
                    yield begin + event(head | {"choices": [_delta({"content": sources})]})
                    begin = ""
                last = {"choices": [_delta({}) | {"finish_reason": _end(piece)}]}
                usage = {"usage": _usage(piece)}
                yield begin + event(head | last | ({} if request.wants_usage else usage) | proof(piece, place))
                if request.wants_usage:
                    yield event(head | {"choices": []} | usage)
            elif isinstance(piece, Step):
                yield begin + event(head | {"choices": [_delta({})], "graftline_step": piece.as_dict()})
            elif piece:
                said = True
                yield begin + event(head | {"choices": [_delta({"content": piece})]})
            begin = "" if piece else begin
    except GraftlineError as error:
        yield begin + event(error_body(str(error), "server_error"))
    yield "data: [DONE]\n\n"


def proof(answered: Answered, place: Mapping[str, Any]) -> dict[str, Any]:
    """Return {"graftline": …}: the answer's record without its text, its timing, and where its turn is stored."""
    record = {name: value for name, value in answered.as_dict().items() if name != "answer"}
    return {"graftline": record | {"timing": answered.timing.as_dict()} | dict(place)}


def _end(answered: Answered) -> str:
    return "length" if answered.cut else "stop"


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
