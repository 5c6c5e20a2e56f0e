"""A scripted server: it speaks what `FORM` says (openai or llama), and does what its environment asks of it.

`python scripted_server.py --port N …` prints its arguments. SCRIPT: "crash" (exit 3), "slow" (healthy after 1 s),
"child" (starts a child that sleeps, its pid in the log), "deaf" (SIGTERM is ignored).
"""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar


class Handler(BaseHTTPRequestHandler):
    """Answers each prompt with its own ids turned round, the first of a stop list after them."""

    protocol_version = "HTTP/1.1"
    seen: ClassVar[list[dict[str, Any]]] = []
    headers_seen: ClassVar[list[str]] = []
    failing: ClassVar[list[tuple[int, str]]] = []
    """(status, body) of the next answers; after them it answers well."""
    models: ClassVar[list[str]] = ["model"]
    hides_ids = False
    counts_more = 0
    started = time.monotonic()
    delay = 0.0
    busy, most = 0, 0
    lock = threading.Lock()

    def do_GET(self) -> None:
        if self.path == "/v1/models":
            self._send(200, {"data": [{"id": name} for name in self.models]})
        else:
            self._send(200 if time.monotonic() - self.started > self.delay else 503, {})

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        cls = type(self)
        with cls.lock:
            cls.seen.append(asked)
            cls.headers_seen.append(self.headers.get("Authorization", ""))
            cls.busy += 1
            cls.most = max(cls.most, cls.busy)
            failed = cls.failing.pop(0) if cls.failing else None
        time.sleep(0.05)
        with cls.lock:
            cls.busy -= 1
        if failed:
            self._send(failed[0], failed[1])
            return
        prompt = asked["prompt"]
        ids = [*reversed(prompt)][: asked.get("max_tokens", asked.get("n_predict"))]
        if self.path == "/completion":
            self._send(200, {"content": "text", "tokens": ids, "stop_type": "eos", "tokens_evaluated": len(prompt)})
            return
        choice: dict[str, Any] = {"text": "text", "finish_reason": "length"}
        if not self.hides_ids:
            choice["token_ids"] = ids
        if asked.get("stop_token_ids"):
            choice |= {"finish_reason": "stop", "stop_reason": asked["stop_token_ids"][0]}
        usage = {"prompt_tokens": len(prompt) + self.counts_more, "prompt_tokens_details": {"cached_tokens": 1}}
        self._send(200, {"choices": [choice], "usage": usage})

    def _send(self, status: int, body: Any) -> None:
        raw = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_: Any) -> None:
        pass


def main() -> None:
    print("started with", json.dumps(sys.argv[1:]), flush=True)
    script = os.environ.get("SCRIPT", "")
    if "crash" in script:
        sys.exit("the weights are torn")
    if "deaf" in script:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if "child" in script:
        code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
        print("child", subprocess.Popen([sys.executable, "-c", code], start_new_session=True).pid, flush=True)
    Handler.delay = 1.0 if "slow" in script else 0.0
    Handler.models = [os.environ.get("SERVED", "model")]
    print("pid", os.getpid(), flush=True)
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1])), Handler).serve_forever()


if __name__ == "__main__":
    main()
