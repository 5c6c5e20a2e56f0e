"""The on-disk cache of completions: what was paid for and used is never paid for again, also after a crash."""

import contextlib
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pipelines.core.delta import batched
from pipelines.core.identity import json_digest
from pipelines.core.protocols import Completion, Messages
from resources.sqlite_file import SqliteFile

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
        self._file = SqliteFile(path, _prepare, timeout=_BUSY_SECONDS, isolation_level=None)

    def find(self, keys: Sequence[str]) -> dict[str, Completion]:
        """Return what is there of these keys."""
        if not keys or not self.path.exists():
            return {}
        found: dict[str, Completion] = {}
        with self._file.opened() as connection:
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
        return found

    def add(self, completions: Iterable[tuple[str, Completion]], model: str) -> None:
        """Store completions by key, in one transaction; a key's text takes the place of one that was of no use."""
        rows = [
            (key, model, one.text, one.prompt_tokens, one.completion_tokens, one.finish_reason, one.calls)
            for key, one in completions
        ]
        with self._file.opened() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                connection.executemany("INSERT OR REPLACE INTO completions VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
                connection.execute("COMMIT")
            except BaseException:
                connection.execute("ROLLBACK")
                raise


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute(_TABLE)
    there = {column[1] for column in connection.execute("PRAGMA table_info(completions)")}
    for name in _LATER:
        if name not in there:
            with contextlib.suppress(sqlite3.OperationalError):  # another process was quicker
                connection.execute(f"ALTER TABLE completions ADD COLUMN {name} TEXT NOT NULL DEFAULT ''")
