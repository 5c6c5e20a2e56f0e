"""Every chat template that TRL ships: what the model says has loss, or it is counted, or the row is refused."""

import re
from pathlib import Path
from typing import Any

import pytest

from pipelines.core.errors import InputError
from pipelines.finetune.templates.masking import IGNORED, EncodedTurns, encode_turns
from pipelines.finetune.templates.refusals import keeping_template
from pipelines.finetune.templates.templates import chat_template
from pipelines.finetune.templates.turns import ANSWERS, CUT, QUESTIONS, THOUGHTS
from tests.integration.training.tiny_model import make_tiny_model

NO_CUT = 1 << 20
TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "find_berth",
            "description": "Finds a berth.",
            "parameters": {
                "type": "object",
                "properties": {"harbour": {"type": "string", "description": "where"}},
                "required": ["harbour"],
            },
        },
    }
]
FOUND = {"role": "tool", "content": "berth 7"}


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def says(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": text}


def calls(harbour: str) -> dict[str, Any]:
    call = {
        "id": "abcdefghi",
        "type": "function",
        "function": {"name": "find_berth", "arguments": {"harbour": harbour}},
    }
    return {"role": "assistant", "content": "", "tool_calls": [call]}


def thinks(thought: str, text: str) -> dict[str, Any]:
    return says(f"<think>\n{thought}\n</think>\n\n{text}")


Talk = tuple[list[dict[str, Any]], Any, list[list[str]]]
"""Messages, tools, and by answer what must have loss."""
TALKS: dict[str, Talk] = {
    "two turns": (
        [user("One?"), says("First answer."), user("Two?"), says("第二个回答。")],
        None,
        [["First answer."], ["第二个回答。"]],
    ),
    "thoughts": (
        [user("One?"), thinks("Thought A.", "First answer."), user("Two?"), thinks("Thought B.", "Second answer.")],
        None,
        [["First answer."], ["Second answer."]],
    ),
    "a call": (
        [user("One?"), calls("Bergen"), FOUND, says("Berth seven.")],
        TOOLS,
        [["find_berth", "harbour", "Bergen"], ["Berth seven."]],
    ),
    "a call after an answer": (
        [user("One?"), says("First answer."), user("Two?"), calls("上海"), FOUND, says("Berth seven.")],
        TOOLS,
        [["First answer."], ["find_berth", "harbour", "上海"], ["Berth seven."]],
    ),
}
NO_TEXT = {"idefics3", "smolvlm"}
"""Templates for pictures that take a text's letters for parts of a message, and write none of them."""


def folder() -> Path:
    import importlib.util

    spec = importlib.util.find_spec("trl")
    assert spec and spec.origin
    return Path(spec.origin).parent / "chat_templates"


TEMPLATES = sorted(path.stem for path in folder().glob("*.jinja"))


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("tiny"))


def tokenizer_of(plain: Path, name: str) -> Any:
    """Return the byte tokenizer with the template and its special tokens."""
    from transformers import AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(plain)
    tokenizer.chat_template = (folder() / f"{name}.jinja").read_text(encoding="utf-8")
    words = set(re.findall(r"<[|｜][^<>]*?[|｜]>|<(?:start|end)_of_turn>", tokenizer.chat_template))
    tokenizer.add_special_tokens({"additional_special_tokens": sorted(words)}, replace_extra_special_tokens=False)
    return tokenizer


def learned(tokenizer: Any, encoded: EncodedTurns) -> list[str]:
    """Return the texts of the unbroken runs of labels."""
    runs: list[list[int]] = [[]]
    for label in encoded.labels:
        if label == IGNORED:
            runs.append([])
        else:
            runs[-1].append(label)
    return [tokenizer.decode(run) for run in runs if run]


def test_trl_ships_the_templates_that_people_bring():
    assert {"qwen3", "qwen3_5_think", "qwen3_6", "glm4moe", "nemotron_3_nano", "deepseekv3", "gptoss"} <= set(TEMPLATES)


@pytest.mark.parametrize("name", TEMPLATES)
@pytest.mark.parametrize("talk", TALKS)
def test_every_answer_has_loss_on_its_content_or_is_counted_or_refused(name: str, talk: str, plain: Path):
    messages, tools, wanted = TALKS[talk]
    tokenizer = tokenizer_of(plain, name)
    try:
        encoded = encode_turns(tokenizer, messages, NO_CUT, tools)
    except InputError as error:
        # By name: tools that it does not write, or a conversation that its own code refuses.
        assert "template" in error.fix and ("does not write" in error.found or "refuses" in error.found)
        return
    answers = learned(tokenizer, encoded)
    if name.removesuffix("_training") in NO_TEXT:
        assert not answers and encoded.left_out.count(ANSWERS) == len(wanted)
        return
    assert ANSWERS not in encoded.left_out and len(answers) == len(wanted)
    for text, pieces in zip(answers, wanted, strict=True):
        assert all(piece in text for piece in pieces)
    others = [message["content"] for message in messages if message["role"] in ("user", "tool")]
    assert not any(other in text for other in others for text in answers)
    thoughts = sum(f"Thought {letter}." in text for letter, text in zip("AB", answers, strict=False))
    assert thoughts + encoded.left_out.count(THOUGHTS) == (2 if talk == "thoughts" else 0)


