"""A served embedding model over a real HTTP server that speaks the OpenAI protocol."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.core.errors import ConfigurationError, ServiceError
from resources.embedding import model_files
from resources.embedding.embedders import open_embedder
from resources.embedding.served import ServedEmbedder
from resources.embedding.vector_cache import CachedEmbedder
from resources.settings import Settings
from tests.fakes import FakeEmbedder
from tests.resources.models.odd_server import Answer, odd_server, refused


class Server(BaseHTTPRequestHandler):
    """A text's vector is (its length, 1), in any order of answers."""

    def do_POST(self) -> None:
        texts = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["input"]
        rows = [{"object": "embedding", "index": n, "embedding": [len(text), 1.0]} for n, text in enumerate(texts)]
        usage = {"prompt_tokens": 1, "total_tokens": 1}
        body = json.dumps({"object": "list", "data": rows[::-1], "model": "tiny", "usage": usage}).encode()
        self.send_response(200 if self.headers["Authorization"] == "Bearer secret-key" else 401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()


def test_texts_and_questions_get_their_vectors_of_length_one_in_order(address: str) -> None:
    embedder = ServedEmbedder(address, "tiny", "secret-key", FakeEmbedder(), batch=2)
    expected = np.array([[3, 1], [0, 1], [1, 1]]) / np.sqrt([[10], [1], [2]])
    np.testing.assert_allclose(embedder.embed(["abc", "", "a"]), expected, atol=1e-6)
    np.testing.assert_array_equal(embedder.embed_queries(["abc"]), embedder.embed(["abc"]))
    assert embedder.embed([]).shape == (0, 2) and not embedder.asymmetric


def test_what_the_setting_puts_before_questions_and_texts_is_sent(address: str, tmp_path: Path) -> None:
    model_files.tell_once.cache_clear()
    served = {"EMBEDDING_BASE_URL": address, "EMBEDDING_MODEL": "tiny", "EMBEDDING_API_KEY": "secret-key"}
    prompts = '{"query": "q: ", "passage": "text: "}'
    plain, prompted = (
        open_embedder(Settings(GRAFTLINE_HOME=str(tmp_path), **served, **more))
        for more in ({}, {"EMBEDDING_PROMPTS": prompts})
    )
    np.testing.assert_array_equal(prompted.embed(["abc"]), plain.embed(["text: abc"]))
    np.testing.assert_array_equal(prompted.embed_queries(["abc"]), plain.embed(["q: abc"]))
    assert (plain.asymmetric, prompted.asymmetric) == (False, True) and plain.name != prompted.name


def test_a_served_e5_without_prompts_is_told_of(caplog: pytest.LogCaptureFixture) -> None:
    model_files.tell_once.cache_clear()
    for prompts in ({}, None):
        ServedEmbedder("http://127.0.0.1:1/v1", "multilingual-e5-large", "", FakeEmbedder(), prompts=prompts)
    (record,) = caplog.records
    assert "multilingual-e5-large is an E5 by its name" in record.message


def test_a_refused_key_is_named_by_its_variable(address: str) -> None:
    with pytest.raises(ServiceError, match="EMBEDDING_API_KEY"):
        ServedEmbedder(address, "tiny", "wrong", FakeEmbedder(), retries=0).embed(["a"])


def settings(tmp_path: Path, **values: str) -> Settings:
    return Settings.load({"GRAFTLINE_HOME": str(tmp_path)} | values, tmp_path / "none")


def test_the_settings_say_what_a_served_model_reads_and_without_them_it_reads_all_languages(tmp_path: Path) -> None:
    served = {"EMBEDDING_BASE_URL": "http://127.0.0.1:1/v1", "EMBEDDING_MODEL": "all-MiniLM-L6-v2"}
    silent = open_embedder(settings(tmp_path, **served))
    assert (silent.max_tokens, silent.reads("en"), silent.reads("zh")) == (None, True, True)
    limits = {"EMBEDDING_LANGUAGES": "en", "EMBEDDING_MAX_TOKENS": "512"}
    said = open_embedder(settings(tmp_path, **served, **limits))
    assert (said.max_tokens, said.reads("en"), said.reads("zh")) == (512, True, False)
    assert said.name == silent.name


def test_the_setting_of_languages_goes_before_the_card_of_a_model(tmp_path: Path) -> None:
    english = {"EMBEDDING_MODEL": "all-MiniLM-L6-v2"}
    assert not open_embedder(settings(tmp_path, **english)).reads("zh")
    assert open_embedder(settings(tmp_path, EMBEDDING_LANGUAGES="any", **english)).reads("zh")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"EMBEDDING_MAX_TOKENS": "many", "EMBEDDING_BASE_URL": "http://h/v1"}, "set EMBEDDING_MAX_TOKENS=512"),
        ({"EMBEDDING_MAX_TOKENS": "512"}, "unset EMBEDDING_MAX_TOKENS"),
        ({"EMBEDDING_LANGUAGES": "english"}, "set EMBEDDING_LANGUAGES=any"),
        ({"EMBEDDING_OPTIONS": "{}"}, "unset EMBEDDING_OPTIONS"),
    ],
)
def test_limits_that_do_not_fit_say_what_to_type(tmp_path: Path, values: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigurationError, match=f"Next: {message}"):
        open_embedder(settings(tmp_path, EMBEDDING_MODEL="tiny", **values))


