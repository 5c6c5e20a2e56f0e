"""Read the questions: good rows become a table, bad ones a ledger."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipelines.core.errors import InputError, Problem
from pipelines.core.identity import content_id
from pipelines.core.inputs.as_of import arrived_later
from pipelines.core.schemas import LEDGER, QUESTIONS
from pipelines.text.languages.languages import LANGUAGES, language_of

TYPES = ("single-hop", "multi-hop", "global", "unanswerable")
FEEDBACK = "feedback"
"""The type of a question that an answer was found good for, or was corrected; no folder's question has it."""
GENERATED = "generated"
"""The origin of questions that `graftline questions` made."""
_EXAMPLE = '{"question": "…", "answer": "…", "documents": ["path/below/the/documents/folder.md"], "type": "single-hop"}'


def load_questions(folder: Path, feedback: Path | None = None) -> tuple[pa.Table, list[Problem]]:
    """Read every *.jsonl below the folder into QUESTIONS, rows sorted by id, and the rejected rows.

    `feedback` is a file of questions made of feedback, which have a type of their own.
    `id` and `language` are made where they are missing. Raises InputError when there is no folder or no file.
    """
    every = sorted(folder.rglob("*.jsonl")) if folder.is_dir() else []
    files = [path for path in every if not arrived_later(path)]
    if not files:
        found = "no *.jsonl file" if folder.is_dir() else "no such folder"
        raise InputError(
            str(folder),
            found,
            "questions, one JSON object a line, in *.jsonl files",
            f"put lines like {_EXAMPLE} there, or set GRAFTLINE_QUESTIONS to the folder that has them",
        )
    rows: dict[str, dict[str, Any]] = {}
    problems: list[Problem] = []
    for path in [*files, *([feedback] if feedback is not None else [])]:
        given = path == feedback
        name = path.as_posix() if given else path.relative_to(folder).as_posix()
        try:
            lines = path.read_text(encoding="utf-8-sig").split("\n")
        except UnicodeDecodeError as error:
            problems.append(Problem(name, 0, f"byte {error.start} that is not UTF-8", "UTF-8", "save it as UTF-8"))
            continue
        for number, line in enumerate(lines, start=1):
            row = _row(line, name, number, (FEEDBACK,) if given else TYPES) if line.strip() else None
            if isinstance(row, dict) and row["id"] in rows:
                row = Problem(name, number, f"the id '{row['id']}' again", "one row an id", "give it an id of its own")
            if isinstance(row, Problem):
                problems.append(row)
            elif row:
                rows[row["id"]] = row
    return pa.Table.from_pylist([rows[key] for key in sorted(rows)], schema=QUESTIONS), problems


def question_ledger(problems: Sequence[Problem]) -> pa.Table:
    """Return the rejected rows (schema LEDGER) in the order in which they were read."""
    return pa.Table.from_pylist([asdict(problem) for problem in problems], schema=LEDGER)


def _row(line: str, file: str, number: int, types: Sequence[str]) -> dict[str, Any] | Problem:
    try:
        raw = json.loads(line)
    except json.JSONDecodeError as error:
        return Problem(file, number, f"text that is not JSON ({error.msg})", "one JSON object a line", _EXAMPLE)
    wrong = _what_is_wrong(raw, types)
    if wrong:
        return Problem(file, number, *wrong, f"write it like {_EXAMPLE}")
    text = raw["question"].strip()
    return {
        "id": str(raw.get("id") or content_id(text)),
        "question": text,
        "answer": raw["answer"].strip(),
        "documents": sorted(raw["documents"]),
        "type": raw["type"],
        "language": raw.get("language") or language_of(text).code,
        "origin": raw.get("origin") or "",
    }


def _what_is_wrong(raw: Any, types: Sequence[str]) -> tuple[str, str] | None:
    if not isinstance(raw, dict):
        return f"a {type(raw).__name__}", "a JSON object"
    missing = [key for key in ("question", "answer", "documents", "type") if key not in raw]
    if missing:
        return f"no key {' and no key '.join(map(repr, missing))}", "the keys question, answer, documents, type"
    if not isinstance(raw["question"], str) or not raw["question"].strip():
        return "an empty question", "text under 'question'"
    if not isinstance(raw["answer"], str):
        return f"an answer of type {type(raw['answer']).__name__}", "text under 'answer'"
    if raw["type"] not in types:
        return f"the type {raw['type']!r}", f"one of {', '.join(types)}"
    if not isinstance(raw["documents"], list) or not all(isinstance(path, str) for path in raw["documents"]):
        return "documents that are no list of paths", "a list of paths below the documents folder"
    if raw["type"] != "unanswerable" and not raw["answer"].strip():
        return "an empty answer", "a gold answer, or the type 'unanswerable'"
    if raw.get("origin") not in (None, "", GENERATED):
        return f"the origin {raw['origin']!r}", f"'{GENERATED}' for what was made from the graph, else none"
    if raw.get("language") not in (None, "", *LANGUAGES):
        return f"the language {raw['language']!r}", " or ".join(LANGUAGES)
    return None
