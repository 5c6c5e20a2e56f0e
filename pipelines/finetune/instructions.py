"""Instruction examples: alpaca and OpenAI-messages files in, conversations and a ledger of bad rows out."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from pipelines.errors import InputError, Problem
from pipelines.identity import content_id
from pipelines.protocols import Messages

_CJK = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_LETTER = re.compile(r"[^\W\d_]")
_CHINESE_SHARE = 0.3
_ROLES = ("system", "user", "assistant")
_EXPECTED = 'an alpaca row {"instruction", "output"[, "input"]} or an OpenAI row {"messages": […]}'


@dataclass(frozen=True)
class Instruction:
    """One conversation that ends with the assistant's answer; `row_id` is made of what is said in it."""

    row_id: str
    messages: Messages
    source: str
    language: str
    file: str
    row: int


@dataclass(frozen=True)
class Instructions:
    """The good rows in order of file and row, the rejected ones, and how many there were of both."""

    rows: list[Instruction]
    problems: list[Problem]

    @property
    def total(self) -> int:
        return len(self.rows) + len(self.problems)


def language_of(text: str) -> str:
    """Return "zh" where at least 30 % of the letters are CJK ideographs, else "en"."""
    letters = len(_LETTER.findall(text))
    return "zh" if letters and len(_CJK.findall(text)) / letters >= _CHINESE_SHARE else "en"


def load_instructions(folder: Path) -> Instructions:
    """Read every .json and .jsonl file below `folder`; InputError where there is none."""
    every = folder.rglob("*") if folder.is_dir() else []
    files = sorted(path for path in every if path.suffix in (".json", ".jsonl") and path.is_file())
    if not files:
        found = "an empty folder" if folder.is_dir() else "no such folder"
        raise InputError(
            str(folder),
            found,
            "a folder with .json or .jsonl instruction files",
            "set GRAFTLINE_INSTRUCTIONS to the folder that holds them",
        )
    rows: dict[str, Instruction] = {}
    problems: list[Problem] = []
    for path in files:
        name = path.relative_to(folder).as_posix()
        for number, value in _values(path, name):
            outcome = value if isinstance(value, Problem) else _instruction(value, name, number)
            if isinstance(outcome, Instruction) and outcome.row_id in rows:
                first = rows[outcome.row_id]
                outcome = Problem(
                    name,
                    number,
                    f"the same conversation as {first.file}, row {first.row}",
                    "each conversation once",
                    f"delete row {number} of {name}",
                )
            if isinstance(outcome, Problem):
                problems.append(outcome)
            else:
                rows[outcome.row_id] = outcome
    return Instructions(list(rows.values()), problems)


def _values(path: Path, name: str) -> Iterator[tuple[int, Any]]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        yield (
            0,
            Problem(
                name,
                0,
                f"byte 0x{error.object[error.start]:02x} at position {error.start}, which is not UTF-8",
                "UTF-8 text",
                f"save {name} as UTF-8",
            ),
        )
        return
    if path.suffix == ".jsonl":
        yield from _lines(text, name)
        return
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        yield (
            0,
            Problem(
                name,
                0,
                f"invalid JSON at line {error.lineno}, column {error.colno}: {error.msg}",
                "one JSON list of rows",
                f"correct line {error.lineno} of {name}",
            ),
        )
        return
    if not isinstance(values, list):
        yield (
            0,
            Problem(name, 0, f"a JSON {_kind(values)}", "one JSON list of rows", f"put the rows of {name} into a list"),
        )
        return
    yield from enumerate(values, start=1)


def _lines(text: str, name: str) -> Iterator[tuple[int, Any]]:
    # split("\n"), not splitlines(): U+2028 and U+0085 may stand inside a JSON string.
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            yield number, json.loads(line)
        except json.JSONDecodeError as error:
            yield (
                number,
                Problem(
                    name,
                    number,
                    f"invalid JSON at line {number}, column {error.colno}: {error.msg}",
                    "one JSON object a line",
                    f"correct line {number} of {name}",
                ),
            )


def _instruction(value: Any, file: str, row: int) -> Instruction | Problem:
    def problem(found: str, expected: str) -> Problem:
        return Problem(file, row, found, expected, f"correct row {row} of {file}")

    if not isinstance(value, dict):
        return problem(f"a JSON {_kind(value)}", _EXPECTED)
    converted = _openai(value) if "messages" in value else _alpaca(value)
    if isinstance(converted, tuple):
        return problem(*converted)
    said = [part for message in converted for part in (message["role"], message["content"])]
    row_id = content_id(*said)
    source = value.get("source") or row_id
    if not isinstance(source, str):
        return problem(f"a source that is a {_kind(source)}", "text")
    language = language_of("".join(message["content"] for message in converted if message["role"] != "system"))
    return Instruction(row_id, converted, source, language, file, row)


def _alpaca(value: dict[str, Any]) -> Messages | tuple[str, str]:
    for key in ("instruction", "output"):
        if key not in value:
            return f"keys {', '.join(sorted(value)) or 'none'}, without '{key}'", _EXPECTED
    for key in ("instruction", "input", "output", "system"):
        if not isinstance(value.get(key) or "", str):
            return f"'{key}' that is a {_kind(value[key])}", "text"
    question = "\n".join(part for part in (value["instruction"], value.get("input") or "") if part.strip())
    system = [{"role": "system", "content": value["system"]}] if value.get("system") else []
    messages = [*system, {"role": "user", "content": question}, {"role": "assistant", "content": value["output"] or ""}]
    return _flaw(messages) or messages


def _openai(value: dict[str, Any]) -> Messages | tuple[str, str]:
    messages = value["messages"]
    if not isinstance(messages, list) or not messages:
        kind = "an empty list" if messages == [] else f"a {_kind(messages)}"
        return f"'messages' that is {kind}", "a list of messages"
    for message in messages:
        if not isinstance(message, dict) or not {"role", "content"} <= set(message):
            return "a message without 'role' or 'content'", 'messages of the form {"role", "content"}'
        if message["role"] not in _ROLES:
            return f"role {message['role']!r}", f"one of {', '.join(_ROLES)}"
        if not isinstance(message["content"], str):
            return f"content that is a {_kind(message['content'])}", "text"
    clean = [{"role": message["role"], "content": message["content"]} for message in messages]
    turns = [message["role"] for message in clean if message["role"] != "system"]
    if any(message["role"] == "system" for message in clean[1:]):
        return "a system message after the first", "at most one system message, in front"
    if turns[-1:] != ["assistant"]:
        return f"a conversation that ends on {(turns or ['system'])[-1]}", "one that ends on assistant"
    if turns != ["user", "assistant"] * (len(turns) // 2):
        return f"roles in the order {', '.join(turns)}", "user and assistant in turn"
    return _flaw(clean) or clean


def _flaw(messages: Messages) -> tuple[str, str] | None:
    for question, answer in pairwise(messages):
        if answer["role"] != "assistant":
            continue
        if not answer["content"].strip():
            return "an empty output", "an answer"
        if not question["content"].strip():
            return "an empty instruction", "a question"
        if answer["content"].strip() == question["content"].strip():
            return "an output that equals the instruction", "an answer of its own"
    return None


def _kind(value: Any) -> str:
    names = {dict: "object", list: "list", str: "text", bool: "boolean", int: "number", float: "number"}
    return names.get(type(value), "null")
