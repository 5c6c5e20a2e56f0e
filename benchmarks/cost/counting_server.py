"""A server of the OpenAI protocol that answers by rules and counts tokens, by one tokenizer for all."""

import base64
import threading
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.cost.scripted_model import answer
from benchmarks.ground.json_server import JsonHandler, serving

MODEL, EMBEDDING = "gpt-4o-mini", "text-embedding-3-small"
"""The names that the peers know: their tokenizers and dimensions are looked up by them."""
_ENCODING = "cl100k_base"
_DIMENSIONS = 1536
_MESSAGE_TOKENS = 4


def tiktoken_files() -> Path:
    """Return the folder with tiktoken's vocabularies that LlamaIndex brings: nothing is downloaded."""
    import llama_index.core

    return Path(llama_index.core.__file__).parent / "_static" / "tiktoken_cache"


@dataclass
class Tokens:
    """What was asked, by what the model took it for: (kind, "calls" or "prompt" or "completion") to its number."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def __sub__(self, other: "Tokens") -> "Tokens":
        return Tokens(Counter({key: n - other.counts[key] for key, n in self.counts.items() if n != other.counts[key]}))

    @property
    def total(self) -> int:
        """Tokens read and written."""
        return self.of("prompt") + self.of("completion")

    def of(self, what: str) -> int:
        """Return calls, prompt or completion tokens of all kinds."""
        return sum(number for (_, name), number in self.counts.items() if name == what)

    def of_kind(self, kind: str) -> int:
        """Return the tokens read and written for one kind."""
        return self.counts[kind, "prompt"] + self.counts[kind, "completion"]

    def __str__(self) -> str:
        kinds = sorted({kind for kind, _ in self.counts})
        return "; ".join(
            f"{kind} {self.counts[kind, 'calls']:,} calls, {self.counts[kind, 'prompt']:,} read, "
            f"{self.counts[kind, 'completion']:,} written"
            for kind in kinds
        )


class CountingServer:
    """Counts; `address` is where it is."""

    def __init__(self) -> None:
        import os

        os.environ.setdefault("TIKTOKEN_CACHE_DIR", str(tiktoken_files()))
        import tiktoken

        self._encoding = tiktoken.get_encoding(_ENCODING)
        self._lock, self._counts = threading.Lock(), Counter[tuple[str, str]]()
        self.address = ""

    def length(self, text: str) -> int:
        """Return a text's tokens."""
        return len(self._encoding.encode(text, disallowed_special=()))

    def counted(self) -> Tokens:
        """Return what was asked until now."""
        with self._lock:
            return Tokens(Counter(self._counts))

    def complete(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the body of an answer, counted; the request's token limit cuts it."""
        schema = ((body.get("response_format") or {}).get("json_schema") or {}).get("schema")
        found = answer(body["messages"], schema)
        prompt = sum(_MESSAGE_TOKENS + self.length(str(one.get("content") or "")) for one in body["messages"])
        ids = self._encoding.encode(found.text, disallowed_special=())
        limit = body.get("max_tokens") or body.get("max_completion_tokens") or len(ids)
        text = found.text if len(ids) <= limit else self._encoding.decode(ids[:limit])
        counts = {"calls": 1, "prompt": prompt, "completion": min(len(ids), limit)}
        with self._lock:
            self._counts.update({(found.kind, name): number for name, number in counts.items()})
        finish = "stop" if len(ids) <= limit else "length"
        message = {"role": "assistant", "content": text}
        usage = {"prompt_tokens": prompt, "completion_tokens": counts["completion"]}
        return {
            "id": "counted", "object": "chat.completion", "created": 0, "model": body.get("model", MODEL),
            "choices": [{"index": 0, "finish_reason": finish, "message": message}],
            "usage": {**usage, "total_tokens": sum(usage.values())},
        }  # fmt: skip

    def embed(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return vectors that tell texts apart and mean nothing; their tokens are none of a language model's."""
        given = body["input"]
        texts = given if isinstance(given, list) and not (given and isinstance(given[0], int)) else [given]
        data = []
        for place, text in enumerate(texts):
            size = int(body.get("dimensions") or _DIMENSIONS)
            vector = np.random.default_rng(zlib.crc32(str(text).encode())).standard_normal(size).astype("<f4")
            vector /= np.linalg.norm(vector)
            coded = base64.b64encode(vector.tobytes()).decode()
            value = coded if body.get("encoding_format") == "base64" else vector.tolist()
            data.append({"object": "embedding", "index": place, "embedding": value})
        usage = {"prompt_tokens": 0, "total_tokens": 0}
        return {"object": "list", "model": body.get("model", EMBEDDING), "data": data, "usage": usage}


@contextmanager
def counting_server() -> Iterator[CountingServer]:
    """Start a server on any free port, and stop it."""
    served = CountingServer()

    class Handler(JsonHandler):
        def do_GET(self) -> None:
            self.send_json({"object": "list", "data": [{"id": MODEL, "object": "model", "max_model_len": 131072}]})

        def do_POST(self) -> None:
            body = self.received()
            self.send_json(served.embed(body) if self.path.endswith("/embeddings") else served.complete(body))

    with serving(Handler) as served.address:
        yield served
