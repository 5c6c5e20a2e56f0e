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
from resources.embedding.embedders import open_embedder
from resources.embedding.served import ServedEmbedder
from resources.settings import Settings
from tests.fakes import FakeEmbedder
from tests.resources.models.odd_server import Answer, odd_server


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