@pytest.mark.parametrize("name", [name for name in TEMPLATES if name.endswith("_training")])
@pytest.mark.parametrize("talk", TALKS)
def test_answers_found_in_the_text_end_where_trls_marks_end(name: str, talk: str, plain: Path):
    messages, tools, _ = TALKS[talk]
    tokenizer = tokenizer_of(plain, name)
    try:
        marked = encode_turns(tokenizer, messages, NO_CUT, tools)
    except InputError:
        return
    generation = re.compile(r"\{%(-?)\s*generation\s*(-?)%\}"), r"{%\1 if true \2%}"
    ending = re.compile(r"\{%(-?)\s*endgeneration\s*(-?)%\}"), r"{%\1 endif \2%}"
    for pattern, text in (generation, ending):
        tokenizer.chat_template = pattern.sub(text, tokenizer.chat_template)
    found = encode_turns(tokenizer, messages, NO_CUT, tools)
    assert found.input_ids == marked.input_ids and found.left_out == marked.left_out
    # A mark may begin at the prompt's end or within it ("<think>"), never behind what is found in the text.
    for one, other in zip(learned(tokenizer, found), learned(tokenizer, marked), strict=True):
        if name != "diffusion_gemma_training":  # which opens a result within the call's turn
            assert other.rstrip("\n").endswith(one.rstrip("\n"))


def test_qwen3_learns_a_call_whole_and_the_first_of_two_answers(plain: Path):
    tokenizer = tokenizer_of(plain, "qwen3")
    call = '<tool_call>\n{"name": "find_berth", "arguments": {"harbour": "上海"}}\n</tool_call><|im_end|>'
    ending = "<think>\n\n</think>\n\nBerth seven.<|im_end|>"
    encoded = encode_turns(tokenizer, *TALKS["a call after an answer"][:1], NO_CUT, TOOLS)
    assert learned(tokenizer, encoded) == ["First answer.<|im_end|>", call, ending]


def test_a_token_of_the_next_turn_is_not_touched(plain: Path):
    encoded = encode_turns(tokenizer := tokenizer_of(plain, "phi3"), TALKS["two turns"][0], NO_CUT)
    assert learned(tokenizer, encoded)[0] == "First answer.<|end|>\n"


def test_an_answer_behind_the_cutoff_is_counted(plain: Path):
    tokenizer = tokenizer_of(plain, "qwen2_5")
    whole = encode_turns(tokenizer, TALKS["two turns"][0], NO_CUT)
    loss = [label != IGNORED for label in whole.labels]
    _, second = [n for n in range(1, len(loss)) if loss[n] > loss[n - 1]]
    assert encode_turns(tokenizer, TALKS["two turns"][0], second).left_out == [CUT]
    assert encode_turns(tokenizer, TALKS["two turns"][0], second + 3).left_out == []


def test_an_answer_whose_text_is_not_written_does_not_teach_to_say_nothing(plain: Path):
    encoded = encode_turns(tokenizer_of(plain, "idefics3"), [user("One?"), says("Answer.")], NO_CUT)
    assert set(encoded.labels) == {IGNORED} and encoded.left_out == [QUESTIONS, ANSWERS]


def test_only_the_last_answer_is_asked_about_where_history_is_masked(plain: Path):
    tokenizer = tokenizer_of(plain, "qwen3_training")
    encoded = encode_turns(tokenizer, TALKS["thoughts"][0], NO_CUT, mask_history=True)
    assert learned(tokenizer, encoded) == ["<think>\nThought B.\n</think>\n\nSecond answer.<|im_end|>"]
    assert encode_turns(tokenizer_of(plain, "qwen3"), TALKS["thoughts"][0], NO_CUT, mask_history=True).left_out == []


@pytest.mark.parametrize(
    ("own", "kept_by"),
    [("deepseek_r1_distill", "deepseekr1"), ("deepseekv3", "deepseekr1"), ("qwen3", "qwen3"), ("phi3", "phi")],
)
def test_thoughts_that_a_template_leaves_out_are_kept_by_the_template_that_is_named(
    own: str, kept_by: str, plain: Path
):
    tokenizer = tokenizer_of(plain, own)
    assert keeping_template(tokenizer, thoughts=True) == kept_by
    tokenizer.chat_template = chat_template(kept_by)
    encoded = encode_turns(tokenizer, TALKS["thoughts"][0], NO_CUT)
    assert encoded.left_out == []
    assert ["Thought A." in text or "Thought B." in text for text in learned(tokenizer, encoded)] == [True, True]


def test_a_turn_that_a_template_refuses_is_one_line_with_the_template_that_writes_it(plain: Path):
    messages = [{"role": "system", "content": "Be kind."}, *TALKS["two turns"][0]]
    with pytest.raises(InputError, match=r"System role not supported.*add template: gemma to the recipe") as caught:
        encode_turns(tokenizer_of(plain, "gemma"), messages, NO_CUT)
    assert "asks 'One?'" in str(caught.value) and "\n" not in str(caught.value)


def test_a_system_text_that_a_template_does_not_write_is_counted(plain: Path):
    tokenizer = tokenizer_of(plain, "qwen2_5")
    tokenizer.chat_template = (
        "{% for m in messages %}{% if m.role != 'system' %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n"
        "{% endif %}{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )
    messages = [{"role": "system", "content": "Be kind."}, *TALKS["two turns"][0]]
    assert encode_turns(tokenizer, messages, NO_CUT).left_out == ["system"]
