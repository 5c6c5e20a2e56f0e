"""The server that stands for a capable model finds question and sources in any prompt, and has its habits."""

import openai
import pytest

from benchmarks.answer_cases.cases import FALSE_KINDS, SETS, load, text_of, title_of
from benchmarks.answer_cases.numbered_sources import holds, resolve, sources_of
from benchmarks.answer_cases.scripted_server import MODEL, THOUGHT, UNKNOWN, Habits, scripted_server

CASES = load(*SETS)
WRITTEN = [case for case in CASES if case.answer and case.kind != "answerable"]
BY_ID = {case.id: case for case in CASES}
BULKY = BY_ID["right-synthesis-en-1"]
HOUSEHOLD = "Each household may order three free collections of bulky waste a year."
CUBIC = "A collection may not exceed 3 cubic metres."
COUNCIL = "From 1 July 2025 a household may order two free collections of bulky waste a year instead of three."


def ask(served, prompt, **more):
    client = openai.OpenAI(base_url=served.address, api_key="none", max_retries=0)
    return client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": prompt}], **more)


def prompt_of(case, *sources):
    return "\n\n".join([*(f"[{n}] {text}" for n, text in enumerate(sources, start=1)), f"Question: {case.question}"])


@pytest.mark.parametrize(
    "form",
    ["[{}] {}", "【{}】{}", '<source id="{}">{}</source>', "Source {}: {}", "来源 {}：{}", "{}. {}", "**[{}]** {}"],
)
def test_sources_are_found_however_they_are_numbered(form):
    texts = ["Tides\nHigh at 6.", "Ice\nThin.", "冰\n很薄。"]
    prompt = "Answer from the sources.\n\n" + "\n\n".join(form.format(n, t) for n, t in enumerate(texts, start=1))
    found = sources_of(prompt)
    assert [one.number for one in found] == [1, 2, 3]
    assert [holds(one.text, text) for one, text in zip(found, texts, strict=True)] == [True] * 3


def test_an_example_in_the_instructions_and_lists_inside_a_source_are_no_sources():
    prompt = "Example:\n[1] An example.\n\nSources:\n[1] Tides\n1. High\n2. Low\n[2] Ice\n1. Thin"
    assert [one.text.strip() for one in sources_of(prompt)] == ["[1] Tides\n1. High\n2. Low", "[2] Ice\n1. Thin"]


def test_a_mark_gets_the_number_of_the_passage_that_holds_its_gold_sentence():
    prompt = prompt_of(BULKY, f"Waste\n{CUBIC}", "Tides", f"Minutes\n{COUNCIL}", f"Waste\n{HOUSEHOLD}")
    assert resolve(BULKY, prompt).text == (
        "It depends on the date. The waste schedule for 2025 allows three free collections a year [4], but the council "
        "has reduced the number to two from 1 July 2025 on [3]. Each collection may be up to 3 cubic metres [1]."
    )
    assert not resolve(BULKY, prompt).missing


def test_marks_side_by_side_are_joined_where_a_model_does_so():
    case = BY_ID["right-synthesis-en-3"]
    prompt = prompt_of(case, *(f"{title_of(one)}\n{text_of(one)}" for one in reversed(case.documents)))
    assert "1 (very good) to 5 (critical) [2][1]." in resolve(case, prompt).text
    assert "1 (very good) to 5 (critical) [2, 1]." in resolve(case, prompt, joined=True).text
    assert "1 (very good) to 5 (critical) 【2】【1】." in resolve(case, prompt, mark="【{}】").text


def test_without_the_sentence_the_documents_title_serves_and_without_both_the_mark_is_left_out_and_told():
    found = resolve(BULKY, prompt_of(BULKY, "Waste collection in Ravensholm 2025\nBins must stand at the kerb."))
    assert "a year [1], but" in found.text and "on. Each" in found.text
    assert [gold.sentence for gold in found.missing] == [HOUSEHOLD, CUBIC, COUNCIL]
    assert found.uncited == ("city/council-minutes-2025-03.md",)


@pytest.mark.parametrize("case", WRITTEN, ids=lambda case: case.id)
def test_every_written_answer_is_given_with_all_its_marks_when_whole_documents_are_the_sources(case):
    prompt = prompt_of(case, *(f"{title_of(one)}\n{text_of(one)}" for one in case.documents))
    found = resolve(case, prompt)
    assert not found.missing and not found.uncited and "{cite" not in found.text
    assert ("[1]" in found.text) == ("{cite" in case.answer)


def test_a_question_is_recognised_in_a_conversation_and_the_last_one_counts():
    with scripted_server(CASES) as served:
        earlier, case = BY_ID["right-count-en-1"], BY_ID["false-roles-zh-1"]
        prompt = f"Before: {earlier.question}\n\n" + prompt_of(case, text_of(case.documents[0]))
        said = ask(served, prompt).choices[0].message.content
        assert said == "自4月1日起，于洪涛接替蒋一帆担任调度中心主任[1]。" and case.kind in FALSE_KINDS
        assert served.asked[-1].case == case and served.asked[-1].resolved.missing == ()


def test_what_is_no_written_question_or_has_no_sources_is_answered_otherwise_and_kept():
    with scripted_server(CASES, otherwise=lambda prompt: "bulky waste" if "Translate" in prompt else UNKNOWN) as served:
        assert ask(served, "[1] Tides\n\nWhat is love?").choices[0].message.content == UNKNOWN
        assert ask(served, f"Translate: {BULKY.question}").choices[0].message.content == "bulky waste"
        assert [one.case for one in served.asked] == [None, None]


@pytest.mark.parametrize("think", [False, True])
@pytest.mark.parametrize("reasoning", [False, True])
def test_a_stream_says_what_the_whole_answer_says_with_the_same_habits(think, reasoning):
    prompt = prompt_of(BULKY, text_of(BULKY.documents[0]), text_of(BULKY.documents[1]))
    with scripted_server(CASES, Habits(think=think, reasoning_content=reasoning, chunk=5)) as served:
        message = ask(served, prompt).choices[0].message
        events = list(ask(served, prompt, stream=True, stream_options={"include_usage": True}))
    deltas = [event.choices[0].delta for event in events if event.choices]
    assert "".join(delta.content or "" for delta in deltas) == message.content
    assert message.content.startswith("<think>") == think and message.content.endswith("3 cubic metres [1].")
    assert getattr(message, "reasoning_content", None) == (THOUGHT if reasoning else None)
    thoughts = [getattr(delta, "reasoning_content", None) or "" for delta in deltas]
    assert "".join(thoughts) == (THOUGHT if reasoning else "")
    assert events[-1].usage.completion_tokens > 0
