"""Chinese sentences: words, names, figures, and what a negation stands upon."""

import itertools
from collections.abc import Sequence

from pipelines.answering.grounding.citations.reading.chinese_frames import frames_of
from pipelines.answering.grounding.citations.reading.chinese_tokens import (
    ENDS,
    PLACE,
    Token,
    is_name,
    is_negator,
    is_verb,
    key_of,
    tokens_of,
)
from pipelines.answering.grounding.citations.reading.lexicon import HAN_NOT_NEGATIVE, concept
from pipelines.answering.grounding.citations.reading.parts import Found, Frame, Name, Word, free

_BREAKS = frozenset("，。；、：）！？,;:)—")

_BINDERS = {"从": "from", "由": "from", "自": "from", "到": "to", "至": "to", "比": "than", "向": "to", "给": "to"}

_FINDING = frozenset("见 发现 观察 观察到 检出 发生 出现 看到 查出 引起 导致".split())

_FORBIDS = frozenset("禁止 严禁 不准 不得 不许".split())


def read_chinese(text: str, items: list[Word]) -> Found:
    """Return the words, frames, names and negated keys of a Chinese sentence."""
    tokens = tokens_of(text, items)
    words, negated, segment, binder = [], set(), 0, ""
    headless: set[int] = set()
    opened = -1
    harmless = [match.span() for match in HAN_NOT_NEGATIVE.finditer(text)]
    frames = frames_of(tokens)
    for place, token in enumerate(tokens):
        if token.text in _BREAKS or token.text in ("而", "和", "与", "但"):
            segment += 1
            binder = ""
            continue
        if segment != opened:
            opened = segment
            if segment and ((token.tag[:1] in ("v", "d", "p") and token.text not in ("在",)) or is_negator(token)):
                headless.add(segment)
        item = next((one for one in items if one.start == token.start), None)
        roles = ((f"prep:{binder}",) if binder else ()) + _roles(token, frames)
        if item is not None:
            words.append(Word(item.key, item.kind, item.start, item.end, segment, roles))
            binder = ""
            continue
        if is_negator(token) and not any(first <= token.start < last for first, last in harmless):
            negated.update(_scope(tokens[place + 1 :], token.text in ("没有", "无", "没")))
            continue
        if token.text in _FORBIDS:
            negated.update(_scope(tokens[place + 1 :], False))
        binder = _BINDERS.get(token.text, binder)
        key = key_of(token)
        if token.text == "前" and place + 1 < len(tokens) and tokens[place + 1].tag in ("m#", "m"):
            key = ""  # the first ones, not what is before
        if not key:
            continue
        verb = token.tag[:1] in ("v", "a")
        named = is_name(token)
        words.append(
            Word(key, "name" if named else "word", token.start, token.end, segment, roles, verb, token.start in negated)
        )
        binder = "" if token.text not in _BINDERS else binder
    names = [
        Name((one.text.lower(),), one.start, one.end)
        for one in tokens
        if is_name(one) and free(items, one.start, one.end)
    ]
    return words, frames, names, headless


def _scope(behind: Sequence[Token], nouns: bool) -> list[int]:
    """Return where the word starts that a negation stands upon: the clause's next verb or adjective, else a noun.

    What is not allowed to happen is negated as well.
    """
    clause = list(itertools.takewhile(lambda one: one.text not in ENDS, behind))
    verbs = [one for one in clause if (is_verb(one) or one.tag in ("a", "vn", "ad", "an")) and key_of(one)]
    if verbs and concept(verbs[0].text) in ("allow", "need", "require"):
        return [one.start for one in verbs[:2]]
    every = verbs
    if clause and key_of(clause[0]) and clause[0].text not in PLACE:
        verbs = [clause[0]]
    if verbs and verbs[0].text in _FINDING:
        # "未见升高": what is not seen is denied.
        return [one.start for one in (verbs[0], *[one for one in every if one is not verbs[0]][-1:])]
    found = verbs or [one for one in clause if nouns and one.is_noun and key_of(one)]
    return [one.start for one in found[:1]]


def _roles(token: Token, frames: Sequence[Frame]) -> tuple[str, ...]:
    key = key_of(token)
    found = [f"subj:{one.predicate}" for one in frames if key and key in one.subject]
    return tuple(found + [f"obj:{one.predicate}" for one in frames if key and key in one.object])
