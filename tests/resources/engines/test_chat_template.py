"""A checkpoint's template that cannot write a conversation: one sentence, whichever error its code ends with."""

from pathlib import Path

import pytest

from pipelines.core.errors import InputError
from resources.engines.chat_template import render_conversations
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
