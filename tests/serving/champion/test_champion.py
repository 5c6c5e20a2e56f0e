"""The champion on the server: OpenAI's protocol, errors by name, and an alias that moves under fifty clients."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from pipelines.answering.modes.names import ALL_MODES
from pipelines.commands.ui import free_port
from pipelines.serving.app import create_app
from pipelines.serving.champion.routes import Champion
from resources.tables.tables import TableStore
from tests.serving.champion.world import Registry
from tests.serving.test_server import House, Writing

HELLO = [{"role": "user", "content": "hello"}]


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path)


def app_of(registry: Registry) -> Any:
    house = House(Writing(lambda messages: "Yes [1]."))
    tables = TableStore(registry.home / "tables")
    return create_app(house.warm, tables, champion=Champion(registry.following, answer_tokens=7))


@pytest.fixture
def client(registry: Registry) -> Iterator[TestClient]:
    with TestClient(app_of(registry)) as client:
        yield client


def chat(client: Any, **fields: Any) -> Any:
    return client.post("/v1/chat/completions", json={"model": "champion", "messages": HELLO, **fields})


def said(response: Any) -> str:
    return str(response.json()["choices"][0]["message"]["content"])


def chunks(text: str) -> list[dict[str, Any]]:
    lines = [line.removeprefix("data: ") for line in text.split("\n\n") if line]
    assert lines[-1] == "[DONE]"
    return [json.loads(line) for line in lines[:-1]]


def until(is_so: Any) -> None:
    ends = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < ends
        time.sleep(0.01)


def test_the_champion_is_a_model_beside_the_modes_and_nothing_is_loaded_for_it(
    client: TestClient, registry: Registry
) -> None:
    assert [one["id"] for one in client.get("/v1/models").json()["data"]] == [*ALL_MODES, "champion"]
    assert client.get("/v1/models/champion").json()["graftline"] == {"version": "1", "recipe": "lora"}
    assert registry.loaded == []


def test_an_answer_says_who_gave_it_and_counts_its_tokens(client: TestClient) -> None:
    answer = chat(client, max_tokens=3).json()
    assert answer["choices"][0]["message"]["content"] == "model1 model1 model1 "
    assert answer["choices"][0]["finish_reason"] == "length" and answer["model"] == "champion"
    assert answer["system_fingerprint"] == "graftline-champion-1-1digest"
    # "user : hello assistant :" are five words.
    assert answer["usage"] == {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}
    assert answer["graftline"] == {"version": "1", "recipe": "lora", "engine": "fake"}


def test_a_stream_and_text_completions_say_the_same(client: TestClient) -> None:
    found = chunks(chat(client, max_tokens=3, stream=True, stream_options={"include_usage": True}).text)
    assert "".join(one["choices"][0]["delta"].get("content", "") for one in found[:-1]) == "model1 model1 model1 "
    assert found[-2]["choices"][0]["finish_reason"] == "length" and found[-1]["usage"]["total_tokens"] == 8
    assert {one["system_fingerprint"] for one in found} == {"graftline-champion-1-1digest"}
    body = {"model": "champion", "prompt": "who", "max_tokens": 2}
    whole = client.post("/v1/completions", json=body).json()
    assert whole["object"] == "text_completion" and whole["choices"][0]["text"] == "model1 model1 "
    assert whole["usage"]["prompt_tokens"] == 1
    pieces = chunks(client.post("/v1/completions", json=body | {"stream": True, "prompt": [5, 6]}).text)
    assert "".join(one["choices"][0]["text"] for one in pieces) == "model1 model1 "


def test_an_answer_of_which_nothing_is_said_ends_where_the_settings_end_it(client: TestClient) -> None:
    assert chat(client).json()["usage"]["completion_tokens"] == 7
    assert chat(client, max_completion_tokens=2, temperature=0.5, user="me").json()["graftline"]["unread"] == ["user"]


@pytest.mark.parametrize(
    ("fields", "status", "told"),
    [
        ({"n": 2}, 400, "one answer a request"),
        ({"logprobs": True}, 400, "logprobs"),
        ({"tools": [{"type": "function"}]}, 400, "tools"),
        ({"response_format": {"type": "json_object"}}, 400, "response_format"),
        ({"temperature": 3}, 400, "temperature"),
        ({"stop": ["x"] * 17}, 400, "stop"),
        ({"max_tokens": 0}, 400, "max_tokens"),
        ({"max_tokens": 996}, 400, "1000 together"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, 400, "image_url"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_what_cannot_be_done_is_refused_by_its_name(
    client: TestClient, fields: dict[str, Any], status: int, told: str, stream: bool
) -> None:
    response = chat(client, stream=stream, **fields)
    assert response.status_code == status and told in response.json()["error"]["message"]


def test_other_models_have_no_text_completions_and_without_a_champion_it_says_what_to_type(
    client: TestClient, registry: Registry
) -> None:
    assert client.post("/v1/completions", json={"model": "native", "prompt": "x"}).status_code == 404
    registry.number = ""
    response = chat(client)
    assert response.status_code == 404 and "graftline promote VERSION" in response.json()["error"]["message"]
    assert [one["id"] for one in client.get("/v1/models").json()["data"]] == list(ALL_MODES)


def test_a_request_under_way_ends_on_the_old_model_which_is_unloaded_then(
    client: TestClient, registry: Registry
) -> None:
    with registry.following.lent() as old:
        registry.number = "2"
        until(lambda: said(chat(client, max_tokens=1)) == "model2 ")
        assert old.generator.alive and old.promoted.version == "1"
    until(lambda: not old.generator.alive)
    registry.number = "1"  # a rollback
    until(lambda: said(chat(client, max_tokens=1)) == "model1 ")


def test_without_room_for_two_requests_wait_while_the_old_model_leaves(tmp_path: Path) -> None:
    registry = Registry(tmp_path, fits=False)
    with registry.following.lent() as old:
        registry.number = "2"
        until(lambda: registry.following.state["serving"] is None)
        assert len(registry.loaded) == 1
    with registry.following.lent() as new:
        assert new.promoted.version == "2" and not old.generator.alive
    registry.following.close()


def test_a_version_that_cannot_be_loaded_leaves_the_old_one_in_place(client: TestClient, registry: Registry) -> None:
    assert said(chat(client, max_tokens=1)) == "model1 "
    registry.break_checkpoint("2")
    registry.number = "2"
    until(lambda: client.get("/health").json()["champion"]["failed"])
    assert client.get("/health").json()["champion"] == {"serving": "1", "registered": "2", "failed": True}
    assert said(chat(client, max_tokens=1)) == "model1 "


def test_a_first_version_that_cannot_be_loaded_says_why(client: TestClient, registry: Registry) -> None:
    registry.break_checkpoint("1")
    response = chat(client)
    assert response.status_code == 503 and "the weights are torn" in response.json()["error"]["message"]


def test_a_process_that_ended_fails_its_own_answers_and_is_loaded_anew(client: TestClient, registry: Registry) -> None:
    body = {"model": "champion", "prompt": [13 % 8], "max_tokens": 5}
    assert client.post("/v1/completions", json=body).status_code == 200
    registry.loaded[0]._child.kill()
    until(lambda: not registry.loaded[0].alive)
    assert said(chat(client, max_tokens=1)) == "model1 " and len(registry.loaded) == 2


def test_a_client_that_leaves_ends_its_answer_in_the_model(registry: Registry) -> None:
    from pipelines.serving.champion.generation import Sampling

    with registry.following.lent() as served:
        pieces = served.generator.stream([1], Sampling(1000))
        next(iter(pieces))
        pieces.close()  # type: ignore[attr-defined]
        log = registry.home / "logs" / "1.log"
        until(lambda: "left 1" in log.read_text())
    registry.following.close()


def test_fifty_clients_see_no_failed_and_no_mixed_answer_while_the_alias_moves(registry: Registry) -> None:
    import uvicorn

    server = uvicorn.Server(uvicorn.Config(app_of(registry), port=free_port(0), log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    until(lambda: server.started)
    address, versions = f"http://127.0.0.1:{server.config.port}", Counter[str]()
    done = threading.Event()

    def asks(number: int) -> None:
        with httpx.Client(base_url=address, timeout=60) as client:
            while not done.is_set():
                stream = number % 2 == 0
                response = chat(client, max_tokens=20, stream=stream)
                assert response.status_code == 200, response.text
                if stream:
                    found = chunks(response.text)
                    (label,) = {one["system_fingerprint"] for one in found}
                    text = "".join(one["choices"][0]["delta"].get("content", "") for one in found)
                else:
                    label, text = response.json()["system_fingerprint"], said(response)
                version = label.split("-")[2]
                assert text == f"model{version} " * 20
                versions[version] += 1

    with ThreadPoolExecutor(50) as pool:
        jobs = [pool.submit(asks, number) for number in range(50)]
        for number in ("2", "3", "1"):
            until(lambda: sum(versions.values()) > 100)
            versions_before, registry.number = Counter(versions), number
            until(partial(lambda number, before: versions[number] > before[number] + 50, number, versions_before))
        done.set()
        for job in jobs:
            job.result()
    server.should_exit = True
    thread.join()
    assert set(versions) == {"1", "2", "3"}
    assert [one.alive for one in registry.loaded] == [False] * 4


def test_with_a_key_the_champion_asks_for_it_and_a_page_of_another_name_reads_nothing(registry: Registry) -> None:
    house, tables = House(Writing(lambda messages: "")), TableStore(registry.home / "tables")
    app = create_app(house.warm, tables, api_key="s3cret", champion=Champion(registry.following, 7))
    body = {"model": "champion", "prompt": "who", "max_tokens": 1}
    with TestClient(app) as client:
        assert client.post("/v1/completions", json=body).status_code == 401 and chat(client).status_code == 401
        assert registry.loaded == []
        key = {"Authorization": "Bearer s3cret"}
        assert client.post("/v1/completions", json=body, headers=key).status_code == 200
        assert client.post("/v1/completions", json=body, headers={**key, "Host": "evil.example"}).status_code == 400
        assert client.post("/v1/completions", content=b"no json", headers=key).status_code == 400
