"""One question, every way in: the command, the chat, OpenAI's endpoint, MCP, Python, the asset and the page agree."""

import asyncio
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pytest
from click.testing import CliRunner
from fastapi.testclient import TestClient
from mcp import Client

from assets import answering as assets
from pipelines import opening
from pipelines.answering.chat.memory import conversations
from pipelines.commands.answering import ask, chat
from pipelines.core.protocols import Messages
from pipelines.core.schemas import QUESTIONS
from pipelines.opening import Models, opened_answerer
from pipelines.serving import opening as serving
from pipelines.serving.app import create_app
from pipelines.serving.mcp_server import mcp_tools
from pipelines.serving.opening import warm_answerer
from resources.settings import Settings
from resources.tables.asset_io import TableIOManager
from resources.tables.tables import TableStore
from tests.answering.world import TEXTS, build_store
from tests.fakes import FakeEmbedder, FakeLanguageModel
from tests.serving.test_server import chunks

ASKED = {
    "Within how many days can unused goods be sent back?": "Unused goods can be sent back within 45 days [1].",
    "Where is the Fjell 2 tent stored, and who manages it?": (
        "\n- The Fjell 2 tent is stored at the **Halden** depot [1].\n- Petra Vogel has run it since 2021 【2】.\n"
    ),
    "订单满多少元免运费？": "订单满299元免运费 [1]。不满299元收取运费15元。",
    "Which insurance company paid for the broken submarine?": "The sources do not say.",
}
MODES = ("auto", "native", "hybrid", "local")
RECORD = ("answer", "supported", "citations", "sentences", "writer", "left_out", "note", "trace")
Record = dict[str, Any]


def told(record: Record) -> Record:
    """Return what every way in has to say alike: all but the seconds that a step took."""
    return {name: record[name] for name in RECORD if name != "trace"} | {
        "trace": [{**step, "seconds": 0.0} for step in record["trace"]]
    }


class Writing(FakeLanguageModel):
    packaged = False


def says(messages: Messages) -> str:
    return next((said for question, said in ASKED.items() if question in str(messages[-1]["content"])), "")


def extracts(messages: Messages) -> str:
    return "It is so."


MODELS: dict[str, Callable[[], FakeLanguageModel]] = {
    "model": lambda: Writing(says),
    "extract": lambda: FakeLanguageModel(extracts),
}


