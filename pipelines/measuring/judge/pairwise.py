"""A language model as judge of two answers, each pair asked in both orders (Zheng et al. 2023, MT-Bench).

An answer wins where it is the better one in both orders. What is read as a tie has its reason, and how often the judge
agrees with itself is reported: without that, a win rate says nothing.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pipelines.core.prompts.prompt_files import PromptFiles
from pipelines.core.protocols import CUT, Completion, LanguageModel, Messages
from pipelines.measuring.judge.prompt_files import load_judge_prompts
from pipelines.text.languages.languages import language_of
from pipelines.text.notation.json_objects import last_object

Said = Literal["A", "B", "tie"]
Winner = Literal["first", "second", "tie", ""]
_TOKENS = 256
_KEYS = ("better", "winner", "verdict", "answer", "choice", "result")
_TIES = frozenset(
    {"tie", "equal", "same", "both", "neither", "none", "draw", "平局", "平手", "相同", "一样", "不分上下", "都"}
)
_NAMED = re.compile(
    r"[\W_]*(?:(?:answer|response|assistant|option|回答|答案|选项)\s*)?[\W_]*([AB])[\W_]*(?:is better|更好)?[\W_]*",
    re.IGNORECASE,
)
_LONGEST = 40
"""Characters of a reply that is nothing but a name."""
_MARKED = re.compile(r"\[\[\s*(A|B|C|tie)\s*\]\]", re.IGNORECASE)
SCHEMA = {
    "type": "object",
    "properties": {"better": {"type": "string", "enum": ["A", "B", "tie"]}},
    "required": ["better"],
    "additionalProperties": False,
}


@dataclass(frozen=True)
class Pair:
    """Two answers to one conversation; `reference` may be ""."""

    conversation: str
    reference: str
    first: str
    second: str


@dataclass(frozen=True)
class Judgement:
    """Who won, "" where nothing was judged, and why it is a tie or nothing; `orders` is what was said in each order.

    Of `orders` both name an answer by its own place ("A" is `first`), None where the reply was odd or missing.
    """

    winner: Winner
    reason: str
    orders: tuple[Said | None, Said | None]


@dataclass(frozen=True)
class JudgeReport:
    """How a judge judged: wins of each, ties and what was not judged with their reasons, agreement with itself.

    `agreement` is the share of the pairs, of those of which both replies could be read, that it judged alike in both
    orders; None without any. `first_places` are the replies of disagreeing pairs that chose what stood first.
    """

    first: int
    second: int
    ties: int
    not_judged: int
    reasons: dict[str, int]
    agreement: float | None
    compared: int
    first_places: int


def judge_pairs(pairs: Sequence[Pair], model: LanguageModel, prompts: PromptFiles | None = None) -> list[Judgement]:
    """Return a judgement a pair, in order; equal answers are a tie that nobody is asked about.

    A reply that says neither is a tie with its reason, and isn't kept in the model's cache; where the model gives no
    reply (it failed, a budget was reached) the pair is not judged.
    """
    prompts = prompts or load_judge_prompts()
    asked = [number for number, pair in enumerate(pairs) if pair.first.strip() != pair.second.strip()]
    messages = [_messages(pairs[number], prompts, swapped) for number in asked for swapped in (False, True)]
    replies = model.complete(messages, _TOKENS, SCHEMA, lambda _, reply: read_reply(reply.text) is not None)
    found = {number: _judged(*replies[2 * place : 2 * place + 2]) for place, number in enumerate(asked)}
    same = Judgement("tie", "the answers are the same", (None, None))
    return [found.get(number, same) for number in range(len(pairs))]


def read_reply(reply: str) -> Said | None:
    """Return what a reply says, as JSON, as [[A]], or as nothing but a name; None where it says none or several.

    >>> read_reply('{"better": "B"}'), read_reply("[[C]]"), read_reply("Both have merits, A and B.")
    ('B', 'tie', None)
    """
    held = last_object(reply, _KEYS)
    if held is not None:
        return _said(next(held[key] for key in _KEYS if key in held))
    marked = {_said("tie" if one.upper() == "C" else one) for one in _MARKED.findall(reply)}
    return marked.pop() if len(marked) == 1 else None if marked else _said(reply)


def report(judgements: Sequence[Judgement]) -> JudgeReport:
    """Return the counts over all pairs."""
    winners = Counter(judgement.winner for judgement in judgements)
    both = [judgement.orders for judgement in judgements if None not in judgement.orders]
    apart = [orders for orders in both if orders[0] != orders[1]]
    return JudgeReport(
        winners["first"],
        winners["second"],
        winners["tie"],
        winners[""],
        dict(Counter(judgement.reason for judgement in judgements if judgement.reason)),
        1 - len(apart) / len(both) if both else None,
        len(both),
        sum((one == "A") + (other == "B") for one, other in apart),
    )


def _messages(pair: Pair, prompts: PromptFiles, swapped: bool) -> Messages:
    first, second = (pair.second, pair.first) if swapped else (pair.first, pair.second)
    language = language_of(pair.conversation)
    text = prompts.text(
        "pairwise",
        language,
        conversation=pair.conversation,
        reference=pair.reference or "–",
        first=first,
        second=second,
    )
    return [{"role": "user", "content": text}]


def _judged(forward: Completion, swapped: Completion) -> Judgement:
    failure = forward.failure or swapped.failure
    one, other = read_reply(forward.text), _turned(read_reply(swapped.text))
    if failure:
        return Judgement("", f"no reply: {failure}", (None, None))
    if one is None or other is None:
        cut = CUT in (forward.finish_reason, swapped.finish_reason)
        return Judgement("tie", "a reply was cut" if cut else "a reply names no winner", (one, other))
    if one != other:
        return Judgement("tie", "the orders disagree", (one, other))
    if one == "tie":
        return Judgement("tie", "neither is better", (one, other))
    return Judgement("first" if one == "A" else "second", "", (one, other))


def _turned(said: Said | None) -> Said | None:
    return {"A": "B", "B": "A", "tie": "tie", None: None}[said]  # type: ignore[return-value]


def _said(value: object) -> Said | None:
    text = str(value).strip().lower() if isinstance(value, str) else ""
    if text.strip(" .。!\"'") in _TIES:
        return "tie"
    named = _NAMED.fullmatch(text) if len(text) <= _LONGEST else None
    return None if named is None else "A" if named[1].upper() == "A" else "B"
