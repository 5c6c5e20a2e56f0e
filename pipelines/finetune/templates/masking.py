"""Conversations to token ids under the model's own chat template, with the loss on the answers only."""

import re
import sys
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pipelines.core.identity import content_id
from pipelines.core.protocols import Messages
from pipelines.finetune.templates.refusals import template_refusal
from pipelines.finetune.templates.rendering import as_engines_read, require_tools, tools_as_engines_read
from pipelines.finetune.templates.tokenizing import turns_with_controls
from pipelines.finetune.templates.turns import ANSWERS, CONTROLS, CUT, RenderedTurns, Span, common_prefix

IGNORED = -100
"""Label of a token without loss, as in `torch.nn.CrossEntropyLoss`."""
LEFT_OUT = "left_out"
"""Key of what of an encoded row is not learned or not in the text: the words of `turns`, one each, in one text."""
Tools = list[dict[str, Any]] | None
"""OpenAI's list of tools that a conversation may call."""
_GENERATION = re.compile(r"\{%-?\s*generation\s*-?%\}")


class ChatTokenizer(Protocol):
    """What a Hugging Face tokenizer offers that this needs."""

    eos_token_id: int
    chat_template: str

    def apply_chat_template(self, conversation: Messages, **options: Any) -> Any:
        """Render a conversation: as text, or with tokenize=True and return_dict=False as token ids."""
        ...


@dataclass(frozen=True)
class EncodedTurns:
    """A conversation's ids, the labels of those with loss, and what of it is not learned or not in the text."""

    input_ids: list[int]
    labels: list[int]
    left_out: list[str]


def prompt_ids(tokenizer: ChatTokenizer, messages: Messages, tools: Tools = None) -> list[int]:
    """Return the ids of a conversation up to where the assistant's next answer begins."""
    read, offered = as_engines_read(messages, str(tokenizer.chat_template)), tools_as_engines_read(tools)
    return _apply(tokenizer, read, offered, tokenize=True, return_dict=False, add_generation_prompt=True)


def encode_conversation(
    tokenizer: ChatTokenizer,
    messages: Messages,
    cutoff: int,
    tools: Tools = None,
    train_on_prompt: bool = False,
    mask_history: bool = False,
) -> dict[str, list[int]]:
    """Return `input_ids` and `labels` as `encode_turns` does."""
    encoded = encode_turns(tokenizer, messages, cutoff, tools, train_on_prompt, mask_history)
    return {"input_ids": encoded.input_ids, "labels": encoded.labels}


def encode_turns(
    tokenizer: ChatTokenizer,
    messages: Messages,
    cutoff: int,
    tools: Tools = None,
    train_on_prompt: bool = False,
    mask_history: bool = False,
) -> EncodedTurns:
    """Return ids and labels, both cut to `cutoff` tokens, and what is left out.

    A label is the token itself inside an assistant's answer, up to and with the token that ends it (the tools that it
    calls included), and IGNORED elsewhere. `mask_history` leaves the last answer alone with loss, `train_on_prompt`
    puts it on every token. Answers are found in the whole text, within the template's {% generation %} marks where it
    has them. InputError where the template refuses the conversation.
    """
    require_tools(str(tokenizer.chat_template), messages, tools, "a conversation of the dataset")
    messages, tools = as_engines_read(messages, str(tokenizer.chat_template)), tools_as_engines_read(tools)
    answers = [n for n, message in enumerate(messages) if message["role"] == "assistant"]
    chosen = answers[-1:] if mask_history and not train_on_prompt else answers

    def render(conversation: Messages, prompt: bool) -> str:
        return _apply(tokenizer, conversation, tools, tokenize=False, add_generation_prompt=prompt)

    marked = _GENERATION.search(str(tokenizer.chat_template)) is not None
    if marked and answers and not train_on_prompt:
        text, generated = _generated(tokenizer, messages, tools)
        turns = RenderedTurns(render, messages, text)
        learned = _within(turns, generated, answers, chosen)
    else:
        turns = RenderedTurns(render, messages)
        whole = [(0, len(turns.text))]
        learned = (
            dict.fromkeys(chosen, whole) if train_on_prompt else {n: [span] for n, span in turns.spans(chosen).items()}
        )
    lost = turns.left_out(learned, chosen)
    left_out = [what for _, what in lost] + [CONTROLS] * turns_with_controls(tokenizer, messages)
    if train_on_prompt:
        ids, _ = _tokens_of_spans(tokenizer, turns.text, [])
        return EncodedTurns(ids[:cutoff], ids[:cutoff], left_out)
    # An answer whose text is not there would teach to say nothing.
    silent = {place for place, what in lost if what == ANSWERS}
    flat = [(place, span) for place, spans in learned.items() if place not in silent for span in spans]
    ids, spans = _tokens_of_spans(tokenizer, turns.text, [span for _, span in flat])
    labels, seen = [IGNORED] * len(ids), set()
    for (place, _), (start, end) in zip(flat, spans, strict=True):
        end = _with_its_end(ids, start, end, tokenizer.eos_token_id)
        labels[start:end] = ids[start:end]
        seen |= {place} if start < min(end, cutoff) else set()
    cut = [CUT for place in learned if place not in silent | seen]
    return EncodedTurns(ids[:cutoff], labels[:cutoff], left_out + cut)


