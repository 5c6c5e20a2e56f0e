"""The table of read rows: each kept, repaired or rejected with its reason, with all that is known of it by itself."""

import re
from collections.abc import Iterable
from hashlib import sha256
from typing import Any

import numpy as np
import pyarrow as pa

from pipelines.core.identity import content_id
from pipelines.finetune.conversation import FIELDS, json_text, stored_messages
from pipelines.finetune.dataset.rows.call_ids import calls_without_ids
from pipelines.finetune.dataset.rows.files import RawRow, parse_row
from pipelines.finetune.dataset.rows.registry import Source
from pipelines.finetune.dataset.rows.repairs import clean_text, repaired
from pipelines.finetune.dataset.rows.shapes import Flaw, kind_of, shape_of, with_known_columns
from pipelines.finetune.dataset.rows.turns import Draft, draft_of
from pipelines.text.languages.languages import language_by_share
from pipelines.text.near_duplicates import BANDS, band_keys, grams, text_key, tokens

_TEXT, _KEY = pa.string(), pa.uint64()
MESSAGES = pa.list_(pa.struct([(name, _TEXT) for name in ("role", "content", "tool_calls", *FIELDS)]))
STORED = pa.schema(
    [("row_id", _TEXT), ("messages", MESSAGES)]
    + [(name, _TEXT) for name in ("tools", "chosen", "rejected", "kind", "dataset", "source", "language")]
    + [("characters", pa.int64())]
)
"""The columns of the stored dataset; see `conversation.COLUMNS`."""
ROWS = pa.schema(
    [("raw", _KEY), ("file", _TEXT), ("row", pa.int64())]
    + [(name, _TEXT) for name in ("reason", "found", "expected", "repairs")]
    + list(STORED)
    + [(name, _KEY) for name in ("row_key", "question_key", "text_key", "frame_key", "place")]
    + [(name, pa.binary(8 * BANDS)) for name in ("question_bands", "text_bands")]
)
"""`raw`: key of the row's bytes and of how they are read. `place`: the source's, as a share of 2^64. `row_key`: what is
said, without the ids of calls. `frame_key`: what two near-duplicates must have in common: system message, tools, signs
that are no words (see `_signs_of`) and, where it is registered, dataset."""

REPAIR_SEPARATOR = ", "
"""Between the repairs of one row; none of them has it in its name."""
_LETTER = re.compile(r"[^\W\d_]")
_SIGNS = re.compile(
    r"[+*/=<>^%&|~\\\[\]{}×÷±−≤≥≠]|(?<![^\W\d_])-|-(?![^\W\d_])"  # a hyphen within a word is none
    r"|(?<=\n)[ \t]+(?=\S)"
)

_MARKDOWN = re.compile(r"\*\*|^[ \t]*[-*+>] ", re.MULTILINE)
"""Bold type and what begins an item, which make no other answer."""


def raw_keys(contents: Iterable[bytes], spec: str) -> np.ndarray:
    """Return the keys (uint64) of rows' bytes under a reading.

    A file that changed has each of its rows hashed: the reading is mixed in once for all of them, and processors have
    instructions for SHA-256.
    """
    digests, reading = b"".join([sha256(content).digest() for content in contents]), sha256(spec.encode()).digest()
    return np.frombuffer(digests, dtype="<u8")[::4] ^ np.frombuffer(reading, dtype="<u8", count=1)


def source_place(source: str, salt: str) -> int:
    """Return where a source stands among 2^64 places; the split cuts there."""
    return int(content_id(salt, source)[:16], 16)


def read_row(raw: RawRow, source: Source, salt: str) -> dict[str, Any]:
    """Return a row of ROWS without `raw`, `file` and `row`: what was said, or why it is rejected."""
    try:
        if source.flaw:
            raise Flaw("not for text", source.flaw, "text")
        value, repairs = parse_row(raw)
        if not isinstance(value, dict):
            raise Flaw("not an object", f"a JSON {kind_of(value)}", "an object with the columns of a row")
        value = with_known_columns(value, source.shape, repairs)
        made = repaired(draft_of(value, source.shape or shape_of(value)))
        made.repairs |= repairs
        origin = _origin(value.get("source"), made)
    except Flaw as flaw:
        return rejected_row(flaw, source)
    return _row(made, origin, source, salt)


