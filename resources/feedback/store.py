"""What people said of answers: every verdict is a row that stays, the newest on a turn is the one that counts."""

import contextlib
import json
import sqlite3
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from pipelines.core.errors import ConfigurationError

Kind = Literal["up", "down", "correct", "withdrawn"]
KINDS: tuple[Kind, ...] = get_args(Kind)
Giver = Literal["cli", "api"]
_TABLE = """
CREATE TABLE IF NOT EXISTS verdicts (
    number INTEGER PRIMARY KEY AUTOINCREMENT, conversation TEXT NOT NULL, turn INTEGER NOT NULL, question TEXT NOT NULL,
    answer TEXT NOT NULL, supported INTEGER NOT NULL, mode TEXT NOT NULL, verdict TEXT NOT NULL,
    correction TEXT NOT NULL, documents TEXT NOT NULL, at REAL NOT NULL, who TEXT NOT NULL
)
"""
_COLUMNS = "conversation, turn, question, answer, supported, mode, verdict, correction, documents, at, who"
_BUSY_SECONDS = 30
_LONGEST = 32_000


@dataclass(frozen=True)
class Verdict:
    """What was said of one turn of a conversation (turns from 0).

    `question` stands alone, as it was searched; `documents` are those that the answer cites; `at` is in seconds since
    1970.
    """

    conversation: str
    turn: int
    question: str
    answer: str
    supported: bool
    mode: str
    verdict: Kind
    correction: str = ""
    documents: tuple[str, ...] = ()
    at: float = 0.0
    who: Giver = "cli"

    @property
    def good_answer(self) -> str:
        """The answer to learn from: the correction, or an answer found good that the sources bear out; else ""."""
        if self.verdict == "correct":
            return self.correction
        return self.answer if self.verdict == "up" and self.supported else ""


class FeedbackStore:
    """Verdicts in one SQLite file; several processes may read and write it at once."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, verdict: Verdict) -> None:
        """Store a verdict behind all others; ConfigurationError for a correction without text, or text without one."""
        text = verdict.correction.strip()
        if bool(text) != (verdict.verdict == "correct") or len(text) > _LONGEST:
            found = f"a correction of {len(text)} characters with the verdict '{verdict.verdict}'"
            expected = f"1 to {_LONGEST} characters with 'correct', none with another"
            raise ConfigurationError("the feedback", found, expected, 'graftline feedback last --correct "…"')
        row = (
            verdict.conversation, verdict.turn, verdict.question, verdict.answer, verdict.supported, verdict.mode,
            verdict.verdict, text, json.dumps(verdict.documents, ensure_ascii=False), verdict.at or time.time(),
            verdict.who,
        )  # fmt: skip
        with self._opened() as database:
            database.execute(f"INSERT INTO verdicts ({_COLUMNS}) VALUES ({', '.join('?' * len(row))})", row)

    def latest(self, conversation: str | None = None) -> list[Verdict]:
        """Return the newest verdict of each turn in the order in which they were given, withdrawn ones too."""
        if not self._path.exists():
            return []
        with self._opened() as database:
            rows = database.execute(
                f"SELECT {_COLUMNS} FROM verdicts WHERE number IN (SELECT max(number) FROM verdicts "
                "GROUP BY conversation, turn) AND (?1 IS NULL OR conversation = ?1) ORDER BY number",
                (conversation,),
            ).fetchall()
        return [_verdict(dict(zip(_COLUMNS.split(", "), row, strict=True))) for row in rows]

    @contextlib.contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None)
        try:
            database.execute("PRAGMA synchronous=FULL")
            database.execute(_TABLE)
            yield database
        finally:
            database.close()


def _verdict(row: dict[str, Any]) -> Verdict:
    return Verdict(**row | {"supported": bool(row["supported"]), "documents": tuple(json.loads(row["documents"]))})


def feedback_store(home: Path) -> FeedbackStore:
    """Return the home's verdicts; its file is made by the first."""
    return FeedbackStore(home / "feedback.sqlite")


def counts(verdicts: Sequence[Verdict]) -> dict[str, int]:
    """Return how many turns have each verdict, and how many found good teach nothing as their answer says nothing."""
    found = {kind: sum(one.verdict == kind for one in verdicts) for kind in KINDS if kind != "withdrawn"}
    return found | {"up_without_answer": sum(one.verdict == "up" and not one.good_answer for one in verdicts)}
