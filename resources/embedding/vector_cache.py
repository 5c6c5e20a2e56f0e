"""Vectors by text and model on disk: a text that was embedded once costs nothing when it comes back."""

import functools
import hashlib
import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from pipelines.core.delta import batched
from pipelines.core.embedders import EmbedderBefore
from pipelines.core.protocols import Embedder
from resources.sqlite_file import SqliteFile

_TEXTS_A_COMMIT = 1024
_KEYS_A_QUERY = 500
_MOST_BYTES = 4 << 30
_QUERY = "\0query\n"
_SCHEMA = "CREATE TABLE IF NOT EXISTS vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL)"


class CachedEmbedder(EmbedderBefore):
    """An embedder with a memory in one SQLite file; what was embedded before a kill is not embedded again.

    The oldest entries go when the file passes its limit.
    """

    def __init__(self, embedder: Embedder, path: Path, most_bytes: int = _MOST_BYTES) -> None:
        super().__init__(embedder)
        self._file, self._most_bytes = SqliteFile(path, _prepare, timeout=60), most_bytes
        self._locks = {"": threading.Lock(), _QUERY: threading.Lock()}

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Return float32 of shape (len(texts), dimensions), L2-normalised; only unknown texts are embedded."""
        return self._remembered(texts, "", self._embedder.embed)

    def embed_queries(self, texts: Sequence[str]) -> np.ndarray:
        """Return what `embed` does for questions, remembered apart where the model makes a difference."""
        return self._remembered(texts, _QUERY if self.asymmetric else "", self._embedder.embed_queries)

    def _remembered(self, texts: Sequence[str], kind: str, make: Callable[[list[str]], np.ndarray]) -> np.ndarray:
        keys = [self._key(kind + text) for text in texts]
        by_key = dict(zip(keys, texts, strict=True))
        with self._locks[kind]:
            found = self._read(sorted(by_key))
            # By length, so that every commit is of batches that are full.
            missing = sorted((key for key in by_key if key not in found), key=lambda key: (len(by_key[key]), key))
            for part in batched(missing, _TEXTS_A_COMMIT):
                vectors = np.asarray(make([by_key[key] for key in part]), dtype=np.float32)
                # What was refused, without a vector, is asked for again.
                made = [(key, vector) for key, vector in zip(part, vectors, strict=True) if vector.any()]
                rows = [(bytes.fromhex(key), vector.tobytes()) for key, vector in made]
                with self._file.opened() as connection, connection:
                    connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)
                found |= dict(zip(part, vectors, strict=True))
            if missing:
                self._shrink()
        held = [found[key] for key in keys]
        return np.stack(held) if held else np.zeros((0, self.dimensions), dtype=np.float32)

    @functools.cached_property
    def _prefix(self) -> bytes:
        return f"{self.name}\n{self.dimensions}\n".encode()

    def _key(self, text: str) -> str:
        return hashlib.blake2b(self._prefix + text.encode(), digest_size=20).hexdigest()

    def _read(self, keys: Sequence[str]) -> dict[str, np.ndarray]:
        found = {}
        with self._file.opened() as connection:
            for part in batched(keys, _KEYS_A_QUERY):
                marks = ",".join("?" * len(part))
                query = f"SELECT key, vector FROM vectors WHERE key IN ({marks})"
                for key, vector in connection.execute(query, [bytes.fromhex(key) for key in part]):
                    found[key.hex()] = np.frombuffer(vector, dtype=np.float32)
        return found

    def _shrink(self) -> None:
        """Drop the older half when the file passes its limit; it is a cache, so nothing is lost but time."""
        with self._file.opened() as connection:
            pages, size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
            if pages * size <= self._most_bytes:
                return
            with connection:
                connection.execute(
                    "DELETE FROM vectors WHERE rowid <= (SELECT rowid FROM vectors ORDER BY rowid LIMIT 1 "
                    "OFFSET (SELECT COUNT(*) / 2 FROM vectors))"
                )
            connection.execute("VACUUM")


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute(_SCHEMA)
