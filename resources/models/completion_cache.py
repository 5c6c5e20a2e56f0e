"""The on-disk cache of completions: what was paid for and used is never paid for again, also after a crash."""

import contextlib
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pipelines.core.delta import batched
from pipelines.core.identity import json_digest
from pipelines.core.protocols import Completion, Messages

_TABLE = (
    "CREATE TABLE IF NOT EXISTS completions (key TEXT PRIMARY KEY, model TEXT NOT NULL, text TEXT NOT NULL, "
    "prompt_tokens INTEGER NOT NULL, completion_tokens INTEGER NOT NULL, finish_reason TEXT NOT NULL DEFAULT '', "
    "calls TEXT NOT NULL DEFAULT '')"
)
_LATER = ("finish_reason", "calls")
"""Columns that a table of an earlier release does not have."""
_KEYS_A_QUERY = 500
_BUSY_SECONDS = 30


def completion_key(messages: Messages, model: str, max_tokens: int, schema: dict[str, Any] | None) -> str:
    """Return the key of one call: prompt, model with revision, sampling and schema."""
    return json_digest(
        {"messages": messages, "model": model, "max_tokens": max_tokens, "temperature": 0, "schema": schema}
    )


class CompletionCache:
    """Completions by key in one SQLite file; several processes may read and write it at once."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def _connect(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute(_TABLE)
        there = {column[1] for column in connection.execute("PRAGMA table_info(completions)")}
        for name in _LATER:
            if name not in there:
                with contextlib.suppress(sqlite3.OperationalError):  # another process was quicker
                    connection.execute(f"ALTER TABLE completions ADD COLUMN {name} TEXT NOT NULL DEFAULT ''")
        return connection

    def find(self, keys: Sequence[str]) -> dict[str, Completion]:
        """Return what is there of these keys."""
        if not keys or not self.path.exists():
            return {}
        found: dict[str, Completion] = {}
        connection = self._connect()
        try:
            for some in batched(keys, _KEYS_A_QUERY):
                rows = connection.execute(
                    "SELECT key, text, prompt_tokens, completion_tokens, finish_reason, calls FROM completions "
                    f"WHERE key IN ({','.join('?' * len(some))})",
                    some,
                )
                found.update(
                    {
                        key: Completion(text, prompt, made, True, finish, calls=calls)
                        for key, text, prompt, made, finish, calls in rows
                    }
                )
        finally:
            connection.close()
        return found

    def add(self, completions: Iterable[tuple[str, Completion]], model: str) -> None:
        """Store completions by key, in one transaction; a key's text takes the place of one that was of no use."""
        rows = [
            (key, model, one.text, one.prompt_tokens, one.completion_tokens, one.finish_reason, one.calls)
            for key, one in completions
        ]
        connection = self._connect()
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT OR REPLACE INTO completions VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
            connection.execute("COMMIT")
        finally:
            connection.close()
