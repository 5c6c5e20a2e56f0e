"""The words of a Chinese sentence by jieba's tagger: negations by themselves, figures and lettered names whole."""

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pipelines.answering.grounding.citations.reading.lexicon import HAN_NEGATORS, HAN_NOT_NEGATIVE, concept
from pipelines.answering.grounding.citations.reading.parts import Word
from pipelines.text.languages.chinese import CHINESE
from pipelines.text.segmenter import chinese_segmenter

ENDS = frozenset("，。；！？,;")

_LIGHT = frozenset("是 有 会 能 要 可以 可 应 应该 进行 作为 为 没有 使 令 让 到 来 去 说 称 表示 得 位于".split())

# "该项目" is cut as "该项 目" otherwise.
_CUT = re.compile(
    rf"是(?=[从由被])|(?<![自理缘经不])由(?![于来此衷])|(?<!应)该|其(?![中他它实])|{'|'.join(HAN_NEGATORS)}"
)

_ACTS = frozenset("beat replace sue".split())
"""Concepts whose words are verbs, whatever the tagger makes of them."""

PLACE = frozenset("在 位于 于 地处 坐落".split())


@dataclass(frozen=True)
class Token:
    text: str
    tag: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    @property
    def is_noun(self) -> bool:
        return self.tag[:1] in ("n", "i", "j") or self.tag in ("eng", "vn", "x#", "t#", "r") or self.tag == "m#"


@functools.cache
def _tagger() -> Any:
    import jieba.posseg

    return jieba.posseg.POSTokenizer(chinese_segmenter())


def tokens_of(text: str, items: list[Word]) -> list[Token]:
    """Return the tagged words; a number or date is one token."""
    found: list[Token] = []
    place = 0
    for item in [*sorted(items, key=lambda one: one.start), None]:
        until = item.start if item else len(text)
        position = place
        for pair in (pair for piece in _pieces(text[place:until]) for pair in _tagger().cut(piece)):
            tag = pair.flag
            if re.fullmatch(r"[A-Za-z0-9_.-]*[A-Za-z][A-Za-z0-9_.-]*", pair.word):
                tag = "eng"
            if pair.word.strip():
                found.append(Token(pair.word, tag, position))
            position += len(pair.word)
        if item:
            found.append(Token(text[item.start : item.end], "m#" if item.kind == "number" else "t#", item.start))
            place = item.end
    return _with_codes(found)


def _pieces(text: str) -> Iterator[str]:
    """Yield a text in pieces: negations and pronouns by themselves, which the dictionary joins to what follows."""
    harmless = [match.span() for match in HAN_NOT_NEGATIVE.finditer(text)]
    place = 0
    for match in _CUT.finditer(text):
        if not any(first < match.end() and match.start() < last for first, last in harmless):
            yield text[place : match.start()]
            yield match.group()
            place = match.end()
    yield text[place:]


def _with_codes(tokens: list[Token]) -> list[Token]:
    """Join a Latin letter or foreign name's parts to what they belong to: "A" + "组", "安娜" + "·" + "贝格"."""
    joined: list[Token] = []
    for token in tokens:
        last = joined[-1] if joined else None
        touches = last is not None and last.end == token.start
        if (
            touches
            and last
            and (token.text in "·•" or last.text[-1:] in "·•")
            and (last.is_noun or last.text[-1] in "·•")
        ):
            joined[-1] = Token(last.text + token.text, "nr", last.start)
        elif touches and last and last.text == "于" and token.tag == "nr" and len(token.text) == 2:
            joined[-1] = Token(last.text + token.text, "nr", last.start)  # a surname, not "at"
        elif (
            touches
            and last
            and len(last.text) == 1
            and last.text.isascii()
            and last.text.isupper()
            and len(token.text) == 1
            and token.tag[:1] in ("n", "q", "m", "z")
        ):
            joined[-1] = Token(last.text + token.text, "nz", last.start)
        else:
            joined.append(token)
    return joined


def is_negator(token: Token) -> bool:
    return token.text in HAN_NEGATORS or (
        len(token.text) == 2
        and token.text[0] in "不没未无"
        and not concept(token.text)
        and token.tag[:1] in ("d", "v")
        and token.text[1] in "会能可是有应得曾再必"
    )


def key_of(token: Token) -> str:
    known = concept(token.text)
    if known:
        return known
    if token.text in CHINESE.stop_words or (
        token.tag[:1] in ("p", "u", "x", "w", "c", "y", "e", "q") and not token.is_noun
    ):
        return ""
    return token.text.lower() if re.search(r"\w", token.text) else ""


def is_name(token: Token) -> bool:
    if token.tag == "eng" or (token.tag == "nz" and token.text[:1].isascii()):
        return len(token.text) > 1
    if len(token.text) < 2 or concept(token.text):
        return False
    if token.tag == "nr":
        return "·" in token.text or (token.text[0] in CHINESE.names.surnames and len(token.text) <= 4)
    return token.tag in ("ns", "nt", "nrt")


def is_verb(token: Token) -> bool:
    verb = token.tag[:1] == "v" and token.tag != "vn" and token.text not in _LIGHT
    return (verb or concept(token.text) in _ACTS) and not is_negator(token)
