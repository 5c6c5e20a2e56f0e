"""One conversation, stored and plain: what every stage after the dataset reads rows through."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Conversation = list[dict[str, Any]]
"""OpenAI messages: {"role", "content"[, "tool_calls"][, "tool_call_id"][, "name"]}, roles as in ROLES."""
FIELDS = ("tool_call_id", "name")
"""What a message may have beside: the call that a result answers, and who speaks."""
ROLES = ("system", "user", "assistant", "tool")
ANSWERED, PREFERENCE = "sft", "preference"
"""Kinds of row: the last turn is the answer; or two answers, `chosen` and `rejected`, come after the last turn."""
COLUMNS = (
    "row_id",
    "messages",
    "tools",
    "chosen",
    "rejected",
    "kind",
    "dataset",
    "source",
    "language",
    "characters",
)
"""A stored row. `messages`: structs of five texts (role, content, tool_calls as JSON, tool_call_id and name, "" where
none). `tools`: JSON text, "" where none. `kind`: ANSWERED or PREFERENCE; `chosen` and `rejected` are "" for any but the
second. A tool call's `arguments` are JSON text, as in OpenAI's API: parse them for templates that print them
themselves."""


def stored_messages(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Return messages as structs of five texts, the same keys in each, as Arrow wants them."""
    return [
        {
            "role": message["role"],
            "content": message.get("content") or "",
            "tool_calls": json_text(message.get("tool_calls")),
            **{field: message.get(field) or "" for field in FIELDS},
        }
        for message in messages
    ]


def messages_of(row: Mapping[str, Any]) -> Conversation:
    """Return a stored row's messages in plain OpenAI form; `tool_calls` and FIELDS only where there are some."""
    return [_plain(message) for message in row["messages"]]


def tools_of(row: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """Return a stored row's tools as an OpenAI list, None where it has none."""
    return json.loads(row["tools"]) if row.get("tools") else None


def of_kind(rows: Iterable[Mapping[str, Any]], kind: str) -> list[Mapping[str, Any]]:
    """Return the rows of a kind (ANSWERED or PREFERENCE) in their order."""
    return [row for row in rows if row.get("kind", ANSWERED) == kind]


def json_text(value: Any) -> str:
    """Return a JSON value as the one text that stands for it; "" for nothing."""
    return json.dumps(value, ensure_ascii=False, sort_keys=False) if value else ""


def _plain(message: Mapping[str, Any]) -> dict[str, Any]:
    plain = {"role": message["role"], "content": message["content"]}
    plain |= {field: message[field] for field in FIELDS if message.get(field)}
    calls = message.get("tool_calls")
    return plain | {"tool_calls": json.loads(calls) if isinstance(calls, str) else calls} if calls else plain
