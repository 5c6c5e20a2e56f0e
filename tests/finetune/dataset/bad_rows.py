"""Twenty ways in which a row can be malformed, each with the reason that it is rejected for."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

U, A = {"role": "user", "content": "Is it open?"}, {"role": "assistant", "content": "Yes, until six."}
GPT = {"from": "gpt", "value": "Yes."}


def alpaca(**changed: Any) -> dict[str, Any]:
    return {"instruction": "Is the shop open on Sunday?", "output": "No, from Monday to Saturday."} | changed


def chat(*messages: Any, **more: Any) -> dict[str, Any]:
    return {"messages": list(messages)} | more


def human(value: str) -> dict[str, str]:
    return {"from": "human", "value": value}


VALUES: dict[str, tuple[str, Any]] = {
    "a list": ("not an object", ["a"]),
    "no known column": ("missing column", {"text": "a page"}),
    "no answer": ("missing column", {"instruction": "Open?"}),
    "empty answer": ("empty answer", alpaca(output=" \n")),
    "empty question": ("empty question", alpaca(instruction="")),
    "the question again": ("echo", alpaca(output="Is the shop open on Sunday?")),
    "a number as answer": ("not text", alpaca(output=10)),
    "an image": ("not text", chat({"role": "user", "content": [{"type": "image_url", "image_url": "x"}]}, A)),
    "an unknown role": ("unknown role", chat({"role": "boss", "content": "a"}, A)),
    "no content": ("incomplete message", chat({"role": "user"}, A)),
    "messages that are no list": ("no list of messages", {"messages": "hello"}),
    "no message": ("no list of messages", {"conversations": []}),
    "the user last": ("wrong last turn", chat(U, A, U)),
    "two answers in a row": ("roles out of turn", chat(U, A, A)),
    "a late system message": ("late system message", chat(U, {"role": "system", "content": "Be kind."}, A)),
    "history of singles": ("broken history", alpaca(history=["Hello"])),
    "tools that are no JSON": ("broken tools", chat(U, A, tools="[{")),
    "a call that is no JSON": ("broken tool call", {"conversations": [
        human("Time?"), {"from": "function_call", "value": "clock("}, {"from": "observation", "value": "6"}, GPT]}),
    "a turn of no weight": ("weighted turn", chat(U, A | {"weight": 0}, U, A)),
    "a turn that is not trained on": ("weighted turn", chat(U, A | {"train": False}, U, A)),
    "pictures beside the text": ("not for text", chat(U, A, images=["a.png"])),
    "a sound beside the text": ("not for text", alpaca(audios=["a.wav"])),
    "half a pair": ("incomplete pair", {"conversations": [human("Time?")], "chosen": GPT, "rejected": None}),
    "a pair of equals": ("equal pair", {"prompt": "Time?", "chosen": "Six.", "rejected": "Six."}),
}  # fmt: skip
"""Malformed values, {what is wrong: (reason, row)}; what a file's form adds is in LINES."""
LINES: dict[str, tuple[str, bytes]] = {
    "a line cut off": ("invalid JSON", b'{"instruction": "Open?", "outp'),
    "a line that is not UTF-8": ("not UTF-8", '{"instruction": "开门吗", "output": "是"}'.encode("gbk")),
}


def line(value: Any, number: int) -> bytes:
    """Return a row's JSON line, another one for each number."""
    return json.dumps(value | {"n": number} if isinstance(value, dict) else [*value, number]).encode()


WAYS = {**{what: reason for what, (reason, _) in VALUES.items()}, **{what: r for what, (r, _) in LINES.items()}}
"""{what is wrong: reason}"""
_NOUNS = ("tent", "stove", "rope", "lamp", "boot", "map", "axe", "sledge", "flask", "kayak")


def good(number: int) -> dict[str, str]:
    """Return a row that nothing is wrong with, unlike those of other numbers."""
    noun, other = _NOUNS[number % 10], _NOUNS[number // 10 % 10]
    return alpaca(
        instruction=f"Customer {number} asks whether {noun} model {number * 7} fits {other} bag {number * 3}",
        output=f"It does: {other} bag {number * 3} was made for order {number}",
    )


def write_thousand(folder: Path) -> dict[tuple[str, int], str]:
    """Write 1,000 rows as JSONL, CSV and Parquet, 200 of them malformed; return {(file, row): reason} of these."""
    lines, expected, names = [], {}, [*WAYS]
    for number in range(170):
        what = names[number % len(names)]
        row = LINES[what][1] + b" " * number if what in LINES else line(VALUES[what][1], number)
        sound = [good(4 * number + n) | {"place": "Café"} for n in range(4)]  # most of the file is UTF-8
        lines += [row, *(json.dumps(each, ensure_ascii=False).encode() for each in sound)]
        expected["rows.jsonl", 5 * number + 1] = WAYS[what]
    folder.mkdir(parents=True)
    (folder / "rows.jsonl").write_bytes(b"\n".join(lines))
    cells = ["instruction,output"]
    for number in range(75):
        row_values = good(680 + number)
        ragged = number % 5 == 0
        cells.append(f"{row_values['instruction']},{row_values['output']}" + (",left over" if ragged else ""))
        if ragged:
            expected["table.csv", number + 2] = "ragged row"
    (folder / "table.csv").write_text("\n".join(cells), encoding="utf-8")
    columns = [good(755 + number) | ({"output": ""} if number % 5 == 0 else {}) for number in range(75)]
    pq.write_table(pa.Table.from_pylist(columns), folder / "table.parquet")
    return expected | {("table.parquet", number + 1): "empty answer" for number in range(0, 75, 5)}
