"""Twenty conversations: plain, system messages, several turns, tools with calls and results; Chinese and English."""

from typing import Any

WEATHER: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "查询天气 (weather of a city)",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "description": "城市"}, "days": {"type": "integer"}},
            "required": ["city"],
        },
    },
}
SEARCH: dict[str, Any] = {"function": {"parameters": {"type": "object", "properties": {"q": {"type": "string"}}},
                                       "name": "search"}, "type": "function"}  # fmt: skip
"""Another order of keys and no description, as in datasets."""
TOOLS = [WEATHER, SEARCH]


def _turns(*texts: str, system: str = "") -> list[dict[str, Any]]:
    roles = ("user", "assistant")
    chat: list[dict[str, Any]] = [{"role": roles[n % 2], "content": text} for n, text in enumerate(texts)]
    return [{"role": "system", "content": system}, *chat] if system else chat


def _call(name: str, arguments: str, number: int = 0) -> dict[str, Any]:
    return {"id": f"call_{number}", "type": "function", "function": {"name": name, "arguments": arguments}}


def _calling(
    question: str, calls: list[dict[str, Any]], results: list[str], answer: str, said: str = "", system: str = ""
) -> list[dict[str, Any]]:
    chat = _turns(question, system=system)
    chat.append({"role": "assistant", "content": said, "tool_calls": calls})
    chat += [
        {"role": "tool", "content": text, "tool_call_id": call["id"]} for call, text in zip(calls, results, strict=True)
    ]
    return [*chat, {"role": "assistant", "content": answer}]


BEIJING = '{"city": "北京", "days": 2}'
CASES: list[tuple[list[dict[str, Any]], list[dict[str, Any]] | None]] = [
    (_turns("Hi there", "Hello! How can I help?"), None),
    (_turns("如何退货？", "七天内可以退货。"), None),
    (_turns("What is 2+2?", "4", system="Answer with a number."), None),
    (_turns("发货要多久？", "三天。", system="你是客服，回答要简短。"), None),
    (_turns("a", "b", "c", "d", "e", "f"), None),
    (_turns("什么是深度学习？", "一种机器学习。", "它有什么应用？", "图像和语言。"), None),
    (_turns("one", "two", "三", "四", system="Mixed 中英 system."), None),
    (_turns("  spaces \n and lines\n\n", "\n```python\nprint('<b>&\"')\n```\n"), None),
    (_turns("emoji 😀?", "是的 😀🎉"), None),
    (_turns("{{ messages }} {% raw %}", "{{ content }} stays as it is"), None),
    (_turns("List three.", "1. a\n2. b\n3. c", "Another", "4. d", system="You are a list maker."), None),
    (_turns("What is said: <think>?", "A tag."), None),
    (_calling("北京天气？", [_call("get_weather", BEIJING)], ['{"t": 3}'], "三度。"), TOOLS),
    (_calling("Weather in Paris?", [_call("get_weather", '{"city": "Paris"}')], ["sunny"], "Sunny."), [WEATHER]),
    (_calling("Search", [_call("search", '{"q": "a \\"quoted\\" word"}')], ["[]"], "Nothing.", system="S"), [SEARCH]),
    (_calling("Both", [_call("search", "{}"), _call("get_weather", BEIJING, 1)], ["一", "two"], "Done."), TOOLS),
    (_calling("Look", [_call("search", '{"q": "x"}')], ["y"], "z", said="Let me look. 我看看。"), TOOLS),
    (_turns("No tool is needed", "Right."), TOOLS),
    (_calling("今天呢？", [_call("get_weather", BEIJING)], ["晴"], "晴天。", system="你可以使用工具。")
     + _turns("谢谢", "不客气"), TOOLS),
    (_calling("again", [_call("search", '{"q": "π", "n": [1, 2.5, null, true]}')], ["ok"], "ok")
     + _calling("and again", [_call("search", '{"q": ""}')], [""], "empty"), TOOLS),
]  # fmt: skip
