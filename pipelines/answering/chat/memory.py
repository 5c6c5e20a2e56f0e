"""Conversations that outlive a process: every turn is on the disk before it is shown as said."""

import contextlib
import json
import sqlite3
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines.core.errors import NotMaterializedError

_TABLES = """
CREATE TABLE IF NOT EXISTS turns (
    conversation TEXT NOT NULL, place INTEGER NOT NULL, at REAL NOT NULL, question TEXT NOT NULL, asked TEXT NOT NULL,
    mode TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (conversation, place)
);
CREATE TABLE IF NOT EXISTS summaries (
    conversation TEXT NOT NULL, until INTEGER NOT NULL, text TEXT NOT NULL, PRIMARY KEY (conversation, until)
);
"""
_BUSY_SECONDS = 30


@dataclass(frozen=True)
class Turn:
    """A question as it was typed, as it was searched (`asked`), and its answer's record (`Answered.as_dict`)."""

    question: str
    asked: str
    mode: str
    record: Mapping[str, Any]

    @property
    def answer(self) -> str:
        """The answer's text, what is told in its place where there is none."""
        return str(self.record["answer"] or self.record.get("note") or "")


@dataclass(frozen=True)
class Heading:
    """A conversation in a list: its id, when it was last used (seconds since 1970), its turns, its first question."""

    conversation: str
    at: float
    turns: int
    question: str


class Conversations:
    """Conversations in one SQLite file; several processes may read and write it at once."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @staticmethod
    def new_id() -> str:
        """Return the id of a conversation that is not stored yet."""
        return uuid.uuid4().hex[:12]

    def add(self, conversation: str, turn: Turn) -> int:
        """Store a turn at the end of a conversation, the first one makes it; return its place, from 0."""
        record = json.dumps(dict(turn.record), ensure_ascii=False)
        with self._opened() as database:
            database.execute("BEGIN IMMEDIATE")
            (place,) = database.execute(
                "SELECT coalesce(max(place) + 1, 0) FROM turns WHERE conversation = ?", (conversation,)
            ).fetchone()
            values = (conversation, place, time.time(), turn.question, turn.asked, turn.mode, record)
            database.execute("INSERT INTO turns VALUES (?, ?, ?, ?, ?, ?, ?)", values)
            database.execute("COMMIT")
        return int(place)

    def turns(self, conversation: str) -> list[Turn]:
        """Return the turns in order; NotMaterializedError for an id that nothing is stored under."""
        with self._opened() as database:
            rows = database.execute(
                "SELECT question, asked, mode, record FROM turns WHERE conversation = ? ORDER BY place", (conversation,)
            ).fetchall()
        if not rows:
            known = ", ".join(one.conversation for one in self.headings(3)) or "none is stored"
            raise NotMaterializedError(
                f"conversation '{conversation[:40]}'", "none of that id", f"a stored one: {known}", "graftline chat"
            )
        return [Turn(question, asked, mode, json.loads(record)) for question, asked, mode, record in rows]

    def holds(self, conversation: str) -> bool:
        """Say whether anything is stored under an id."""
        with self._opened() as database:
            found = database.execute("SELECT 1 FROM turns WHERE conversation = ? LIMIT 1", (conversation,)).fetchone()
        return found is not None

    def headings(self, most: int = 20) -> list[Heading]:
        """Return the conversations, the last used first."""
        with self._opened() as database:
            rows = database.execute(
                "SELECT conversation, max(at), count(*), (SELECT question FROM turns AS first WHERE "
                "first.conversation = turns.conversation AND place = 0) FROM turns GROUP BY conversation "
                "ORDER BY max(at) DESC LIMIT ?",
                (most,),
            ).fetchall()
        return [Heading(*row) for row in rows]

    def summary(self, conversation: str) -> tuple[int, str]:
        """Return the number of first turns that are summarised, and the summary; (0, "") where none is."""
        with self._opened() as database:
            row = database.execute(
                "SELECT until, text FROM summaries WHERE conversation = ? ORDER BY until DESC LIMIT 1", (conversation,)
            ).fetchone()
        return (int(row[0]), str(row[1])) if row else (0, "")

    def keep_summary(self, conversation: str, until: int, text: str) -> None:
        """Store the summary of the first `until` turns."""
        with self._opened() as database:
            database.execute("INSERT OR REPLACE INTO summaries VALUES (?, ?, ?)", (conversation, until, text))

    @contextlib.contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None)
        try:
            database.execute("PRAGMA journal_mode=WAL")
            database.execute("PRAGMA synchronous=FULL")  # a turn that was shown is there after a power cut
            database.executescript(_TABLES)
            yield database
        finally:
            database.close()


def conversations(home: Path) -> Conversations:
    """Return the home's conversations; their file is made by the first."""
    return Conversations(home / "chats.sqlite")


def messages_of(turns: Sequence[Turn]) -> list[dict[str, str]]:
    """Return turns as messages."""
    return [
        message
        for turn in turns
        for message in ({"role": "user", "content": turn.question}, {"role": "assistant", "content": turn.answer})
    ]
