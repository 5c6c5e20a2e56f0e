from typing import Any

from pipelines.finetune.masking import IGNORED, encode, preview, template_digest
from pipelines.protocols import Messages


class FakeTokenizer:
    """One id a character; roles are <s>, <u> and <a>, a turn ends with "." (id 46) and a line break."""

    eos_token_id = ord(".")
    chat_template = "fake"

    def apply_chat_template(self, conversation: Messages, **options: Any) -> list[int]:
        text = "".join(f"<{message['role'][0]}>{message['content']}.\n" for message in conversation)
        return [ord(letter) for letter in text + ("<a>" if options.get("add_generation_prompt") else "")]


def said(labels: list[int]) -> str:
    return "".join("_" if label == IGNORED else chr(label) for label in labels)


def chat(*turns: str) -> Messages:
    roles = {"s": "system", "u": "user", "a": "assistant"}
    return [{"role": roles[turn[0]], "content": turn[1:]} for turn in turns]


def test_loss_is_on_the_answer_and_its_end_alone():
    encoded = encode(FakeTokenizer(), chat("uHi", "aYes"), 100)
    assert "".join(map(chr, encoded["input_ids"])) == "<u>Hi.\n<a>Yes.\n"
    assert said(encoded["labels"]) == "__________Yes._"


def test_every_answer_of_a_conversation_carries_loss():
    labels = encode(FakeTokenizer(), chat("sBe", "uA", "aB", "uC", "aD"), 100)["labels"]
    assert said(labels).replace("_", "") == "B.D."


def test_an_answer_with_an_end_token_inside_keeps_all_of_it():
    assert said(encode(FakeTokenizer(), chat("uA", "aB.C"), 100)["labels"]).replace("_", "") == "B.C."


def test_ids_and_labels_are_cut_alike():
    encoded = encode(FakeTokenizer(), chat("uHi", "aYes"), 12)
    assert len(encoded["input_ids"]) == len(encoded["labels"]) == 12
    assert said(encoded["labels"]).endswith("Ye")


def test_the_preview_marks_what_carries_loss():
    assert preview(["a", "b\n", "c"], [IGNORED, 5, 6]) == "`a` **`b⏎c`**"


def test_another_template_has_another_digest():
    other = FakeTokenizer()
    other.chat_template = "else"
    assert template_digest(FakeTokenizer()) != template_digest(other)
