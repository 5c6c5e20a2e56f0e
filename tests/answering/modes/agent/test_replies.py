"""A step is read from whatever models make of "one JSON object"; what holds none is told apart."""

from dataclasses import replace

import pytest

from pipelines.answering.modes.agent.replies import Reply, read_replies, read_reply

SEARCH = Reply("search", "revenue 2025")


@pytest.mark.parametrize(
    "text",
    [
        '{"action": "search", "argument": "revenue 2025"}',
        '```json\n{"action": "search", "argument": "revenue 2025"}\n```',
        'Sure! I will look that up.\n{"action": "search", "argument": "revenue 2025",}',
        '<think>Maybe {"action": "answer", "argument": ""}?</think>{"action": "search", "argument": "revenue 2025"}',
        '{"Action": "Search", "Argument": "revenue 2025"}',
        '{"thought": "first the year", "action": "search", "query": "revenue 2025"}',
        '{"action": "search", "argument": {"query": "revenue 2025"}}',
        '{"action": "search", "arguments": "{\\"query\\": \\"revenue 2025\\"}"}',
        '{"name": "search", "arguments": {"query": "revenue 2025"}}',
        '{"tool_calls": [{"function": {"name": "search", "arguments": "{\\"q\\": \\"revenue 2025\\"}"}}]}',
        '{"search": "revenue 2025"}',
        '{"action": "find", "input": "revenue 2025"}',
        "{'action': 'search', 'argument': 'revenue 2025'}",
        "Thought: I need the figure.\nAction: search\nAction Input: revenue 2025",
        '**Action:** search\n**Action Input:** "revenue 2025"',
        'search("revenue 2025")',
        'search(query="revenue 2025")',
        '{"action": "search", "argument": "revenue 2025"',
    ],
)
def test_odd_habits_are_read(text: str) -> None:
    assert read_reply(text) == SEARCH


def test_of_several_actions_the_first_counts_and_that_is_known() -> None:
    text = '{"action": "search", "argument": "revenue 2025"}\nResult: 55\n{"action": "answer", "argument": "p1"}'
    assert read_reply(text) == Reply("search", "revenue 2025", more=True)


@pytest.mark.parametrize(
    "text", ["", "Revenue grew by 15 %.", "{}", "[]", '{"answer_is": 3}', "{" * 500, '{"action": 3}']
)
def test_what_holds_no_action_is_none(text: str) -> None:
    assert read_reply(text) is None


def test_an_unknown_action_is_named() -> None:
    reply = read_reply('{"action": "browse", "argument": "http://example.org"}')
    assert reply is not None and not reply.known and reply.action == "browse"


def test_an_answer_without_an_argument_and_a_list_of_passages() -> None:
    assert read_reply('{"action": "finish"}') == Reply("answer", "")
    assert read_reply('{"action": "answer", "passages": ["p1", "p3"]}') == Reply("answer", "p1, p3")


@pytest.mark.parametrize(
    "text",
    [
        '<function=search>{"query": "revenue 2025"}</function>',
        'functions.search:0<|tool_call_argument_begin|>{"query": "revenue 2025"}<|tool_call_end|>',
        '<|channel|>commentary to=functions.search <|constrain|>json<|message|>{"query": "revenue 2025"}',
        '<｜tool▁call▁begin｜>function<｜tool▁sep｜>search\n```json\n{"query": "revenue 2025"}\n```<｜tool▁call▁end｜>',
        '[TOOL_CALLS] [{"name": "search", "arguments": {"query": "revenue 2025"}}]',
        '<tool_call>\n{"name": "functions.search", "arguments": "{\\"query\\": \\"revenue 2025\\"}"}\n</tool_call>',
    ],
)
def test_calls_in_a_models_own_marks_are_read(text: str) -> None:
    assert read_replies(text) == [SEARCH]


def test_calls_side_by_side_count_all_and_with_words_between_them_the_first_alone() -> None:
    first, second = '{"action": "search", "argument": "revenue 2025"}', '{"action": "read", "argument": "p1"}'
    both = [SEARCH, Reply("read", "p1")]
    for text in (f"[{first}, {second}]", f"{first}\n{second}", f"```json\n[{first},{second}]\n```"):
        assert read_replies(text) == both
    assert read_replies(f"<think>{second}</think>{first}\nResult: 55\n{second}") == [replace(SEARCH, more=True)]
    assert read_replies(f"{first}{first}") == [SEARCH], "the same twice is one"


def test_an_answer_beside_other_calls_is_not_taken_and_one_alone_is() -> None:
    calls = '[{"function": {"name": "answer", "arguments": "{\\"argument\\": \\"p1\\"}"}}, %s]'
    search = '{"function": {"name": "search", "arguments": {"query": "revenue 2025"}}}'
    assert read_replies("", calls % search) == [replace(SEARCH, more=True)]
    assert read_replies('{"action": "search"}', calls.replace(", %s", "")) == [Reply("answer", "p1")]
    assert read_replies("", "[]") == [] and read_replies("Hello.", '[{"type": "web"}]') == []
