"""Twenty ways in which a row can be malformed, each with the reason that it is rejected for."""

import json
from typing import Any

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
