"""The champion on the server: a model beside the modes, by chat and text completions."""

from collections.abc import Generator, Iterator
from contextlib import closing
from typing import Any

from fastapi import FastAPI, Request

from pipelines.core.errors import GraftlineError
from pipelines.serving.champion.answers import Form, Piece
from pipelines.serving.champion.following import Following, Served
from pipelines.serving.champion.requests import (
    ChatCompletion,
    GenerationRequest,
    TextCompletion,
    sampling_defaults,
    validated,
)
from pipelines.serving.errors import no_model
from pipelines.serving.http.leaving import EventStream, last_piece
from pipelines.serving.http.relay import Relay
from pipelines.serving.request_fields import FieldError
from resources.engines.chat_template import fast_tokenizer, render_conversations
from resources.models.promoted.champion import NAME
from resources.models.promoted.promoted import Promoted, no_champion

_TOO_LONG = "context_length_exceeded"


def is_champion(model: str) -> bool:
    """Say whether a request's model is the champion."""
    return model == NAME


def champion_records(following: Following | None) -> list[dict[str, Any]]:
    """Return the champion's entry in the list of models, none where there is no champion."""
    known = following.known if following else None
    return [_record(known)] if known else []


def champion_record(following: Following) -> dict[str, Any]:
    """Return the champion's entry; NotMaterializedError where there is none."""
    if (known := following.known) is None:
        raise no_champion()
    return _record(known)


class Champion:
    """Answers requests by the promoted model; `answer_tokens` are those of an answer of which nothing is said."""

    def __init__(self, following: Following, answer_tokens: int) -> None:
        self.following, self._answer_tokens, self._relay = following, answer_tokens, Relay()

    def add_routes(self, app: FastAPI) -> None:
        """Add text completions; chat completions come by the route of the modes."""

        @app.post("/v1/completions")
        async def completions(request: TextCompletion, http: Request) -> Any:
            if not is_champion(request.model):
                raise no_model(request.model, [NAME])
            return await self._respond(request, http)

    async def chat(self, http: Request) -> Any:
        """Answer a chat completion."""
        return await self._respond(validated(ChatCompletion, await http.json()), http)

    async def _respond(self, request: GenerationRequest, http: Request) -> Any:
        if not request.stream:
            return await last_piece(self._relay.batches(self._whole(request)), http)
        told = self._relay.batches(self._events(request))
        # The first piece is waited for, so that what is wrong before it has its own status.
        first = await anext(told)
        return EventStream(first, told)

    def _whole(self, request: GenerationRequest) -> Iterator[Any]:
        with self.following.lent() as served:
            form, pieces = self._asked(served, request)
            with closing(pieces):
                yield form.whole(pieces)

    def _events(self, request: GenerationRequest) -> Iterator[str]:
        with self.following.lent() as served:
            form, pieces = self._asked(served, request)
            with closing(pieces):
                first = next(pieces)
                yield from form.events(_chained(first, pieces), request.wants_usage)

    def _asked(self, served: Served, request: GenerationRequest) -> tuple[Form, Generator[Piece]]:
        """Return the answer's form and its pieces; FieldError for what is wrong with the request."""
        promoted, unread = served.promoted, request.unread
        prompt = _prompt(promoted, request)
        room = served.generator.room - len(prompt)
        wanted = request.most_tokens
        if not prompt or room < (wanted or 1):
            raise FieldError(
                "messages" if isinstance(request, ChatCompletion) else "prompt",
                f"{len(prompt)} tokens and {wanted or 1} of the answer",
                f"at least one, and {served.generator.room} together at most",
                "send a shorter text, or a smaller max_tokens",
                _TOO_LONG,
            )
        sampling = request.sampling(sampling_defaults(promoted.folder), wanted or min(room, self._answer_tokens))
        told: dict[str, Any] = {
            "version": promoted.version,
            "recipe": promoted.recipe,
            "engine": served.generator.engine,
        }
        told |= {"unread": unread} if unread else {}
        form = Form(request.model, isinstance(request, ChatCompletion), len(prompt), promoted.label, told)
        return form, _pieces(served, prompt, sampling)


def _pieces(served: Served, prompt: list[int], sampling: Any) -> Generator[Piece]:
    yield from served.generator.stream(prompt, sampling)


def _chained(first: Piece, rest: Iterator[Piece]) -> Iterator[Piece]:
    yield first
    yield from rest


def _prompt(promoted: Promoted, request: GenerationRequest) -> list[int]:
    if isinstance(request, ChatCompletion):
        conversation: Any = request.conversation
        try:
            return render_conversations(promoted.folder, [conversation])[0]
        except GraftlineError as error:
            raise FieldError("messages", error.found, error.expected, "correct the messages") from None
    assert isinstance(request, TextCompletion)
    return request.token_ids(fast_tokenizer(promoted.folder / "tokenizer.json"))


def _record(promoted: Promoted) -> dict[str, Any]:
    entry = {"id": NAME, "object": "model", "created": 0, "owned_by": "graftline"}
    return entry | {"graftline": {"version": promoted.version, "recipe": promoted.recipe}}
