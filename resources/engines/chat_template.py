"""Conversations to token ids with a checkpoint's own tokenizer and template, in half a second and without torch."""

import json
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from pipelines.core.errors import InputError
from pipelines.core.protocols import Messages
from pipelines.finetune.templates.rendering import as_engines_read, tools_as_engines_read

Tools = list[dict[str, Any]] | None
"""OpenAI's list of tools that a conversation may call."""


def render_conversations(
    model: Path, conversations: Sequence[Messages], tools: Sequence[Tools] | None = None
) -> list[list[int]]:
    """Return the prompt ids of each conversation (with its tools, one entry each), ending where the assistant speaks.

    The template runs in the sandbox and with the helpers of transformers' `apply_chat_template` (a test compares the
    two); `import transformers` takes torch along and nine seconds. InputError for a checkpoint without a template.
    """
    path = model / "tokenizer.json"
    if not path.exists():
        return _render_with_transformers(model, conversations, tools)
    tokenizer, source, special = fast_tokenizer(path), _source(model), _special_tokens(model)
    template = _template(model, source)
    texts = [
        _rendered(model, template, as_engines_read(messages, source), offered, special)
        for messages, offered in _with_tools(conversations, tools)
    ]
    return [encoding.ids for encoding in tokenizer.encode_batch(texts, add_special_tokens=False)]


def fast_tokenizer(path: Path) -> Any:
    """Return the tokenizer of a tokenizer.json, without truncation and padding; read once while the file stays."""
    return _read_tokenizer(str(path), path.stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _read_tokenizer(path: str, modified: int) -> Any:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(path)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def token_counts(model: Path, texts: Sequence[str]) -> list[int]:
    """Return how many tokens a checkpoint's tokenizer makes of each text, without those that begin or end one."""
    path = model / "tokenizer.json"
    if not path.exists():
        from transformers import AutoTokenizer

        slow: Any = AutoTokenizer.from_pretrained(str(model))
        return [len(slow(text, add_special_tokens=False)["input_ids"]) for text in texts]
    tokenizer = fast_tokenizer(path)
    return [len(encoding.ids) for encoding in tokenizer.encode_batch(list(texts), add_special_tokens=False)]


def _rendered(model: Path, template: Any, messages: Messages, tools: Tools, special: dict[str, str]) -> str:
    try:
        return template.render(messages=messages, tools=tools, add_generation_prompt=True, **special)
    except InputError:
        raise
    except Exception as error:  # the template's code on fields that it can't take: Jinja's errors, or Python's
        roles = ", ".join(message["role"] for message in messages)
        raise InputError(
            f"the chat template of {model}",
            f"turns ({roles}) that it can't write: {type(error).__name__}: {error}",
            "a conversation that the template takes",
            "correct the row's messages, or train with the template of the model's own family",
        ) from error


def _with_tools(conversations: Sequence[Messages], tools: Sequence[Tools] | None) -> list[tuple[Messages, Tools]]:
    offered = tools if tools is not None else [None] * len(conversations)
    return [(one, tools_as_engines_read(these)) for one, these in zip(conversations, offered, strict=True)]


def _source(model: Path) -> str:
    file = model / "chat_template.jinja"
    source = file.read_text(encoding="utf-8") if file.exists() else _tokenizer_config(model).get("chat_template")
    if not isinstance(source, str):
        raise InputError(
            str(model),
            "no chat template",
            "chat_template.jinja beside the tokenizer",
            "take an instruction-tuned checkpoint, or put its template there",
        )
    return source


def _template(model: Path, source: str) -> Any:
    from jinja2.ext import loopcontrols
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    file = model / "chat_template.jinja"

    def refuse(message: str) -> None:
        raise InputError(str(file), message, "a conversation that the template takes", "correct the row's messages")

    def to_json(
        value: Any, ensure_ascii: bool = False, indent: Any = None, separators: Any = None, sort_keys: bool = False
    ) -> str:
        return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)

    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[loopcontrols])
    environment.filters["tojson"] = to_json
    environment.globals["raise_exception"] = refuse
    environment.globals["strftime_now"] = lambda pattern: datetime.now().strftime(pattern)
    return environment.from_string(source)


def _tokenizer_config(model: Path) -> dict[str, Any]:
    path = model / "tokenizer_config.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def _special_tokens(model: Path) -> dict[str, str]:
    found = {name: value for name, value in _tokenizer_config(model).items() if name.endswith("_token") and value}
    return {name: value["content"] if isinstance(value, dict) else str(value) for name, value in found.items()}


def _render_with_transformers(
    model: Path, conversations: Sequence[Messages], tools: Sequence[Tools] | None
) -> list[list[int]]:
    from transformers import AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(str(model))
    return [
        list(
            tokenizer.apply_chat_template(
                as_engines_read(messages, str(tokenizer.chat_template)),
                tools=offered,
                add_generation_prompt=True,
                tokenize=True,
                return_dict=False,
            )
        )
        for messages, offered in _with_tools(conversations, tools)
    ]
