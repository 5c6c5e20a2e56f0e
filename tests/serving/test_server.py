"""The server: OpenAI's protocol with its own client, streams with their proof, keys, errors, health and metrics."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from fastapi.testclient import TestClient

from pipelines.answering.ask import Answerer
from pipelines.answering.modes.names import ALL_MODES
from pipelines.core.protocols import GraphStore
from pipelines.core.schemas import DOCUMENTS
from pipelines.serving.app import create_app
from pipelines.serving.warm import WarmAnswerer
from resources.tables.tables import TableStore
from tests.answering.world import TEXTS, build_store
from tests.fakes import FakeEmbedder, FakeGraphStore, FakeLanguageModel

QUESTION = "Within how many days can unused goods be sent back?"
SAID = "Unused goods can be sent back within 45 days [1]."


class Writing(FakeLanguageModel):
    packaged = False


class House:
    """A graph that can be switched, and what was opened and closed over it."""

    def __init__(self, model: FakeLanguageModel) -> None:
        self.model, self.version, self.opened, self.closed = model, "1", 0, 0
        self.warm = WarmAnswerer(self._open, lambda: self.version)

    def _open(self) -> tuple[Answerer, GraphStore]:
        self.opened += 1
        store = build_store()
        house = self

        class Closing(FakeGraphStore):
            def close(self) -> None:
                house.closed += 1

        counted = Closing(**store.tables)
        return Answerer(store=counted, embedder=FakeEmbedder(), language_model=self.model), counted


@pytest.fixture
def house() -> House:
    return House(Writing(lambda messages: SAID))


@pytest.fixture
def tables(tmp_path: Path) -> TableStore:
    rows = [
        {name: None for name in DOCUMENTS.names} | {"document_id": path, "path": path, "title": path, "text": text}
        for path, text in TEXTS.items()
    ]
    store = TableStore(tmp_path / "tables")
    store.write("documents", pa.Table.from_pylist(rows, schema=DOCUMENTS))
    return store


@pytest.fixture
def client(house: House, tables: TableStore) -> Iterator[TestClient]:
    with TestClient(create_app(house.warm, tables)) as opened:
        yield opened


def chat(client: TestClient, question: str = QUESTION, **fields: Any) -> Any:
    body = {"model": "native", "messages": [{"role": "user", "content": question}], **fields}
    return client.post("/v1/chat/completions", json=body)


def text(response: Any) -> str:
    return str(response.json()["choices"][0]["message"]["content"])


def chunks(text: str) -> list[dict[str, Any]]:
    lines = [line.removeprefix("data: ") for line in text.split("\n\n") if line]
    assert lines[-1] == "[DONE]"
    return [json.loads(line) for line in lines[:-1]]


def test_every_mode_is_a_model(client: TestClient) -> None:
    assert [one["id"] for one in client.get("/v1/models").json()["data"]] == list(ALL_MODES)


def test_an_answer_is_a_completion_with_its_citations(client: TestClient) -> None:
    answer = chat(client).json()
    assert answer["object"] == "chat.completion" and answer["choices"][0]["finish_reason"] == "stop"
    content = answer["choices"][0]["message"]["content"]
    citation = answer["graftline"]["citations"][0]
    assert TEXTS[citation["document"]][citation["start"] : citation["end"]] == citation["quote"]
    assert content == f"{SAID}\n\n**Sources**\n- [1] {citation['document']}: “{citation['quote']}”"
    assert (
        answer["usage"]["total_tokens"] == answer["usage"]["prompt_tokens"] + answer["usage"]["completion_tokens"] > 0
    )


def test_a_stream_has_pieces_then_the_proof_then_its_end(client: TestClient) -> None:
    response = chat(client, stream=True)
    assert response.headers["content-type"].startswith("text/event-stream")
    found = chunks(response.text)
    deltas = [one["choices"][0]["delta"] for one in found]
    assert deltas[0]["role"] == "assistant" and "".join(one.get("content", "") for one in deltas) == text(chat(client))
    assert len(deltas) > 4 and found[-1]["choices"][0]["finish_reason"] == "stop"
    assert _untimed(found[-1]["graftline"]) == _untimed(chat(client).json()["graftline"])


def _untimed(proof: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in proof.items() if name != "timing"}


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_tells_where_its_time_went(client: TestClient, stream: bool) -> None:
    started = time.perf_counter()
    response = chat(client, stream=stream)
    spent = time.perf_counter() - started
    timing = (chunks(response.text)[-1] if stream else response.json())["graftline"]["timing"]
    assert list(timing) == ["waiting", "retrieval", "prompt", "model_first", "model", "proof"]
    assert timing["retrieval"] > 0 and 0 <= timing["model_first"] <= timing["model"]
    assert sum(timing[name] for name in timing if name != "model_first") < spent
    assert 'graftline_step_seconds_count{mode="native",step="retrieval"} 1.0' in client.get("/metrics").text


def test_sources_stand_below_the_text_once_and_only_where_they_are_wanted(client: TestClient, house: House) -> None:
    assert text(chat(client, sources="apart")) == SAID
    apart = chunks(chat(client, stream=True, sources="apart").text)
    assert "".join(one["choices"][0]["delta"].get("content", "") for one in apart) == SAID
    shown = text(chat(client))
    said = [{"role": "user", "content": QUESTION}, {"role": "assistant", "content": shown}]
    chat(client, messages=[*said, {"role": "user", "content": "And where is it stored?"}])
    assert SAID in str(house.model.calls[-2:]) and "**Sources**" not in str(house.model.calls)
    assert chat(client, sources="above").status_code == 400


def test_openais_own_client_reads_both(client: TestClient) -> None:
    openai = pytest.importorskip("openai")
    asked: dict[str, Any] = {"model": "native", "messages": [{"role": "user", "content": QUESTION}]}
    with openai.OpenAI(base_url="http://testserver/v1", api_key="none", http_client=client) as theirs:
        assert theirs.chat.completions.create(**asked).choices[0].message.content.startswith(SAID)
        pieces = theirs.chat.completions.create(**asked, stream=True)
        assert "".join(piece.choices[0].delta.content or "" for piece in pieces) == text(chat(client))
        assert {one.id for one in theirs.models.list()} == set(ALL_MODES)


@pytest.mark.parametrize(
    ("fields", "status", "message"),
    [
        ({"model": "nativ"}, 404, "model=native"),
        ({"model": "gpt-4"}, 404, "one of auto"),
        ({"messages": []}, 400, "messages"),
        ({"messages": [{"role": "assistant", "content": "hello"}]}, 400, "no question"),
        ({"messages": [{"role": "user", "content": "   "}]}, 400, "no question"),
        ({"messages": [{"role": "user", "content": "x" * 40_000}]}, 400, "40000 characters"),
        ({"messages": "hello"}, 400, "messages"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_a_wrong_request_is_refused_in_the_protocols_form(
    client: TestClient, fields: dict[str, Any], status: int, message: str, stream: bool
) -> None:
    response = chat(client, stream=stream, **fields)
    assert response.status_code == status
    assert message in response.json()["error"]["message"] and "Traceback" not in response.text


def test_parts_and_unknown_fields_of_other_clients_are_taken(client: TestClient) -> None:
    parts = [{"type": "text", "text": QUESTION}, {"type": "text", "text": ""}]
    answer = chat(client, messages=[{"role": "user", "content": parts, "name": "me"}], temperature=1, tools=[], n=1)
    assert text(answer).startswith(SAID)
    assert answer.json()["graftline"]["unread"] == ["temperature", "tools"]


def test_a_follow_up_is_rewritten_to_stand_alone(tables: TableStore) -> None:
    def says(messages: list[dict[str, str]]) -> str:
        return "Who manages the Halden warehouse?" if "Last question" in messages[0]["content"] else "Petra Vogel [1]."

    model = Writing(says)
    with TestClient(create_app(House(model).warm, tables)) as client:
        said = [
            {"role": "user", "content": "Where is the Halden warehouse?"},
            {"role": "assistant", "content": "In Halden."},
            {"role": "user", "content": "And who manages it?"},
        ]
        answer = chat(client, messages=said).json()
    assert answer["graftline"]["question"] == "Who manages the Halden warehouse?"
    assert answer["graftline"]["citations"][0]["document"] == "warehouses/halden.md"


def test_with_a_key_everything_that_shows_documents_asks_for_it(house: House, tables: TableStore) -> None:
    with TestClient(create_app(house.warm, tables, api_key="s3cret")) as client:
        assert client.get("/health").status_code == 200
        closed = ["/v1/models", "/api/search?q=tent", "/api/document?path=policies/returns.md", "/metrics", "/mcp/"]
        for path in closed:
            for header in ({}, {"Authorization": "Bearer wrong"}):
                refused = client.get(path, headers=header)
                assert refused.status_code == 401 and "s3cret" not in refused.text, path
        assert chat(client).status_code == 401 and house.opened == 1
        assert client.get("/v1/models", headers={"Authorization": "Bearer s3cret"}).status_code == 200


def test_a_page_of_another_name_reads_nothing(client: TestClient) -> None:
    assert client.get("/v1/models", headers={"Host": "evil.example"}).status_code == 400


def test_the_graph_of_a_new_night_answers_the_next_question(house: House, client: TestClient) -> None:
    chat(client), chat(client)
    assert (house.opened, house.closed) == (1, 0)
    house.version = "2"
    chat(client)
    assert (house.opened, house.closed) == (2, 1)


def test_a_question_under_way_ends_on_the_graph_it_began_on(house: House) -> None:
    with house.warm.opened() as first:
        house.version = "2"
        with house.warm.opened() as second:
            assert second is not first and house.closed == 0
        assert first.answerer.ask(QUESTION, "native").answer.text == SAID
    assert house.closed == 1
    house.warm.close()
    assert house.closed == 2


def test_a_stream_that_its_client_left_ends_while_another_question_opens(house: House) -> None:
    def lend() -> Iterator[None]:
        with house.warm.opened():
            yield

    left = lend()
    next(left)

    def clearing() -> None:
        with house.warm._lock:  # as when memory is cleared up in the middle of opening
            left.close()

    thread = threading.Thread(target=clearing, daemon=True)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()


def test_a_document_is_shown_around_a_span_and_an_unknown_one_is_none(client: TestClient) -> None:
    text = TEXTS["policies/returns.md"]
    found = client.get("/api/document", params={"path": "policies/returns.md", "start": 11, "end": 20}).json()
    assert found["text"] == text[found["start"] : found["end"]] and found["start"] <= 11 < 20 <= found["end"]
    for path in ("../../etc/passwd", "policies/nothing.md", "' or 1=1"):
        refused = client.get("/api/document", params={"path": path})
        assert refused.status_code == 404 and "none of that path" in refused.json()["error"]["message"]


def test_the_graph_behind_chunks_and_around_a_name(client: TestClient) -> None:
    hits = client.get("/api/search", params={"q": "Fjell 2 tent", "mode": "native"}).json()
    ids = [hit["chunk_id"] for hit in hits if hit["document"] == "products/fjell.md"]
    graph = client.post("/api/subgraph", json=ids).json()
    assert {one["name"] for one in graph["entities"]} == {"Fjell 2", "Halden"}
    assert [one["type"] for one in graph["relations"]] == ["STORED_AT"]
    around = client.get("/api/neighbours", params={"name": "fjell 2"}).json()
    assert {one["name"] for one in around["entities"]} == {"Fjell 2", "Halden"}
    assert client.get("/api/neighbours", params={"name": "Atlantis"}).status_code == 404


def test_the_metrics_count_answers_sentences_and_no_paths_that_clients_made_up(client: TestClient) -> None:
    chat(client), client.get("/no/such/path")
    text = client.get("/metrics").text
    assert 'graftline_answers_total{mode="native",supported="true"} 1.0' in text
    assert 'graftline_sentences_total{status="supported"} 1.0' in text
    assert 'route="other",status="404"' in text and "/no/such/path" not in text


def test_the_page_is_served_with_a_policy_that_allows_no_strangers_script(client: TestClient) -> None:
    page = client.get("/")
    assert page.status_code == 200 and "Graftline" in page.text
    assert "default-src 'self'" in page.headers["content-security-policy"]
    for name in ("page.js", "graph.js", "page.css"):
        assert client.get(f"/page/{name}").status_code == 200
    assert "innerHTML" not in client.get("/page/page.js").text
