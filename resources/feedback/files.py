"""Feedback as tomorrow's data: rows and questions in files that stay as they are until a verdict differs."""

import json
import re
from pathlib import Path
from typing import Any

from pipelines.core.files import write_atomically
from pipelines.core.identity import content_id
from pipelines.core.inputs.as_of import taken_at
from resources.feedback.store import Verdict, feedback_store

_MARKS = re.compile(r"\s?(?:\[\d+\])+")
"""Numbers of citations, which mean nothing without the sources that they count."""


def write_instructions(home: Path) -> Path | None:
    """Bring the file of instruction rows up to date and return it; None where no verdict gives one."""
    rows = [
        {"instruction": one.question, "output": answer, "source": f"feedback {one.conversation}:{one.turn}"}
        for one, answer in _taught(home)
    ]
    return _written(home / "feedback" / "instructions.jsonl", rows)


def write_questions(home: Path) -> Path | None:
    """Bring the file of questions up to date and return it; None where no verdict gives one."""
    rows = [
        {
            "id": f"feedback-{content_id(one.question)}",
            "question": one.question,
            "answer": answer,
            "documents": sorted(one.documents) if one.verdict == "up" else [],
            "type": "feedback",
        }
        for one, answer in _taught(home)
    ]
    return _written(home / "feedback" / "questions.jsonl", rows)


def _taught(home: Path) -> list[tuple[Verdict, str]]:
    """Return the verdicts that have an answer to learn, with it; of equal questions the newest."""
    found: dict[str, tuple[Verdict, str]] = {}
    end = taken_at()
    for one in feedback_store(home).latest():
        if end is not None and one.at > end.timestamp():
            continue
        answer = one.good_answer if one.verdict == "correct" else _MARKS.sub("", one.good_answer)
        if answer.strip():
            found.pop(one.question, None)
            found[one.question] = (one, answer.strip())
    return list(found.values())


def _written(path: Path, rows: list[dict[str, Any]]) -> Path | None:
    if not rows:
        path.unlink(missing_ok=True)
        return None
    text = "".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, text)
    return path
