"""A call's numbers, booleans and nulls, and thoughts in fields of their own, under the templates that TRL ships."""

from pathlib import Path
from typing import Any

import pytest

from pipelines.core.errors import InputError
from pipelines.finetune.templates.masking import encode_turns, prompt_ids
from pipelines.finetune.templates.rendering import thought_field
from pipelines.finetune.templates.turns import ANSWERS, THOUGHTS
from tests.finetune.templates.test_trl_templates import (
    FOUND,
    NO_CUT,
    TALKS,
    TEMPLATES,
    TOOLS,
    calls,
    learned,
    says,
    thinks,
    tokenizer_of,
    user,
)
from tests.integration.training.tiny_model import make_tiny_model


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("tiny"))


VALUES = {"harbour": "Bergen", "length": 1.5, "night": True, "crane": False, "draught": 1e-07, "rest": [2.0, {"n": 3}]}
READ_BY = {"gptoss": "thinking", "muse_glimmer": "reasoning_content", "gemma4_v5": "reasoning_content", "qwen3": None}


def calls_with(arguments: dict[str, Any]) -> list[dict[str, Any]]:
    call = calls("Bergen")
    call["tool_calls"][0]["function"]["arguments"] = arguments
    return [user("One?"), call, FOUND, says("Berth seven.")]


@pytest.mark.parametrize("name", TEMPLATES)
def test_numbers_and_booleans_of_a_call_have_loss_in_whatever_spelling(name: str, plain: Path):
    tokenizer = tokenizer_of(plain, name)
    try:
        encoded = encode_turns(tokenizer, calls_with(VALUES), NO_CUT, TOOLS)
    except InputError as error:
        assert "does not write" in error.found or "refuses" in error.found
        return
    text = learned(tokenizer, encoded)[0] if encoded.left_out == [] else ""
    assert "1.5" in text and ("true" in text or "True" in text)


@pytest.mark.parametrize("value", [1.5, True, None, 7])
def test_a_value_that_a_template_leaves_out_is_counted(value: Any, plain: Path):
    tokenizer = tokenizer_of(plain, "qwen2_5")
    tokenizer.chat_template = tokenizer.chat_template.replace(
        "tool_call.arguments | tojson", "{'harbour': tool_call.arguments.harbour, 'size': 71.55} | tojson"
    )
    arguments = {"harbour": "truelove 17 Nonesuch nullify", "size": value}
    assert encode_turns(tokenizer, calls_with({"harbour": "Bergen"}), NO_CUT, TOOLS).left_out == []
    assert encode_turns(tokenizer, calls_with(arguments), NO_CUT, TOOLS).left_out == [ANSWERS]


def test_a_null_of_a_call_is_found_in_jsons_and_in_pythons_spelling(plain: Path):
    for name in ("qwen2_5", "qwen3_5_think", "gemma4_v5"):
        encoded = encode_turns(tokenizer_of(plain, name), calls_with({"harbour": None}), NO_CUT, TOOLS)
        assert encoded.left_out == []


@pytest.mark.parametrize("name", READ_BY)
def test_a_thought_stands_where_the_template_has_a_place_for_it(name: str, plain: Path):
    tokenizer = tokenizer_of(plain, name)
    assert thought_field(tokenizer.chat_template) == READ_BY[name]
    encoded = encode_turns(tokenizer, [user("One?"), thinks("Why so.", "It is.")], NO_CUT)
    (answer,) = learned(tokenizer, encoded)
    assert encoded.left_out == [] and "Why so." in answer and "It is." in answer
    assert ("<think>" in answer) == (READ_BY[name] is None)


def test_an_earlier_thought_that_has_no_place_is_counted(plain: Path):
    tokenizer = tokenizer_of(plain, "gptoss")
    encoded = encode_turns(tokenizer, TALKS["thoughts"][0], NO_CUT)
    assert encoded.left_out == [THOUGHTS]
    assert learned(tokenizer, encoded)[0] == "<|channel|>final<|message|>First answer.<|end|>"


def test_a_header_that_no_prompt_writes_is_learned_as_the_model_has_to_write_it(plain: Path):
    messages = TALKS["a call"][0]
    tokenizer = tokenizer_of(plain, "diffusion_gemma")
    encoded = encode_turns(tokenizer, messages, NO_CUT, TOOLS)
    prompt = prompt_ids(tokenizer, messages[:-1], TOOLS)
    assert encoded.input_ids[: len(prompt)] == prompt
    assert learned(tokenizer, encoded)[-1] == tokenizer.decode(encoded.input_ids[len(prompt) :])
    assert learned(tokenizer, encoded)[-1].startswith("<|turn>model\nBerth seven.")
