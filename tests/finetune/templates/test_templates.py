"""Our Jinja of every template name against what LLaMA-Factory 0.9.5 itself rendered (llamafactory_renderings.json)."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jinja2.ext import loopcontrols
from jinja2.sandbox import ImmutableSandboxedEnvironment

from pipelines.core.errors import InputError
from pipelines.finetune.templates.templates import chat_template, template_form, template_names
from resources.settings import CHECKOUT

THEIRS = json.loads((Path(__file__).parent / "llamafactory_renderings.json").read_text(encoding="utf-8"))
CHAT: list[dict[str, Any]] = THEIRS["conversations"]["chat"]
CALLS: list[dict[str, Any]] = THEIRS["conversations"]["calls"]


def render(name: str, messages: list[dict[str, Any]], tools: Any = None, spaced: bool = False, **options: Any) -> str:
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
    environment.filters["tojson"] = lambda value, indent=None: json.dumps(value, ensure_ascii=False, indent=indent)

    def refuse(message: str) -> None:
        raise ValueError(message)

    environment.globals["raise_exception"] = refuse
    template = environment.from_string(chat_template(name, spaced))
    eos = template_form(name).end_token or "</s>"
    return template.render(messages=messages, tools=tools, bos_token="<s>", eos_token=eos, **options)


def test_every_name_of_llamafactory_is_written_down_or_refused_with_what_to_do():
    assert set(template_names()) == set(THEIRS["templates"])
    for name in ("qwen2_vl", "llava", "gpt_oss", "gemma4"):
        with pytest.raises(InputError, match="remove 'template' from the recipe"):
            template_form(name)


def test_an_unknown_name_names_its_nearest_neighbour():
    with pytest.raises(InputError, match="write template: mistral"):
        chat_template("mistrall")


@pytest.mark.parametrize("name", template_names())
def test_a_conversation_reads_as_llamafactory_writes_it(name: str):
    assert render(name, CHAT) == THEIRS["templates"][name]["chat"]
    assert (template_form(name).end_token or "</s>") == THEIRS["templates"][name]["eos"]


@pytest.mark.parametrize("name", [name for name, texts in THEIRS["templates"].items() if "calls" in texts])
def test_tools_calls_and_results_read_as_llamafactory_writes_them(name: str):
    assert render(name, CALLS, THEIRS["tools"]) == THEIRS["templates"][name]["calls"]


@pytest.mark.parametrize("name", template_names())
def test_a_prompt_is_how_the_trained_conversation_begins(name: str):
    whole, prompt = render(name, CHAT), render(name, CHAT[:-1], add_generation_prompt=True)
    assert whole.startswith(prompt) and CHAT[-1]["content"] in whole[len(prompt) :]


def test_a_system_message_replaces_the_templates_own():
    assert render("qwen", CHAT[1:]).startswith("<|im_start|>system\nYou are Qwen, created by Alibaba Cloud.")
    assert "Qwen" not in render("qwen", CHAT)


def test_results_of_parallel_calls_share_a_turn_where_the_form_wraps_them():
    chat = [*CALLS[:2], {"role": "tool", "content": "one"}, {"role": "tool", "content": "two"}]
    wrapped = "<tool_response>\none\n</tool_response>\n<tool_response>\ntwo\n</tool_response>"
    shared = f"<|im_start|>user\n{wrapped}<|im_end|>\n"
    assert render("qwen", chat, THEIRS["tools"]).endswith(shared)
    assert render("chatml", chat).endswith("<|im_start|>tool\none<|im_end|>\n<|im_start|>tool\ntwo<|im_end|>\n")


def test_an_answer_may_say_something_before_it_calls():
    chat = [CALLS[0], {**CALLS[1], "content": "Let me look."}]
    assert '<|im_start|>assistant\nLet me look.\n<tool_call>\n{"name": "weather"' in render("qwen", chat)


def test_an_answer_without_a_thought_begins_with_an_empty_one_where_the_model_thinks():
    thought = [CHAT[1], {"role": "assistant", "content": "<think>\nhm\n</think>\n\nYes."}]
    assert render("qwen3", thought).endswith("assistant\n<think>\nhm\n</think>\n\nYes.<|im_end|>\n")
    assert render("qwen3", CHAT[:3]).endswith("assistant\n<think>\n\n</think>\n\nWithin 7 days.<|im_end|>\n")
    assert "<think>" not in render("qwen3_nothink", CHAT)


def test_answers_begin_with_a_space_for_tokenizers_that_put_one_there():
    assert render("vicuna", CHAT[1:3], spaced=True).endswith("ASSISTANT: Within 7 days.</s>")
    assert render("llama2", CHAT[1:3], spaced=True).endswith("[/INST] Within 7 days.</s>")


def test_tools_that_a_form_has_no_words_for_are_refused_not_dropped():
    with pytest.raises(ValueError, match="leave template out"):
        render("lfm2", CALLS, THEIRS["tools"])


def test_the_same_name_gives_the_same_text_in_every_process():
    code = "from pipelines.finetune.templates.templates import *; print(*map(chat_template, template_names()))"
    made = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=CHECKOUT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(made) == 1 and b"<|im_start|>" in made.pop()