def encode_pair(
    tokenizer: ChatTokenizer, messages: Messages, chosen: str, rejected: str, cutoff: int, tools: Tools = None
) -> dict[str, Any]:
    """Return `prompt_ids`, `chosen_ids` and `rejected_ids`, and what is left out of either.

    An answer is empty where the prompt fills the cutoff.
    """
    prompt: list[int] = []
    answers = []
    left_out: Counter[str] = Counter()
    for text in (chosen, rejected):
        whole = [*messages, {"role": "assistant", "content": text}]
        encoded = encode_turns(tokenizer, whole, sys.maxsize, tools, mask_history=True)
        counted = [n for n, label in enumerate(encoded.labels) if label != IGNORED] or [len(encoded.labels)]
        answers.append((counted[0], encoded.input_ids[: counted[-1] + 1]))
        left_out |= Counter(encoded.left_out)
    start = min(begin for begin, _ in answers)
    prompt = answers[0][1][:start]
    return {
        "prompt_ids": prompt,
        "chosen_ids": answers[0][1][start : max(cutoff, start)],
        "rejected_ids": answers[1][1][start : max(cutoff, start)],
        LEFT_OUT: " ".join(left_out.elements()),
    }


def _apply(tokenizer: ChatTokenizer, messages: Messages, tools: Tools, **options: Any) -> Any:
    options |= {"tools": tools} if tools else {}
    try:
        return tokenizer.apply_chat_template(messages, **options)
    except Exception as error:  # of any kind: a template's own refusal, or what its code does on fields it can't take
        raise template_refusal(error, tokenizer, messages, tools) from error


def _generated(tokenizer: Any, messages: Messages, tools: Tools) -> tuple[str, list[Span]]:
    # Not by the tokenizer's own mask: it leaves out the last bytes of an answer that ends on 。 or an emoji whose bytes
    # are several tokens (transformers 5.19).
    from transformers.utils.chat_template_utils import render_jinja_template

    render: Any = render_jinja_template  # its annotation says one text; it returns texts and their marks
    try:
        texts, marks = render(
            conversations=[messages],
            tools=tools,
            chat_template=str(tokenizer.chat_template),
            return_assistant_tokens_mask=True,
            **tokenizer.special_tokens_map,
        )
    except Exception as error:
        raise template_refusal(error, tokenizer, messages, tools) from error
    return texts[0], [tuple(mark) for mark in marks[0]]


def _within(
    turns: RenderedTurns, generated: list[Span], answers: list[int], chosen: list[int]
) -> Mapping[int, list[Span]]:
    """Return the template's marks by the turn that they stand in: one each, or by where each turn stands."""
    if len(generated) == len(answers):
        return {place: [span] for place, span in zip(answers, generated, strict=True) if place in chosen}
    spans = turns.spans(chosen)
    found = {
        place: [mark for mark in generated if mark[0] < end and start < mark[1]]
        for place, (start, end) in spans.items()
    }
    return {place: marks for place, marks in found.items() if marks}


def _with_its_end(ids: list[int], start: int, end: int, stop: int) -> int:
    # Some templates close a mark, or an earlier turn's text, before the token that ends it; a model must learn to stop.
    if start < end < len(ids) and ids[end] == stop and ids[end - 1] != stop:
        return end + 1
    while end > start + 1 and ids[end - 1] != stop and stop in ids[start:end]:
        end -= 1  # templates put a line break behind the end of a turn: the model never writes it
    return end


def _tokens_of_spans(tokenizer: Any, text: str, spans: Sequence[Span]) -> tuple[list[int], list[Span]]:
    """Return the ids of a text, and the spans of characters as spans of the tokens that touch them."""
    if not _is_fast(tokenizer):  # no offsets: by the ids of what precedes
        ids = list(tokenizer(text, add_special_tokens=False)["input_ids"])

        def until(place: int) -> int:
            return common_prefix(list(tokenizer(text[:place], add_special_tokens=False)["input_ids"]), ids)

        return ids, [(until(start), until(end)) for start, end in spans]
    coded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    ids = list(coded["input_ids"])
    begins, ends = zip(*coded["offset_mapping"], strict=True) if ids else ((), ())
    added = tokenizer.added_tokens_decoder
    found = []
    for start, end in spans:
        first, last = bisect_right(ends, start), bisect_left(begins, end)
        # A span that ends within a token, behind one that ends the turn, has touched what begins the next.
        if (
            last - first > 1
            and ends[last - 1] > end
            and any(token in added for token in _trailing(tokenizer, ids[first : last - 1]))
        ):
            last -= 1
        found.append((first, last))
    return ids, found


def _is_fast(tokenizer: Any) -> bool:
    return getattr(tokenizer, "is_fast", False)


def _trailing(tokenizer: Any, ids: list[int]) -> list[int]:
    """Return the last token that is more than white space."""
    return next(([token] for token in reversed(ids) if tokenizer.decode([token]).strip()), [])


def template_digest(tokenizer: ChatTokenizer) -> str:
    """Return the digest of the chat template."""
    return content_id(str(tokenizer.chat_template))


def preview(pieces: list[str], labels: list[int]) -> str:
    """Return Markdown with the tokens that carry loss in bold: `pieces` are the decoded tokens."""
    groups: list[tuple[bool, str]] = []
    for piece, label in zip(pieces, labels, strict=True):
        counted = label != IGNORED
        if groups and groups[-1][0] == counted:
            groups[-1] = (counted, groups[-1][1] + piece)
        else:
            groups.append((counted, piece))
    shown = (f"**`{text}`**" if counted else f"`{text}`" for counted, text in groups)
    return " ".join(text.replace("\n", "⏎") for text in shown)
