"""Attacks on a real server process: paths, ids, bodies that are none; and its page shows markup as text."""

import asyncio
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp import Client

from pipelines.commands.ui import free_port
from pipelines.serving.mcp_server import mcp_tools
from resources.settings import CHECKOUT
from resources.tables.tables import TableStore
from tests.adversarial.attacks import ATTACKS, FORGED, SECRET, Attack
from tests.answering.world import TEXTS
from tests.serving.test_server import QUESTION, SAID, House, Writing, chunks

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
PATHS = [one for one in ATTACKS if one.kind == "path"]
_SENT = ("question-09", "question-18", "question-29", "empty-07", "empty-14", "empty-17", "huge-01", "huge-06",
         "language-01", "language-06")  # fmt: skip
ASKED = [one for one in ATTACKS if one.id in _SENT]
_PATIENCE = 120

pytestmark = pytest.mark.slow


@dataclass
class Server:
    """A server in a process of its own, its home, and what it wrote to its log."""

    address: str
    home: Path
    log: Path

    def post(self, path: str, **named: Any) -> httpx.Response:
        return httpx.post(f"{self.address}{path}", timeout=60, **named)

    def get(self, path: str, **named: Any) -> httpx.Response:
        return httpx.get(f"{self.address}{path}", timeout=60, **named)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home, port = tmp_path_factory.mktemp("home"), free_port(0)
    log = home.parent / "server.log"
    command = [sys.executable, "-m", "tests.adversarial.server_child", str(home), str(port)]
    with log.open("w") as out:
        process = subprocess.Popen(command, cwd=CHECKOUT, stdout=out, stderr=out)
        address, until = f"http://127.0.0.1:{port}", time.monotonic() + _PATIENCE
        while True:
            try:
                assert httpx.get(f"{address}/health").status_code == 200
                break
            except httpx.TransportError:
                assert process.poll() is None and time.monotonic() < until, log.read_text()
                time.sleep(0.1)
        yield Server(address, home, log)
        assert process.poll() is None, "the server is still there"
        process.kill()
        process.wait()
    assert "Traceback" not in log.read_text()
    assert {path.name.partition("-")[0] for path in home.iterdir()} <= {"tables", "chats.sqlite", "feedback.sqlite"}


def is_refused(answer: httpx.Response) -> bool:
    error = answer.json()["error"]
    return 400 <= answer.status_code < 500 and bool(error["message"]) and "\n" not in error["message"]


@pytest.mark.parametrize("attack", ASKED, ids=lambda one: one.id)
@pytest.mark.parametrize("stream", [False, True])
def test_a_question_ends_as_an_answer_with_valid_citations_or_is_refused(
    server: Server, attack: Attack, stream: bool
) -> None:
    body = {"model": "native", "messages": [{"role": "user", "content": attack.question}], "stream": stream}
    answer = server.post("/v1/chat/completions", json=body)
    if answer.status_code != 200:
        assert is_refused(answer)
        return
    told = chunks(answer.text)[-1] if stream else answer.json()
    assert SECRET not in answer.text
    for one in told["graftline"]["citations"]:
        assert TEXTS[one["document"]][one["start"] : one["end"]] == one["quote"]


@pytest.mark.parametrize("attack", PATHS, ids=lambda one: one.id)
def test_a_path_in_any_name_reaches_no_file(server: Server, attack: Attack) -> None:
    value, said = attack.value, [{"role": "user", "content": QUESTION}]
    if attack.place == "document":
        answers = [server.get("/api/document", params={"path": value})]
    elif attack.place == "conversation":
        chat = {"model": "native", "messages": said, "conversation": value}
        answers = [server.post("/v1/chat/completions", json=chat), server.get(f"/api/conversations/{value}")]
    elif attack.place == "feedback":
        answers = [server.post("/api/feedback", json={"conversation": value, "turn": 0, "verdict": "up"})]
    elif attack.place == "mode":
        answers = [
            server.post("/v1/chat/completions", json={"model": value, "messages": said}),
            server.get("/api/search", params={"q": "tent", "mode": value}),
        ]
    else:
        result = _mcp_read(TableStore(server.home / "tables"), value)
        assert result.is_error and "none of that path" in result.content[0].text
        answers = []
    assert all(is_refused(answer) for answer in answers)
    assert not any("root:" in answer.text or "[fonts]" in answer.text for answer in answers)


def _mcp_read(tables: TableStore, document: str) -> Any:
    async def calling() -> Any:
        async with Client(mcp_tools(House(Writing(lambda messages: SAID)).warm, tables)) as client:
            return await client.call_tool("read", {"document": document})

    return asyncio.run(calling())


@pytest.mark.parametrize("path", ["/page/../../../etc/passwd", "/page/%2e%2e/%2e%2e/app.py", "/page/..%2f..%2fapp.py"])
def test_the_pages_folder_gives_only_what_is_in_it(server: Server, path: str) -> None:
    import http.client

    connection = http.client.HTTPConnection(server.address.removeprefix("http://"))
    connection.request("GET", path)  # as it stands: other clients shorten it
    answer = connection.getresponse()
    assert answer.status == 404 and b"import" not in answer.read()


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[" * 100_000, b"\x00\x01", b"\xff\xfe{}", b"null", b'"text"', b'{"model": "native"}',
        b'{"model": "native", "messages": [{"role": "user", "content": "\\ud800"}]}',
        b'{"model": "native", "messages": [{"role": "user", "content": {"a": 1}}]}',
        b'{"model": "native", "messages": [{"role": "user", "content": "tent"}], "conversation": "a\\u0000b"}',
        b'{"model": "native", "messages": [{"role": "user", "content": "tent"}], "stream": "perhaps"}',
        b'{"model": "native", "messages": [{"role": "user", "content": "tent"}], "max_tokens": 1e400}',
    ],
)  # fmt: skip
def test_a_body_that_is_no_request_is_refused(server: Server, body: bytes) -> None:
    assert is_refused(server.post("/v1/chat/completions", content=body, headers={"Content-Type": "application/json"}))


def test_a_stored_answer_comes_back_as_data(server: Server) -> None:
    body = {"model": "native", "messages": [{"role": "user", "content": "<b>tent</b>\u202e"}], "conversation": "stored"}
    assert server.post("/v1/chat/completions", json=body).status_code == 200
    turn = server.get("/api/conversations/stored")
    assert turn.headers["content-type"] == "application/json" and turn.headers["x-content-type-options"] == "nosniff"
    assert turn.json()["turns"][0]["answer"] == FORGED and json.loads(turn.text)


@pytest.mark.skipif(BROWSER is None, reason="needs a browser")
def test_the_page_shows_markup_of_models_and_documents_as_text(server: Server) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        page = browser.new_page()
        problems: list[str] = []
        asked: list[str] = []
        page.on("dialog", lambda dialog: problems.append(dialog.message))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(server.address)
        page.get_by_label("hybrid").wait_for()
        page.fill("#question", f"{QUESTION} <img src=x onerror=alert(1)>")
        page.get_by_role("button", name="Ask").click()
        page.get_by_role("button", name="Good answer").wait_for()
        assert "<script>alert(" in page.locator(".text").inner_text()
        assert page.locator("article script, article img, article iframe, article a").count() == 0
        browser.close()
    assert not problems and all(url.startswith(server.address) for url in asked)