def rejected_row(flaw: Flaw, source: Source) -> dict[str, Any]:
    """Return the row of ROWS that stands for what can't be used."""
    nothing: dict[str, Any] = {field.name: 0 if pa.types.is_integer(field.type) else "" for field in ROWS}
    nothing |= {"messages": [], "question_bands": bytes(8 * BANDS), "text_bands": bytes(8 * BANDS)}
    said = {"reason": flaw.reason, "found": _utf8(flaw.found), "expected": _utf8(flaw.expected)}
    return nothing | said | {"dataset": source.dataset}


def question_of(messages: list[dict[str, Any]]) -> str:
    """Return what the users of a conversation ask."""
    return "\n".join(message["content"] for message in messages if message["role"] == "user")


def answer_of(row: dict[str, Any]) -> str:
    """Return what a stored row's assistant answers, tool calls and both answers of a pair included."""
    said = [m["content"] + calls_without_ids(m["tool_calls"]) for m in row["messages"] if m["role"] == "assistant"]
    return "\n".join([*said, row["chosen"], row["rejected"]])


def text_of_row(row: dict[str, Any]) -> str:
    """Return all that is said in a stored row, without its system message."""
    return "\n".join(_texts_of(row))


def _texts_of(row: dict[str, Any]) -> list[str]:
    said = [m["content"] + calls_without_ids(m["tool_calls"]) for m in row["messages"] if m["role"] != "system"]
    return [*said, row["chosen"], row["rejected"]]


def _origin(value: Any, made: Draft) -> str:
    """Return the row's source; without one, its question is its source, so that no split parts equal questions."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        made.repairs.add("source as text")
        return str(value)
    if value and not isinstance(value, str):
        raise Flaw("not text", f"a source that is a {kind_of(value)}", "text")
    return clean_text(value, made.repairs).strip() if value else ""


def _row(made: Draft, origin: str, source: Source, salt: str) -> dict[str, Any]:
    messages = stored_messages(made.messages)
    tools = json_text(made.tools)
    scope = source.dataset if source.shape else ""
    said = [part for message in made.messages for part in (message["role"], message["content"])]
    # Parts that are absent add nothing: a plain conversation's id is made of what is said alone.
    calls, names = [m["tool_calls"] for m in messages], [f"name={m['name']}" for m in messages if m["name"]]
    links = [m["tool_call_id"] for m in messages]
    rest = [*names, tools, made.chosen, made.rejected, scope]
    row_id = content_id(*said, *(part for part in (*calls, *links, *rest) if part))
    same = content_id(*said, *(part for part in (*map(calls_without_ids, calls), *rest) if part))
    question = question_of(messages)
    question_key = text_key(tokens(question) or [question])
    origin = origin or f"{question_key:016x}"
    stored = {
        "messages": messages,
        "tools": tools,
        "chosen": made.chosen,
        "rejected": made.rejected,
        "kind": made.kind,
        "dataset": source.dataset,
        "source": origin,
        "row_id": row_id,
    }
    text = text_of_row(stored)
    signs = "".join(_signs_of(each.strip()) for each in _texts_of(stored))
    system = messages[0]["content"] if messages[0]["role"] == "system" else ""
    return stored | {
        "reason": "", "found": "", "expected": "", "repairs": REPAIR_SEPARATOR.join(sorted(made.repairs)),
        "language": language_by_share(text, len(_LETTER.findall(text))).code,
        "characters": sum(len(m["content"]) for m in messages) + len(made.chosen) + len(made.rejected),
        "row_key": int(same[:16], 16),
        "question_key": question_key,
        "text_key": text_key(tokens(text) or [text]),
        "frame_key": int(content_id(system, tools, scope, signs)[:16], 16),
        "place": source_place(origin, salt),
        "question_bands": band_keys(grams(question)).tobytes(),
        "text_bands": band_keys(grams(text)).tobytes(),
    }  # fmt: skip


def _signs_of(text: str) -> str:
    """Return what texts of the same words may differ in all the same: operators, brackets, the indentation of lines.

    >>> _signs_of("x = [a - b]\\n  well-known"), _signs_of("Open? Yes, it is!")
    ('=[-]  ', '')
    """
    return "".join(_SIGNS.findall(_MARKDOWN.sub("", text)))


def _utf8(text: str) -> str:
    return text.encode(errors="replace").decode()
