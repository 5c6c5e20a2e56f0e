"""One server process: OpenAI's chat protocol, MCP, a page, health and metrics, over one warm answerer."""

import time
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, Response
from fastapi.staticfiles import StaticFiles
from starlette.middleware.trustedhost import TrustedHostMiddleware

from pipelines.answering.answered import Answered
from pipelines.answering.chat.memory import Conversations, conversations
from pipelines.answering.chat.standalone import standalone_question
from pipelines.answering.search.trace import Step
from pipelines.serving import sources
from pipelines.serving.champion.routes import Champion, champion_record, champion_records, is_champion
from pipelines.serving.chat_protocol import ChatRequest, Piece, completion, events, mode_named, models, one_model
from pipelines.serving.conversations import add_conversation_routes, stored_answer
from pipelines.serving.errors import add_error_handlers
from pipelines.serving.http.guard import Guard
from pipelines.serving.http.leaving import EventStream, last_piece
from pipelines.serving.http.limits import LimitedBody
from pipelines.serving.http.relay import Relay
from pipelines.serving.metrics import Metrics
from pipelines.serving.warm import Opened, WarmAnswerer
from resources.feedback.store import feedback_store
from resources.tables.tables import TableStore

_PAGE = Path(__file__).parent / "page"
_LOCAL_HOSTS = ["localhost", "127.0.0.1", "[::1]", "testserver"]


def create_app(
    warm: WarmAnswerer,
    tables: TableStore,
    home: Path | None = None,
    *,
    api_key: str = "",
    hosts: tuple[str, ...] = (),
    champion: Champion | None = None,
) -> FastAPI:
    """Return the application; with an `api_key` everything that shows documents asks for it.

    `hosts` are names by which the server may be called beside localhost's: a page of another name, which a browser was
    led to, reads nothing. Conversations and feedback are kept in the `home`: the tables' unless given.
    With a `champion` the promoted model is a model too.
    """
    from pipelines.serving.mcp_server import mcp_application

    home = home or tables.root.parent
    memory = conversations(home)
    metrics = Metrics()
    mcp = mcp_application(warm, tables)

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        async with mcp.session_manager.run():
            yield
        warm.close()
        if champion is not None:
            champion.following.close()

    app = FastAPI(title="Graftline", docs_url=None, redoc_url=None, openapi_url=None, lifespan=life)
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[*_LOCAL_HOSTS, *hosts])
    app.add_middleware(LimitedBody)
    app.add_middleware(Guard, api_key=api_key, metrics=metrics)
    add_error_handlers(app)
    _open_routes(app, warm, metrics, champion)
    _chat_routes(app, warm, metrics, memory, champion)
    if champion is not None:
        champion.add_routes(app)
    add_conversation_routes(app, memory, feedback_store(home))
    _source_routes(app, warm, tables)
    app.mount("/page", StaticFiles(directory=_PAGE), name="page")
    app.mount("/mcp", mcp.app)
    return app


def _open_routes(app: FastAPI, warm: WarmAnswerer, metrics: Metrics, champion: Champion | None) -> None:
    @app.get("/health")
    def health() -> dict[str, Any]:
        """Say whether a graph is there to be asked; the model is not called."""
        served = {"champion": champion.following.state} if champion else {}
        with warm.opened() as opened:
            return {"status": "ok", "store": opened.store.name, "writer": opened.answerer.writer.name, **served}

    @app.get("/metrics")
    def prometheus() -> Response:
        return Response(*metrics.page())

    @app.get("/")
    def page() -> FileResponse:
        return FileResponse(_PAGE / "index.html")


def _chat_routes(
    app: FastAPI, warm: WarmAnswerer, metrics: Metrics, memory: Conversations, champion: Champion | None
) -> None:
    @app.get("/v1/models")
    def list_models() -> dict[str, Any]:
        modes = models()
        return modes | {"data": [*modes["data"], *champion_records(champion.following if champion else None)]}

    @app.get("/v1/models/{name:path}")
    def show_model(name: str) -> dict[str, Any]:
        return champion_record(champion.following) if champion and is_champion(name) else one_model(name)

    relay = Relay()

    @app.post("/v1/chat/completions")
    async def chat(request: ChatRequest, http: Request) -> Any:
        if champion is not None and is_champion(request.model):
            return await champion.chat(http)
        unread = request.unread
        place: dict[str, Any] = {"unread": unread} if unread else {}
        pieces = _answer(warm, request, metrics, memory, place)
        if not request.stream:
            answered = await last_piece(relay.batches(pieces), http)
            assert isinstance(answered, Answered)
            return completion(answered, request, place)
        told = relay.batches(_told(pieces, request, place))
        # The first piece is waited for, so that what is wrong before it has its own status.
        first = await anext(told)
        return EventStream(first, told)


def _told(pieces: Generator[Piece], request: ChatRequest, place: dict[str, Any]) -> Iterator[str]:
    with closing(pieces):
        first = next(pieces)
        yield from events(_chained(first, pieces), request, place)


def _answer(
    warm: WarmAnswerer, request: ChatRequest, metrics: Metrics, memory: Conversations, place: dict[str, Any]
) -> Generator[Piece]:
    """Yield the answer's pieces, last the answer; of a stored turn, `place` says by then where it is."""
    started, mode = time.perf_counter(), request.mode
    with warm.opened() as opened:
        answerer, first = opened.answerer, True
        if request.conversation is None:
            asked, steps = standalone_question(request.said, answerer.language_model, answerer.prompts)
            pieces = answerer.stream(asked, mode, steps, request.most_tokens)
        else:
            pieces = stored_answer(answerer, memory, request, place)
        for piece in pieces:
            if first and piece and not isinstance(piece, Step):
                metrics.first_piece(mode, time.perf_counter() - started)
                first = False
            if isinstance(piece, Answered):
                metrics.answer(piece, time.perf_counter() - started)
            yield piece


def _chained(first: Piece, rest: Iterator[Piece]) -> Iterator[Piece]:
    yield first
    yield from rest


def _source_routes(app: FastAPI, warm: WarmAnswerer, tables: TableStore) -> None:
    def use(function: Callable[[Opened], Any]) -> Any:
        with warm.opened() as opened:
            return function(opened)

    @app.get("/api/search")
    def search(q: str, mode: str = "hybrid", k: int = 10) -> list[dict[str, Any]]:
        return use(lambda opened: sources.search(opened, q, mode_named(mode), k))

    @app.get("/api/document")
    def document(path: str, start: int = 0, end: int | None = None) -> dict[str, Any]:
        return sources.read_document(tables, path, start, end)

    @app.get("/api/neighbours")
    def neighbours(name: str) -> dict[str, Any]:
        return use(lambda opened: sources.neighbours(opened.store, name))

    @app.post("/api/subgraph")
    def subgraph(chunk_ids: list[str]) -> dict[str, Any]:
        return use(lambda opened: sources.subgraph(opened.store, chunk_ids))
