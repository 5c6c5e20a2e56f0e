"""The tools of the Model Context Protocol, called by the SDK's own client."""

import asyncio
from typing import Any

import pytest
from mcp import Client

from pipelines.serving.mcp_server import mcp_tools
from resources.tables.tables import TableStore
from tests.answering.world import TEXTS
from tests.serving.test_server import QUESTION, SAID, House, Writing, house, tables  # noqa: F401


def call(house: House, tables: TableStore, tool: str, **arguments: Any) -> Any:  # noqa: F811
    async def calling() -> Any:
        async with Client(mcp_tools(house.warm, tables)) as client:
            return await client.call_tool(tool, arguments)

    return asyncio.run(calling())


def test_there_are_four_tools_and_each_says_what_it_is_for(house: House, tables: TableStore) -> None:  # noqa: F811
    async def listing() -> Any:
        async with Client(mcp_tools(house.warm, tables)) as client:
            return (await client.list_tools()).tools

    tools = asyncio.run(listing())
    assert [tool.name for tool in tools] == ["search", "read", "neighbours", "ask"]
    assert all(tool.description for tool in tools)


def test_ask_answers_with_quotes_that_stand_in_their_documents(house: House, tables: TableStore) -> None:  # noqa: F811
    answer = call(house, tables, "ask", question=QUESTION, mode="native").structured_content
    assert answer["answer"] == SAID and answer["citations"]
    for citation in answer["citations"]:
        assert TEXTS[citation["document"]][citation["start"] : citation["end"]] == citation["quote"]


def test_search_then_read_then_neighbours(house: House, tables: TableStore) -> None:  # noqa: F811
    hits = call(house, tables, "search", query="Fjell 2 tent", mode="native", k=2).structured_content["result"]
    best = hits[0]
    assert len(hits) == 2 and best["document"] == "products/fjell.md"
    text = call(house, tables, "read", document=best["document"], start=best["start"], end=best["end"])
    assert best["text"] in text.structured_content["text"]
    around = call(house, tables, "neighbours", name="Fjell 2").structured_content
    assert {one["name"] for one in around["entities"]} == {"Fjell 2", "Halden"}


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("ask", {"question": QUESTION, "mode": "nativ"}, "model=native"),
        ("read", {"document": "../../etc/passwd"}, "none of that path"),
        ("neighbours", {"name": "Atlantis"}, "none of that name"),
    ],
)
def test_what_is_wrong_reaches_the_client_in_one_line(
    house: House,  # noqa: F811
    tables: TableStore,  # noqa: F811
    name: str,
    arguments: dict[str, Any],
    message: str,
) -> None:
    result = call(house, tables, name, **arguments)
    assert result.is_error and message in result.content[0].text and "Traceback" not in result.content[0].text


def test_the_steps_of_an_answer_are_its_progress(tables: TableStore) -> None:  # noqa: F811
    told: list[tuple[float, str | None]] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, message))

    async def calling() -> Any:
        replies = iter(
            ['{"action": "search", "argument": "Halden"}', '{"action": "answer", "argument": "p1"}', "Petra Vogel [1]."]
        )
        async with Client(mcp_tools(House(Writing(lambda messages: next(replies))).warm, tables)) as client:
            asked = {"question": "Who manages Halden?", "mode": "agentic"}
            return await client.call_tool("ask", asked, progress_callback=note)

    answer = asyncio.run(calling()).structured_content
    assert answer["answer"] == "Petra Vogel [1]." and [step["action"] for step in answer["trace"]] == [
        "search",
        "answer",
    ]
    assert [progress for progress, _ in told] == [1, 2]
    assert told[0][1].startswith("search Halden → [p1]") and told[1][1].startswith("answer p1 → 1 passage named")
