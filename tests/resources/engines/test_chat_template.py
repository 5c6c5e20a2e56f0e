"""A checkpoint's template: its ids and no others; where it cannot write a conversation, one sentence says so."""

from pathlib import Path

import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing

from pipelines.core.errors import InputError
from resources.engines.chat_template import render_conversations, token_counts
from tests.integration.training.tiny_model import make_tiny_model


@pytest.mark.parametrize(
    ("template", "found"),
    [
        ("{{ raise_exception('Roles must alternate') }}", "Roles must alternate"),
        ("{{ messages[0].content + 1 }}", "TypeError: can only concatenate str"),
        ("{{ messages[7].content.text }}", "UndefinedError: "),
    ],
)
def test_a_conversation_that_a_template_cannot_write_is_one_sentence(template: str, found: str, tmp_path: Path):
    model = make_tiny_model(tmp_path / "tiny")
    (model / "chat_template.jinja").write_text(template, encoding="utf-8")
    with pytest.raises(InputError, match=found) as caught:
        render_conversations(model, [[{"role": "user", "content": "Hi"}]])
    assert "chat_template" in caught.value.where or "chat template" in caught.value.where


def test_tokens_are_counted_as_the_tokenizer_makes_them(tmp_path: Path):
    from tests.integration.training.tiny_model import make_tiny_model

    counts = token_counts(make_tiny_model(tmp_path / "tiny"), ["berth 7", "", "退", "yes<|im_end|>"])
    assert counts == [7, 0, 3, 4]  # a byte a token, a special token one


@pytest.mark.parametrize("written", ["<s>", ""])
def test_a_prompt_begins_with_the_tokens_that_its_template_writes_and_no_other(written: str, tmp_path: Path):
    tokenizer = Tokenizer(WordLevel({"<s>": 0, "hello": 1, "[UNK]": 2}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.add_special_tokens(["<s>"])
    tokenizer.post_processor = TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "chat_template.jinja").write_text(written + "{{ messages[0]['content'] }}", encoding="utf-8")
    assert tokenizer.encode("hello").ids == [0, 1]
    rendered = render_conversations(tmp_path, [[{"role": "user", "content": "hello"}]])
    assert rendered == [[0, 1] if written else [1]]