@pytest.mark.parametrize("answer", [(200, "<html><title>Sign in</title></html>"), (200, {"object": "list"})])
def test_an_answer_that_holds_no_vectors_is_one_line(answer: Answer) -> None:
    with (
        odd_server(lambda body: answer) as server,
        pytest.raises(ServiceError, match="status 200 and nothing") as caught,
    ):
        ServedEmbedder(server.address, "tiny", "", FakeEmbedder()).embed(["a"])
    assert "EMBEDDING_BASE_URL" in str(caught.value) and "\n" not in str(caught.value)


def vectors_of(texts: list[str]) -> Answer:
    rows = [{"index": n, "embedding": [len(text), 1.0]} for n, text in enumerate(texts)]
    return 200, {"object": "list", "data": rows}


def test_a_parameter_that_the_server_refuses_is_left_out_and_that_is_remembered() -> None:
    def answer(body: dict[str, Any]) -> Answer:
        return (
            refused("Extra inputs: 'encoding_format'", 422) if "encoding_format" in body else vectors_of(body["input"])
        )

    with odd_server(answer) as server:
        embedder = ServedEmbedder(server.address, "tiny", "", FakeEmbedder())
        assert embedder.embed(["abc"]).shape == embedder.embed(["abcd"]).shape == (1, 2)
        assert ["encoding_format" in body for body in server.requests] == [True, False, False, False]


@pytest.mark.parametrize("status", [400, 413, 422])
def test_one_refused_text_has_no_vector_and_stops_none_of_the_others(status: int, caplog) -> None:
    def answer(body: dict[str, Any]) -> Answer:
        return refused("content policy", status) if "bad" in body["input"] else vectors_of(body["input"])

    with odd_server(answer) as server:
        found = ServedEmbedder(server.address, "tiny", "", FakeEmbedder()).embed(["a", "bb", "bad", "cccc", "ddddd"])
    assert [bool(row.any()) for row in found] == [True, True, False, True, True]
    np.testing.assert_allclose(found[3], np.array([4, 1]) / np.sqrt(17), atol=1e-6)
    assert "refuses a text of 3 characters" in caplog.text and "content policy" in caplog.text


def test_a_server_that_takes_few_texts_at_once_is_asked_for_few_from_then_on() -> None:
    def answer(body: dict[str, Any]) -> Answer:
        return refused("batch size over 2", 413) if len(body["input"]) > 2 else vectors_of(body["input"])

    with odd_server(answer) as server:
        embedder = ServedEmbedder(server.address, "tiny", "", FakeEmbedder(), batch=4)
        assert embedder.embed(["a", "bb", "ccc", "dddd"]).any(axis=1).all()
        before = len(server.requests)
        embedder.embed(["a", "bb", "ccc", "dddd"])
        assert [len(body["input"]) for body in server.requests[before:]] == [2, 2]


def test_a_server_that_refuses_everything_is_an_error_after_a_few_requests() -> None:
    with odd_server(lambda body: refused("no such dimensions")) as server:
        with pytest.raises(ServiceError, match="no such dimensions"):
            ServedEmbedder(server.address, "tiny", "", FakeEmbedder()).embed([f"text {n}" for n in range(100)])
        assert len(server.requests) == 1
    asked = []

    def tired(body: dict[str, Any]) -> Answer:
        asked.append(body)
        return vectors_of(body["input"]) if len(asked) < 2 else refused("quota")

    with odd_server(tired) as server, pytest.raises(ServiceError, match="quota"):
        ServedEmbedder(server.address, "tiny", "", FakeEmbedder(), batch=100).embed([f"text {n}" for n in range(100)])
    assert len(asked) < 30


def test_a_refused_text_is_asked_for_again_and_the_others_are_not(tmp_path: Path) -> None:
    seen: list[str] = []

    def answer(body: dict[str, Any]) -> Answer:
        seen.extend(body["input"])
        return refused("too long") if "bad" in body["input"] else vectors_of(body["input"])

    with odd_server(answer) as server:
        for _ in range(2):
            embedder = CachedEmbedder(ServedEmbedder(server.address, "tiny", "", FakeEmbedder()), tmp_path / "v.sqlite")
            embedder.embed(["good", "bad"])
    assert seen.count("good") == 2 and seen.count("bad") == 3  # once together, then apart, and apart again