@pytest.fixture(params=MODELS)
def settings(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A home whose graph and models are fakes, however they are opened."""
    models = Models(FakeEmbedder(), MODELS[request.param](), None)
    for module in (opening, serving):
        monkeypatch.setattr(module, "open_models", lambda settings: models)
        monkeypatch.setattr(module, "open_graph_store", lambda settings: build_store())
    monkeypatch.setenv("GRAFTLINE_HOME", str(tmp_path))
    return Settings.load()


def of_python(settings: Settings, question: str, mode: str) -> Record:
    with opened_answerer(settings) as answerer:
        return answerer.ask(question, mode).as_dict()


def of_command(settings: Settings, question: str, mode: str) -> Record:
    done = CliRunner().invoke(ask.command, [question, "--mode", mode, "--json"], standalone_mode=False)
    return json.loads(done.output)


def of_chat(settings: Settings, question: str, mode: str) -> Record:
    memory = conversations(settings.home)
    done = CliRunner().invoke(chat.command, ["--mode", mode], input=f"{question}\n/quit\n", standalone_mode=False)
    record = memory.turns(memory.headings(1)[0].conversation)[0].record
    assert record["answer"] in done.output
    assert all(f"[{one['number']}] {one['document']}" in done.output for one in record["citations"])
    return dict(record)


def served(settings: Settings, question: str, mode: str, **fields: Any) -> tuple[TestClient, str, Record]:
    tables = TableStore(settings.home / "tables")
    with TestClient(create_app(warm_answerer(settings), tables, settings.home)) as client:
        body = {"model": mode, "messages": [{"role": "user", "content": question}], "sources": "apart", **fields}
        answer = client.post("/v1/chat/completions", json=body)
        if not fields.get("stream"):
            return client, answer.json()["choices"][0]["message"]["content"], answer.json()["graftline"]
        events = chunks(answer.text)
        text = "".join(one["choices"][0]["delta"].get("content", "") for one in events)
        return client, text, events[-1]["graftline"]


def of_endpoint(settings: Settings, question: str, mode: str) -> Record:
    _, text, proof = served(settings, question, mode)
    return proof | {"answer": text}


def of_stream(settings: Settings, question: str, mode: str) -> Record:
    _, text, proof = served(settings, question, mode, stream=True)
    return proof | {"answer": text}


def test_a_question_without_a_mode_is_answered_alike(settings: Settings) -> None:
    question = next(iter(ASKED))
    done = CliRunner().invoke(ask.command, [question, "--json"], standalone_mode=False)

    async def calling() -> Any:
        async with Client(mcp_tools(warm_answerer(settings), TableStore(settings.home / "tables"))) as client:
            return await client.call_tool("ask", {"question": question})

    answered = json.loads(done.output)
    assert told(answered) == told(asyncio.run(calling()).structured_content)
    assert [step["action"] for step in answered["trace"]][:1] == ["auto"]


def of_page(settings: Settings, question: str, mode: str) -> Record:
    client, text, proof = served(settings, question, mode, stream=True, conversation="")
    [turn] = client.get(f"/api/conversations/{proof['conversation']}").json()["turns"]
    assert turn["answer"] == text and {name: turn[name] for name in RECORD[1:]} == {n: proof[n] for n in RECORD[1:]}
    return turn


def of_mcp(settings: Settings, question: str, mode: str) -> Record:
    async def calling() -> Any:
        async with Client(mcp_tools(warm_answerer(settings), TableStore(settings.home / "tables"))) as client:
            return await client.call_tool("ask", {"question": question, "mode": mode})

    return asyncio.run(calling()).structured_content


WAYS = (of_command, of_chat, of_endpoint, of_stream, of_page, of_mcp)


@pytest.mark.parametrize("way", WAYS)
def test_a_way_in_gives_the_answer_and_the_citations_that_python_gives(
    settings: Settings, way: Callable[[Settings, str, str], Record]
) -> None:
    for question in ASKED:
        for mode in MODES:
            expected, found = of_python(settings, question, mode), way(settings, question, mode)
            assert told(found) == told(expected), (question, mode)
            for one in found["citations"]:
                assert TEXTS[one["document"]][one["start"] : one["end"]] == one["quote"]


def test_the_asset_gives_the_answers_and_the_citations_that_python_gives(settings: Settings) -> None:
    rows = answers_of_the_asset(settings, list(ASKED))
    assert len(rows) == len(ASKED) * len(MODES)
    for row in rows:
        expected = of_python(settings, list(ASKED)[int(row["question_id"])], row["mode"])
        assert told(row) == told(expected)


def answers_of_the_asset(settings: Settings, asked: Sequence[str]) -> list[Record]:
    tables = TableStore(settings.home / "tables")
    tables.write_record("knowledge_graph", {"digest": "graph-1"}, "graph-1")
    empty = {name: None for name in QUESTIONS.names}
    rows = [empty | {"id": str(n), "question": one, "answer": "", "documents": []} for n, one in enumerate(asked)]
    tables.write("questions", pa.Table.from_pylist(rows, QUESTIONS))
    models = opening.open_models(settings)
    dg.materialize(
        [dg.AssetSpec("knowledge_graph"), dg.AssetSpec("questions"), assets.answers],
        resources={
            "io_manager": TableIOManager(tables),
            "settings": settings.model_copy(update={"modes": MODES}),
            "tables": tables,
            "graph_store": build_store(),
            "embedder": models.embedder,
            "language_model": models.language_model,
        },
        selection=["answers"],
    )
    return tables.read("answers").to_pylist()
