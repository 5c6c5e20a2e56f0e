"""The steps of an answer while it is made: in the stream, where OpenAI's client reads past them, and on the page."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from pipelines.core.protocols import Messages
from pipelines.serving.app import create_app
from resources.tables.tables import TableStore
from tests.serving.served import served
from tests.serving.test_page_feedback import BROWSER
from tests.serving.test_server import House, Writing, chat, chunks

ASKED = "How many days are 45 days and 2 more for returns?"
REPLIES = (
    '{"action": "search", "argument": "goods sent back days"}',
    '{"action": "calculate", "argument": "45 + 2"}',
    '{"action": "answer", "argument": "p1"}',
    "47 days: 45 + 2 = 47 [1].",
)
ACTIONS = ["search", "calculate", "answer"]


def agent(wait: Callable[[int], None] = lambda number: None) -> Writing:
    """A capable model that takes three steps and answers; `wait` is called before each reply."""
    taken = []

    def reply(messages: Messages) -> str:
        taken.append(messages)
        wait(len(taken))
        return REPLIES[(len(taken) - 1) % len(REPLIES)]

    return Writing(reply)


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    with TestClient(create_app(House(agent()).warm, TableStore(tmp_path / "tables"))) as opened:
        yield opened


def test_steps_stand_in_the_stream_before_the_answer_and_in_its_proof(client: TestClient) -> None:
    found = chunks(chat(client, ASKED, model="agentic", stream=True).text)
    steps = [one["graftline_step"] for one in found if "graftline_step" in one]
    assert [step["action"] for step in steps] == ACTIONS
    assert steps[1]["result"] == "45 + 2 = 47" and steps[0]["prompt_tokens"] > 0
    places = [place for place, one in enumerate(found) if "graftline_step" in one]
    said = [place for place, one in enumerate(found) if one["choices"][0]["delta"].get("content")]
    assert max(places) < min(said)
    assert found[-1]["graftline"]["trace"] == steps


def test_openais_own_client_reads_past_them(client: TestClient) -> None:
    openai = pytest.importorskip("openai")
    with openai.OpenAI(base_url="http://testserver/v1", api_key="none", http_client=client) as theirs:
        asked: Any = {"model": "agentic", "messages": [{"role": "user", "content": ASKED}]}
        pieces = list(theirs.chat.completions.create(**asked, stream=True))
    assert "".join(piece.choices[0].delta.content or "" for piece in pieces).startswith(f"{REPLIES[-1]}\n\n**Sources**")
    assert [piece.choices[0].finish_reason for piece in pieces][-1] == "stop"


def test_a_rewritten_follow_up_is_a_step_and_its_tokens_count(tmp_path: Path) -> None:
    alone = "Where is the Fjell 2 tent stored?"
    app = create_app(House(Writing(lambda messages: alone)).warm, TableStore(tmp_path / "tables"))
    with TestClient(app) as one:
        messages = [{"role": "user", "content": "A tent?"}, {"role": "assistant", "content": "Yes."}]
        body = {"model": "native", "messages": [*messages, {"role": "user", "content": "Where is that one?"}]}
        answer = one.post("/v1/chat/completions", json=body).json()
    (step,) = answer["graftline"]["trace"]
    assert (step["action"], step["argument"], step["result"]) == ("rewrite", "Where is that one?", alone)
    assert answer["usage"]["prompt_tokens"] > step["prompt_tokens"] > 0


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="needs a browser")
@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844)])
def test_the_page_shows_each_step_when_it_is_done_and_folds_them_away(tmp_path: Path, width: int, height: int) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    go_on = threading.Event()
    model = agent(lambda number: go_on.wait(60) if number == 3 else None)
    with served(House(model), tmp_path) as address, playwright.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": width, "height": height})
        problems: list[str] = []
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda told: problems.append(told.text) if told.type == "error" else None)
        page.goto(address)
        page.wait_for_selector("input[value=agentic]")
        page.check("input[value=agentic]")
        page.uncheck("input[value=auto]")
        page.fill("#question", ASKED)
        page.get_by_role("button", name="Ask").click()
        # Two steps are shown while the model still thinks about the third.
        page.wait_for_selector("details.trace[open] li[data-action=calculate]")
        steps = page.locator("details.trace li")
        assert steps.count() == 2 and "45 + 2 = 47" in steps.nth(1).inner_text()
        assert "goods sent back days" in steps.nth(0).inner_text() and "tokens" in steps.nth(0).inner_text()
        page.screenshot(path=tmp_path / "while.png")
        go_on.set()
        page.wait_for_selector("ol.citations li")
        trace = page.locator("details.trace")
        assert trace.get_attribute("open") is None and trace.locator("summary").inner_text().startswith("3 steps · ")
        trace.locator("summary").click()
        page.wait_for_selector("details.trace[open] li[data-action=answer]")
        wide = page.evaluate("document.documentElement.scrollWidth")
        page.screenshot(path=tmp_path / "after.png", full_page=True)
        page.reload()
        page.wait_for_selector("details.trace li[data-action=answer]", state="attached")
        browser.close()
    assert not problems and wide <= width
