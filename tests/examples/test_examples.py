"""Each example is run as a person runs it, in a process of its own, and says what its docstring promises."""

import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from resources.settings import CHECKOUT

SAID = {
    "another_embedder": ["3 vectors of 64 numbers by HashedWords@llamaindex-"],
    "own_metric": ["first_word   1.00 0.00", "token_f1     0.75"],
    "own_reader": ["nora.vcf: card, Nora Vik, 37 characters", "退货.md: markdown, 退货政策"],
    "own_extractor": ["['2014', '2023']"],
    "own_mode": ["products/fjell.md: # Fjell 2 tent", "warehouses/halden.md: Petra Vogel"],
    "another_chunker": ["halden.md 0–", "退货.md 0–"],
    "own_asset": ["'halden.md': 95"],
    "ask_from_python": ["Who manages", "halden.md 20–76: Petra Vogel has managed the Halden warehouse since 2023."],
}
VARIABLES = ("NEO4J_URI", "LLM_BASE_URL", "LLM_MODEL", "EMBEDDING_MODEL", "MLFLOW_TRACKING_URI")


@pytest.mark.parametrize("name", SAID)
def test_an_example_does_what_it_says(name: str):
    said = _run(name)
    assert not [line for line in SAID[name] if line not in said], said


def test_a_hosted_model_answers(hosted: str):
    said = _run("hosted_model", LLM_BASE_URL=hosted, LLM_MODEL="scripted")
    assert "Petra Vogel. (11 + 4 tokens)" in said


def test_the_graph_goes_to_neo4j_as_well():
    uri, password = (os.environ.get(f"GRAFTLINE_TEST_NEO4J_{part}") for part in ("URI", "PASSWORD"))
    if not uri:
        pytest.skip("needs GRAFTLINE_TEST_NEO4J_URI")
    said = _run("neo4j_graph", NEO4J_URI=uri, NEO4J_PASSWORD=password or "")
    assert "neo4j: {'documents': 3, 'chunks': 3," in said


def test_every_example_is_run_here():
    there = {path.stem for path in (CHECKOUT / "examples").glob("*.py")} - {"__init__", "small_world"}
    assert there == {*SAID, "hosted_model", "neo4j_graph"} and len(there) == 10


@pytest.fixture
def hosted():
    """An OpenAI-compatible server that gives one scripted answer."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            choice = {"index": 0, "message": {"role": "assistant", "content": "Petra Vogel."}, "finish_reason": "stop"}
            usage = {"prompt_tokens": 11, "completion_tokens": 4, "total_tokens": 15}
            body = json.dumps({"id": "1", "object": "chat.completion", "created": 0, "model": "scripted",
                               "choices": [choice], "usage": usage}).encode()  # fmt: skip
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()


def _run(name: str, **variables: str) -> str:
    inherited = {key: value for key, value in os.environ.items() if key not in VARIABLES}
    done = subprocess.run(
        [sys.executable, f"examples/{name}.py"],
        cwd=CHECKOUT,
        env=inherited | variables,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout
