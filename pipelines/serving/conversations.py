"""Stored conversations over HTTP: turns kept, listed and shown, and what people say of them."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field

from pipelines.answering.answered import Answered
from pipelines.answering.ask import Answerer
from pipelines.answering.chat.chat import Chat
from pipelines.answering.chat.memory import Conversations
from pipelines.serving.chat_protocol import ChatRequest, Piece
from pipelines.serving.verdicts import give_verdict
from resources.feedback.store import FeedbackStore


class FeedbackRequest(BaseModel):
    """A verdict on a stored turn; `answer` is the corrected one."""

    model_config = ConfigDict(extra="forbid")
    conversation: str
    turn: Annotated[int, Field(ge=0)]
    verdict: Literal["up", "down", "correct", "withdrawn"]
    answer: str = ""


def stored_answer(
    answerer: Answerer, memory: Conversations, request: ChatRequest, place: dict[str, Any]
) -> Iterator[Piece]:
    """Yield what `Chat.ask` does for the request's conversation; `place` gets {conversation, turn} with the answer."""
    *before, last = request.said
    chat = Chat(answerer, memory, request.conversation or None, new=True)
    for piece in chat.ask(last["content"], request.mode, before, request.most_tokens):
        if isinstance(piece, Answered):
            place |= {"conversation": chat.conversation, "turn": chat.place}
        yield piece


def add_conversation_routes(app: FastAPI, memory: Conversations, store: FeedbackStore) -> None:
    """Add the routes that list and show conversations, and the one that takes feedback."""

    @app.get("/api/conversations")
    def conversations(most: Annotated[int, Field(ge=1, le=1000)] = 100) -> list[dict[str, Any]]:
        return [
            {"conversation": one.conversation, "at": one.at, "turns": one.turns, "question": one.question}
            for one in memory.headings(most)
        ]

    @app.get("/api/conversations/{conversation}")
    def conversation(conversation: str) -> dict[str, Any]:
        given = {one.turn: one.verdict for one in store.latest(conversation)}
        turns = [
            {
                "turn": place,
                "feedback": given.get(place, "withdrawn"),
                **turn.record,
                "question": turn.question,
                "asked": turn.asked,
                "mode": turn.mode,
            }
            for place, turn in enumerate(memory.turns(conversation))
        ]
        return {"conversation": conversation, "turns": turns}

    @app.post("/api/feedback")
    def feedback(request: FeedbackRequest) -> dict[str, Any]:
        place = request.conversation, request.turn
        given = give_verdict(memory, store, place, request.verdict, request.answer, "api")
        return {"conversation": given.conversation, "turn": given.turn, "verdict": given.verdict}
