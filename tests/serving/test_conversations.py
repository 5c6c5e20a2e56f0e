"""Stored conversations over HTTP: turns, follow-ups, reload, feedback; a server that is killed under its clients."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from pipelines.answering.chat.memory import conversations
from pipelines.serving.app import create_app
from resources.feedback.store import feedback_store
from resources.settings import CHECKOUT
from resources.tables.tables import TableStore
from tests.serving.test_server import QUESTION, SAID, House, Writing, chat, chunks


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    house = House(Writing(lambda messages: SAID))
    with TestClient(create_app(house.warm, TableStore(tmp_path / "tables"))) as opened:
        yield opened


def test_a_turn_is_stored_where_the_request_has_a_conversation_and_not_else(client: TestClient, tmp_path: Path) -> None:
    assert "conversation" not in chat(client).json()["graftline"] and not conversations(tmp_path).headings()
    first = chat(client, conversation="").json()["graftline"]
    assert first["turn"] == 0 and len(first["conversation"]) == 12
    events = chunks(chat(client, stream=True, conversation=first["conversation"]).text)
    assert (events[-1]["graftline"]["conversation"], events[-1]["graftline"]["turn"]) == (first["conversation"], 1)
    assert chat(client, conversation="mine").json()["graftline"]["conversation"] == "mine"
    listed = client.get("/api/conversations").json()
    assert [(one["conversation"], one["turns"]) for one in listed] == [("mine", 1), (first["conversation"], 2)]


def test_what_is_stored_is_what_was_said_before_and_is_shown_again(client: TestClient) -> None:
    chat(client, "Where is the Fjell 2 tent stored?", conversation="c")
    chat(client, conversation="c")
    shown = client.get("/api/conversations/c").json()["turns"]
    assert [one["question"] for one in shown] == ["Where is the Fjell 2 tent stored?", QUESTION]
    # The scripted model rewrote the second question, for which it was given the first turn.
    assert shown[1]["asked"] == SAID and shown[1]["answer"] == SAID and shown[0]["citations"]
    assert client.get("/api/conversations/nothing").status_code == 404
    assert chat(client, conversation="../etc").status_code == 400


def test_feedback_is_kept_shown_and_can_be_taken_back(client: TestClient, tmp_path: Path) -> None:
    chat(client, conversation="c")
    said = {"conversation": "c", "turn": 0}
    assert client.post("/api/feedback", json=said | {"verdict": "up"}).json() == said | {"verdict": "up"}
    assert client.get("/api/conversations/c").json()["turns"][0]["feedback"] == "up"
    client.post("/api/feedback", json=said | {"verdict": "correct", "answer": "45 天。"})
    [kept] = feedback_store(tmp_path).latest()
    assert (kept.question, kept.good_answer, kept.documents, kept.who) == (
        QUESTION,
        "45 天。",
        ("policies/returns.md",),
        "api",
    )
    client.post("/api/feedback", json=said | {"verdict": "withdrawn"})
    assert client.get("/api/conversations/c").json()["turns"][0]["feedback"] == "withdrawn"


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"turn": 7}, 404),
        ({"conversation": "nothing"}, 404),
        ({"verdict": "maybe"}, 400),
        ({"verdict": "correct"}, 400),
        ({"turn": -1}, 400),
        ({"who": "admin"}, 400),
    ],
)
def test_feedback_on_no_turn_or_without_sense_is_refused(
    client: TestClient, fields: dict[str, Any], status: int
) -> None:
    chat(client, conversation="c")
    refused = client.post("/api/feedback", json={"conversation": "c", "turn": 0, "verdict": "up"} | fields)
    assert refused.status_code == status and refused.json()["error"]["message"]


def test_conversations_and_feedback_ask_for_the_key(tmp_path: Path) -> None:
    house = House(Writing(lambda messages: SAID))
    with TestClient(create_app(house.warm, TableStore(tmp_path / "tables"), api_key="s3cret")) as client:
        assert client.get("/api/conversations").status_code == client.get("/api/conversations/c").status_code == 401
        assert client.post("/api/feedback", json={}).status_code == 401


SERVER = """
import sys
from pathlib import Path
import uvicorn
from pipelines.serving.app import create_app
from resources.tables.tables import TableStore
from tests.serving.test_server import SAID, House, Writing
app = create_app(House(Writing(lambda messages: SAID)).warm, TableStore(Path(sys.argv[1]) / "tables"))
uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning")
"""
_CLIENTS = 50
_PATIENCE = 180
"""Seconds until the clients have their first answers, on a machine that does much else."""


@pytest.mark.slow
def test_a_server_killed_under_fifty_clients_loses_no_turn_that_one_of_them_has(tmp_path: Path) -> None:
    from pipelines.commands.ui import free_port

    port = free_port(0)
    server = subprocess.Popen([sys.executable, "-c", SERVER, str(tmp_path), str(port)], cwd=CHECKOUT)
    address, received = f"http://127.0.0.1:{port}", [0] * _CLIENTS

    def ask(number: int) -> None:
        with httpx.Client(base_url=address, timeout=60) as http:
            while True:
                body = {
                    "model": "native",
                    "messages": [{"role": "user", "content": f"{QUESTION} ({number}, {received[number]})"}],
                    "stream": number % 2 == 0,
                    "conversation": f"client-{number}",
                }
                try:
                    answer = http.post("/v1/chat/completions", json=body)
                except httpx.TransportError:
                    return
                assert answer.status_code == 200, answer.text
                told = chunks(answer.text)[-1] if body["stream"] else json.loads(answer.text)
                assert told["graftline"]["turn"] == received[number]
                received[number] += 1

    try:
        for _ in range(600):
            try:
                assert httpx.get(f"{address}/health").status_code == 200
                break
            except httpx.TransportError:
                time.sleep(0.1)
        threads = [threading.Thread(target=ask, args=(number,)) for number in range(_CLIENTS)]
        for thread in threads:
            thread.start()
        until = time.monotonic() + _PATIENCE
        while sum(received) < 3 * _CLIENTS and time.monotonic() < until:
            time.sleep(0.05)
        os.kill(server.pid, signal.SIGKILL)
        for thread in threads:
            thread.join()
    finally:
        server.kill()
        server.wait()
    assert sum(received) >= 3 * _CLIENTS
    stored = conversations(tmp_path)
    for number, turns in enumerate(received):
        kept = stored.turns(f"client-{number}") if turns else []
        assert len(kept) >= turns
        assert [one.question for one in kept[:turns]] == [f"{QUESTION} ({number}, {n})" for n in range(turns)]
