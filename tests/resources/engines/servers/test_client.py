"""The client of batches: retries, concurrency, what a server may refuse, and a key that is never shown."""

import logging
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from typing import Any

import pytest

from pipelines.core.errors import ServiceError
from resources.engines.servers.client import CompletionsClient
from resources.engines.servers.protocols import HOSTED, VLLM, Answered, Asked
from tests.resources.engines.servers.scripted_server import Handler


@pytest.fixture
def scripted() -> Iterator[tuple[str, type[Handler]]]:
    handler = type("Own", (Handler,), {"seen": [], "headers_seen": [], "failing": [], "most": 0, "busy": 0})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", handler
    server.shutdown()
    server.server_close()


def asked(*prompts: list[int], stop: tuple[int, ...] = (), tokens: int = 9) -> list[Asked]:
    return [Asked("model", prompt, tokens, stop, {"temperature": 0.0, "seed": 0}) for prompt in prompts]


def client(url: str, **more: Any) -> CompletionsClient:
    return CompletionsClient(url, VLLM, pause=0.01, **more)


def test_answers_come_in_the_order_of_their_prompts_and_are_told_as_they_come(scripted) -> None:
    url, handler = scripted
    told: dict[int, Answered] = {}
    made = client(url).generate(asked([1, 2, 3], [4], [5, 6], stop=(7,)), told.__setitem__)
    assert [one.token_ids for one in made] == [[3, 2, 1, 7], [4, 7], [6, 5, 7]]
    assert made == [told[0], told[1], told[2]] and [one.cached for one in made] == [1, 1, 1]
    assert handler.seen[0]["stop_token_ids"] == [7] and handler.seen[0]["return_token_ids"] is True


def test_as_many_requests_are_on_their_way_at_once_as_it_may_send(scripted) -> None:
    url, handler = scripted
    client(url, concurrency=3).generate(asked(*[[number] for number in range(12)]))
    assert handler.most == 3


def test_what_helps_to_be_sent_again_is_sent_again(scripted) -> None:
    url, handler = scripted
    handler.failing += [(503, "busy"), (429, "slowly"), (500, "oops")]
    one = client(url)
    assert one.generate(asked([1]))[0].token_ids == [1] and one.retried == 3


def test_what_does_not_help_is_an_error_at_once_with_the_servers_own_words(scripted) -> None:
    url, handler = scripted
    handler.failing += [(400, '{"error": {"message": "the prompt is too long"}}')]
    with pytest.raises(ServiceError, match="status 400: the prompt is too long"):
        client(url, concurrency=1).generate(asked([1], [2], [3]))
    assert len(handler.seen) <= 2  # what waited was not sent


def test_it_gives_up_after_its_retries(scripted) -> None:
    url, handler = scripted
    handler.failing += [(503, "busy")] * 9
    with pytest.raises(ServiceError, match="status 503"):
        client(url, retries=2).generate(asked([1]))
    assert len(handler.seen) == 3


def test_a_server_of_ours_that_is_gone_is_its_own_error_and_is_not_asked_again() -> None:
    gone = ServiceError("the vllm server", "exit status 1", "one that answers", "read /tmp/server.log")
    with pytest.raises(ServiceError, match=r"read /tmp/server\.log"):
        client("http://127.0.0.1:9", failed=lambda: gone).generate(asked([1]))


@pytest.mark.parametrize("status", [401, 400, 500])
def test_the_key_is_sent_and_never_shown(scripted, status: int, caplog: pytest.LogCaptureFixture) -> None:
    url, handler = scripted
    handler.failing += [(status, '{"error": {"message": "no such key: sk-very-secret"}}')] * 9
    address = url.replace("http://", "http://joe:hidden@")
    with caplog.at_level(logging.DEBUG), pytest.raises(ServiceError) as caught:
        CompletionsClient(address, VLLM, "sk-very-secret", retries=1, pause=0.01).generate(asked([1]))
    assert handler.headers_seen[0] == "Bearer sk-very-secret"
    shown = f"{caught.value} {caplog.text}"
    assert "very-secret" not in shown and "hidden" not in shown
    assert ("GRAFTLINE_ENGINE_API_KEY" in caught.value.fix) == (status == 401)


def test_what_a_server_refuses_is_left_out_where_no_text_depends_on_it(scripted, caplog) -> None:
    url, handler = scripted
    handler.hides_ids = True
    handler.failing += [(400, "unknown parameter: return_token_ids"), (422, "stop_token_ids: extra inputs")]
    one = CompletionsClient(url, HOSTED, concurrency=1)
    with caplog.at_level(logging.WARNING):
        made = one.generate(asked([1], [2], stop=(7,)))
    assert [answer.token_ids for answer in made] == [None, None]
    assert "return_token_ids" not in handler.seen[-1] and "stop_token_ids" not in handler.seen[-1]
    assert caplog.text.count("left out from now on") == 2


def test_sampling_that_a_server_refuses_is_an_error(scripted) -> None:
    url, handler = scripted
    handler.failing += [(400, "unknown parameter: temperature")]
    with pytest.raises(ServiceError, match="unknown parameter: temperature"):
        CompletionsClient(url, HOSTED).generate(asked([1]))
