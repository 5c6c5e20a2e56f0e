"""A server of the OpenAI protocol on this machine whose answers a test writes by hand; it keeps what it was asked."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = tuple[int, Any]
"""Status and body: a text is sent as an HTML page, anything else as JSON."""
PROBED = '"ok": true'
"""Stands in what the client asks to tell a prompt's error from the server's."""


def chat(text: Any, finish: str = "stop", **message: Any) -> Answer:
    """Return an ordinary answer of this text; `message` are further fields beside it."""
    choice = {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": text, **message}}
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    return 200, {"object": "chat.completion", "model": "tiny", "choices": [choice], "usage": usage}


def refused(sentence: str, status: int = 400) -> Answer:
    """Return a refusal in OpenAI's form."""
    return status, {"error": {"message": sentence, "type": "invalid_request_error"}}


class OddServer:
    """Answers by a function of the request's body."""

    def __init__(self, answer: Callable[[dict[str, Any]], Answer], models: Answer | None = None) -> None:
        self.requests: list[dict[str, Any]] = []
        self._answer = answer
        self._models = models or (200, {"object": "list", "data": [{"id": "tiny", "object": "model"}]})
        self.address = ""

    @property
    def asked(self) -> list[str]:
        """The last message of every request, the client's own probes left out."""
        texts = [body["messages"][-1]["content"] for body in self.requests]
        return [text for text in texts if PROBED not in text]

    def answer(self, body: dict[str, Any]) -> Answer:
        self.requests.append(body)
        return self._answer(body)

    def models(self) -> Answer:
        return self._models


@contextmanager
def odd_server(answer: Callable[[dict[str, Any]], Answer], models: Answer | None = None) -> Iterator[OddServer]:
    """Start a server that answers so, and stop it."""
    served = OddServer(answer, models)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(*served.models())

        def do_POST(self) -> None:
            self._send(*served.answer(json.loads(self.rfile.read(int(self.headers["Content-Length"])))))

        def _send(self, status: int, body: Any) -> None:
            page = isinstance(body, str)
            raw = body.encode() if page else json.dumps(body).encode()
            with suppress(ConnectionError):  # who waited no longer is gone
                self.send_response(status)
                self.send_header("Content-Type", "text/html" if page else "application/json")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    served.address = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield served
    finally:
        server.shutdown()
        server.server_close()
