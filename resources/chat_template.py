"""Conversations to token ids with a checkpoint's own tokenizer and template, in half a second and without torch."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipelines.errors import InputError
from pipelines.protocols import Messages


def render_conversations(model: Path, conversations: Sequence[Messages]) -> list[list[int]]:
    """Return the prompt ids of each conversation, ending where the assistant speaks.

    The template runs in the sandbox and with the helpers of transformers' `apply_chat_template` (a test compares the
    two); `import transformers` takes torch along and nine seconds. InputError for a checkpoint without a template.
    """
    from tokenizers import Tokenizer

    path = model / "tokenizer.json"
    if not path.exists():
        return _render_with_transformers(model, conversations)
    tokenizer, template, special = Tokenizer.from_file(str(path)), _template(model), _special_tokens(model)
    texts = [template.render(messages=messages, add_generation_prompt=True, **special) for messages in conversations]
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return [encoding.ids for encoding in tokenizer.encode_batch(texts, add_special_tokens=False)]


def _template(model: Path) -> Any:
    from jinja2.ext import loopcontrols
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    file = model / "chat_template.jinja"
    source = file.read_text(encoding="utf-8") if file.exists() else _tokenizer_config(model).get("chat_template")
    if not isinstance(source, str):
        raise InputError(str(model), "no chat template", "chat_template.jinja beside the tokenizer",
                         "take an instruction-tuned checkpoint, or put its template there")

    def refuse(message: str) -> None:
        raise InputError(str(file), message, "a conversation that the template takes", "correct the row's messages")

    def to_json(value: Any, indent: int | None = None, ensure_ascii: bool = False) -> str:
        return json.dumps(value, indent=indent, ensure_ascii=ensure_ascii)

    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
    environment.filters["tojson"] = to_json
    environment.globals["raise_exception"] = refuse
    return environment.from_string(source)


def _tokenizer_config(model: Path) -> dict[str, Any]:
    path = model / "tokenizer_config.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _special_tokens(model: Path) -> dict[str, str]:
    found = {name: value for name, value in _tokenizer_config(model).items() if name.endswith("_token") and value}
    return {name: value["content"] if isinstance(value, dict) else str(value) for name, value in found.items()}


def _render_with_transformers(model: Path, conversations: Sequence[Messages]) -> list[list[int]]:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(model))
    encoded: Any = tokenizer.apply_chat_template(list(conversations), add_generation_prompt=True, return_dict=True)
    return [list(ids) for ids in encoded["input_ids"]]
