from typing import Any

import pytest

from pipelines.core.protocols import Messages
from pipelines.finetune.templates import masking
from pipelines.finetune.templates.masking import IGNORED, encode_conversation, encode_pair, preview, template_digest
from tests.integration.training.tiny_model import make_tiny_model


class FakeTokenizer:
    """One id a character; roles are <s>, <u> and <a>, a turn ends with "." (id 46) and a line break."""

    eos_token_id = ord(".")
    chat_template = "fake"

    def apply_chat_template(self, conversation: Messages, **options: Any) -> str:
        text = "".join(f"<{message['role'][0]}>{message['content']}.\n" for message in conversation)
        return text + ("<a>" if options.get("add_generation_prompt") else "")

    def __call__(self, text: str, **options: Any) -> dict[str, list[int]]:
        return {"input_ids": [ord(letter) for letter in text]}


def said(labels: list[int]) -> str:
    return "".join("_" if label == IGNORED else chr(label) for label in labels)


def chat(*turns: str) -> Messages:
    roles = {"s": "system", "u": "user", "a": "assistant"}
    return [{"role": roles[turn[0]], "content": turn[1:]} for turn in turns]


def test_loss_is_on_the_answer_and_its_end_alone():
    encoded = encode_conversation(FakeTokenizer(), chat("uHi", "aYes"), 100)
    assert "".join(map(chr, encoded["input_ids"])) == "<u>Hi.\n<a>Yes.\n"
    assert said(encoded["labels"]) == "__________Yes._"


def test_every_answer_of_a_conversation_carries_loss():
    labels = encode_conversation(FakeTokenizer(), chat("sBe", "uA", "aB", "uC", "aD"), 100)["labels"]
    assert said(labels).replace("_", "") == "B.D."


def test_an_answer_with_an_end_token_inside_keeps_all_of_it():
    assert said(encode_conversation(FakeTokenizer(), chat("uA", "aB.C"), 100)["labels"]).replace("_", "") == "B.C."


def test_ids_and_labels_are_cut_alike():
    encoded = encode_conversation(FakeTokenizer(), chat("uHi", "aYes"), 12)
    assert len(encoded["input_ids"]) == len(encoded["labels"]) == 12
    assert said(encoded["labels"]).endswith("Ye")


def test_the_preview_marks_what_carries_loss():
    assert preview(["a", "b\n", "c"], [IGNORED, 5, 6]) == "`a` **`b⏎c`**"


def test_another_template_has_another_digest():
    other = FakeTokenizer()
    other.chat_template = "else"
    assert template_digest(FakeTokenizer()) != template_digest(other)


GENERATION = (
    "{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' }}{% if m['role'] == 'assistant' %}"
    "{% generation %}{{ m['content'] }}{% endgeneration %}{% else %}{{ m['content'] }}{% endif %}{{ '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
TALK = [("system", "Be é"), ("user", "你好"), ("assistant", "您好！😀"), ("user", "And?"), ("assistant", "Done.\n\n")]


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(make_tiny_model(tmp_path_factory.mktemp("tiny")))


def answers(tokenizer: Any, encoded: dict[str, list[int]]) -> list[str]:
    """Return the texts of the unbroken runs of labels."""
    runs: list[list[int]] = [[]]
    for label in encoded["labels"]:
        if label == IGNORED:
            runs.append([])
        else:
            runs[-1].append(label)
    return [tokenizer.decode(run) for run in runs if run]


def test_text_offsets_marks_and_ids_find_the_same_answers(tokenizer: Any, monkeypatch: pytest.MonkeyPatch):
    messages = [{"role": role, "content": content} for role, content in TALK]
    by_text = encode_conversation(tokenizer, messages, 500)
    assert answers(tokenizer, by_text) == ["您好！😀<|im_end|>", "Done.\n\n<|im_end|>"]
    with monkeypatch.context() as without_offsets:
        without_offsets.setattr(masking, "_is_fast", lambda tokenizer: False)
        assert encode_conversation(tokenizer, messages, 500) == by_text
    assert encode_conversation(tokenizer, messages, 500) == by_text
    monkeypatch.setattr(tokenizer, "chat_template", GENERATION)
    assert encode_conversation(tokenizer, messages, 500) == by_text


def test_history_can_be_masked_and_prompts_trained(tokenizer: Any):
    messages = [{"role": role, "content": content} for role, content in TALK]
    assert answers(tokenizer, encode_conversation(tokenizer, messages, 500, mask_history=True)) == [
        "Done.\n\n<|im_end|>"
    ]
    whole = encode_conversation(tokenizer, messages, 500, train_on_prompt=True)
    assert whole["labels"] == whole["input_ids"]


def test_a_pair_shares_its_prompt_and_ends_each_answer(tokenizer: Any):
    pair = encode_pair(tokenizer, chat("uWhich?"), "Blue", "Black", 500)
    assert tokenizer.decode(pair["prompt_ids"]).endswith("<|im_start|>assistant\n")
    assert tokenizer.decode(pair["chosen_ids"]) == "Blue<|im_end|>"
    assert tokenizer.decode(pair["rejected_ids"]) == "Black<|im_end|>"
    assert not encode_pair(tokenizer, chat("uWhich?"), "Blue", "Black", 5)["chosen_ids"]
