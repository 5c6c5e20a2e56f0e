"""Chat templates by LLaMA-Factory's names: short text forms in forms/, made into Jinja that engines render."""

import json
import re
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from pipelines.core.errors import InputError
from pipelines.core.identity import json_digest
from pipelines.text.nearest import nearest_name

_FOLDER = Path(__file__).parent / "forms"
_JOINED = "\n</tool_response>\n<tool_response>\n"
"""Between results that share one turn, in the forms that wrap a result in <tool_response>."""
_PICTURES = frozenset(
    "dots_ocr ernie_vl glm4v glm4_5v glm_ocr granite3_vision intern_vl keye_vl kimi_vl lfm2_vl mllama llava llava_next "
    "llava_next_llama3 llava_next_mistral llava_next_qwen llava_next_yi llava_next_video llava_next_video_mistral "
    "llava_next_video_yi mimo_vl minicpm_v minicpm_v_4_6 minicpm_o paligemma paligemma_chat pixtral qwen2_audio "
    "qwen2_omni qwen2_vl qwen3_omni qwen3_omni_nothink qwen3_vl qwen3_vl_nothink video_llava yi_vl youtu_vl".split()
)
_CHANNELS = frozenset({"gemma4", "gemma4n", "gpt_oss"})


@dataclass(frozen=True)
class Form:
    """How a template writes a conversation; the comment at the top of forms/forms.yaml says what is what."""

    prefix: str = ""
    system: str = "{content}"
    user: str = "{content}"
    results: str = ""
    open: str = ""
    open_after_results: str = ""
    answer: str = "{content}{eos}"
    call: str = ""
    tools: str = "default"
    default_system: str = ""
    stop: tuple[str, ...] = ()
    ends_turn: bool = False
    eos_once: bool = False
    system_in_user: bool = False
    thought: str = ""

    @property
    def end_token(self) -> str | None:
        """The token that takes eos's place, so that an engine that knows eos alone stops there; None: eos stays."""
        return self.stop[0] if self.ends_turn else None


def template_form(name: str) -> Form:
    """Return the form of a template name; InputError for one that is unknown or not written down here."""
    forms = _forms()
    if name in forms:
        return forms[name]
    known = f"one of {', '.join(sorted(forms))}"
    without = "remove 'template' from the recipe: the model's own chat template is used then"
    if name in _PICTURES:
        raise InputError(f"template '{name}'", "a template for pictures or sound", "a template for text", without)
    if name in _CHANNELS:
        raise InputError(f"template '{name}'", "a template of channels that no text form states", known, without)
    near = nearest_name(name, forms, likeness=0.4)
    hint = f"write template: {near}, or {without}" if near else without
    raise InputError(f"template '{name}'", "a name that LLaMA-Factory 0.9.5 does not have", known, hint)


def template_names() -> list[str]:
    """Return the names that `chat_template` takes."""
    return sorted(_forms())


def chat_template(name: str, spaced: bool = False) -> str:
    """Return the Jinja chat template of a LLaMA-Factory template name; InputError as `form` says.

    `spaced` is for tokenizers that put a space before every piece of text (SentencePiece with its dummy prefix): there
    LLaMA-Factory, which tokenises piece by piece, trains answers that begin with a space.
    """
    return _jinja(template_form(name), spaced)


def template_text_digest(name: str) -> str:
    """Return the digest of the Jinja and the tokens that a template name stands for; InputError as `template_form`."""
    form = template_form(name)
    return json_digest([_jinja(form, False), _jinja(form, True), asdict(form)])


def _jinja(form: Form, spaced: bool) -> str:
    skeleton = (_FOLDER / "conversation.jinja").read_text(encoding="utf-8")
    wording = (_FOLDER / f"tools_{form.tools}.jinja").read_text(encoding="utf-8")
    answer = f" {form.answer}" if spaced and form.answer.startswith("{content}") else form.answer
    fused = f"{{%- set ns.fused = {_expression(form.system)} -%}}"
    once = "{%- if loop.last and not add_generation_prompt -%}{{- eos_token -}}{%- endif -%}"
    opening = _shown(form.open)
    if form.open_after_results:
        other = _shown(form.open_after_results)
        opening = f'{{%- if ns.before == "tool" -%}}{other}{{%- else -%}}{opening}{{%- endif -%}}'
    slots = {
        "DEFAULT_SYSTEM": json.dumps(form.default_system, ensure_ascii=False),
        "PREFIX": _shown(form.prefix),
        "SYSTEM": fused if form.system_in_user else _shown(form.system),
        "USER": _shown(form.user),
        "RESULTS": _results(form.results or form.user),
        "OPEN": opening,
        "THOUGHT": _thought(form.thought),
        "CALL": _shown(form.call or form.answer),
        "ANSWER": _shown(answer),
        "ONCE": once if form.eos_once else "",
    }
    filled = re.sub(rf"\b(?:{'|'.join(slots)})\b", lambda found: slots[found.group(0)], skeleton)
    return re.sub(r"(?<=%})\s+(?={%)|(?<=}})\s+(?={%)", "", wording.strip() + filled.strip()) + "\n"


def _expression(text: str) -> str:
    """Return a slot as a Jinja expression, e.g. {bos}[INST] {content} as bos_token ~ "[INST] " ~ content."""
    names = {"{content}": "content", "{bos}": "bos_token", "{eos}": "eos_token"}
    pieces = [piece for piece in re.split(r"({content}|{bos}|{eos})", text) if piece]
    return " ~ ".join(names.get(piece) or json.dumps(piece, ensure_ascii=False) for piece in pieces)


def _shown(text: str) -> str:
    return f"{{{{- {_expression(text)} -}}}}" if text else ""


def _results(text: str) -> str:
    if "<tool_response>" not in text:
        return _shown(text)
    head, tail = text.split("{content}")
    return (
        f'{{{{- {json.dumps(_JOINED)} if ns.before == "tool" else {json.dumps(head)} -}}}}{{{{- content -}}}}'
        f'{{%- if loop.last or loop.nextitem["role"] != "tool" -%}}{_shown(tail)}{{%- endif -%}}'
    )


def _thought(text: str) -> str:
    """An answer that says neither mark of a thought begins with an empty one, with loss, as LLaMA-Factory trains it."""
    if not text:
        return ""
    marks = re.findall(r"<[^>]+>", text)
    absent = [f"{json.dumps(mark)} not in content" for mark in (marks[-1].replace("/", ""), marks[-1])]
    return f"{{%- if {' and '.join(absent)} -%}}{_shown(text)}{{%- endif -%}}"


@cache
def _forms() -> dict[str, Form]:
    raw: dict[str, dict[str, Any]] = yaml.safe_load((_FOLDER / "forms.yaml").read_text(encoding="utf-8"))
    made: dict[str, Form] = {}
    for name, values in raw.items():  # a form stands below the one it is like
        like = made[values.pop("like")] if "like" in values else Form()
        made[name] = replace(like, **values | ({"stop": tuple(values["stop"])} if "stop" in values else {}))
    return made
