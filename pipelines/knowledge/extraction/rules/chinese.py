"""Named things in Chinese text: jieba's parts of speech, corrected by surnames, suffixes and neighbours."""

import functools
import itertools
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from pipelines.knowledge.extraction.rules.english import codes
from pipelines.knowledge.extraction.rules.lexicon import (
    CHINESE_COMPANIES,
    CHINESE_GOODS,
    CHINESE_NOT_NAMES,
    CHINESE_NOT_PEOPLE,
    CHINESE_NOT_PLACES,
    CHINESE_SITES,
    CHINESE_SURNAMES,
    CHINESE_TITLES,
    CHINESE_TRADES,
)
from pipelines.knowledge.mentions import Entity, without_overlaps
from pipelines.text.characters import HAN
from pipelines.text.segmenter import chinese_segmenter

_NOT_IN_NAMES = re.compile(r"[的是了不在上下为和与由被把将到来去每这那就都也很太吗呢吧们只个]")
_PREPOSITIONS = frozenset("于在由向和与从给对被")
_LATIN_WORD = r"[A-Z][A-Za-z'’\-]*[A-Za-z]"
_LATIN = re.compile(rf"{_LATIN_WORD}(?: (?:{_LATIN_WORD}|\d{{1,3}}(?!\d|[,.]\d|\s*%)))*")
_SOURCE_OF = re.compile(
    rf"^\s*(?:{CHINESE_COMPANIES})|^是(?:一家|一个|家)[^，。；]{{0,12}}(?:公司|企业|厂商|供应商|品牌|集团|工厂)"
)
_FAMILIAR = "小老阿"
_FAMILY_NAMES = "".join(sorted(CHINESE_SURNAMES - set(_FAMILIAR)))
_TITLED = re.compile(rf"(?<![{HAN}])[{_FAMILY_NAMES}](?:{CHINESE_TITLES})")
_WORKPLACE = re.compile(r"(?:工作于|就职于|任职于|供职于|受雇于|加入|供应商是|供应商为|供应商：|厂家是)\s*$")
_PLACE_BEFORE = re.compile(r"(?:位于|坐落于|坐落在|地处|设在|建在|搬到|来自)\s*$")


class _Word(NamedTuple):
    text: str
    flag: str
    start: int
    end: int


@functools.cache
def _tagger() -> Any:
    tokenizer = chinese_segmenter()
    import jieba.posseg

    return jieba.posseg.POSTokenizer(tokenizer)


def _words(text: str) -> list[_Word]:
    words, position = [], 0
    for pair in _tagger().cut(text):
        word, flag = pair.word, pair.flag
        if flag == "nr" and len(word) == 3 and word[0] in _PREPOSITIONS:
            # The tagger takes the preposition for a surname: 于科凡, 由顺丰.
            words.append(_Word(word[0], "p", position, position + 1))
            word, flag, position = word[1:], "nz", position + 1
        words.append(_Word(word, flag, position, position + len(word)))
        position += len(word)
    return words


def find(text: str) -> list[Entity]:
    """Return the named things of a Chinese text, Latin names among them, in order, without overlaps."""
    words = _words(text)
    found = [*codes(text), *_latin(text), *_companies(text, words), *_titled(text), *_tagged(text, words)]
    return without_overlaps([_retyped(text, entity) for entity in found])


def _latin(text: str) -> Iterator[Entity]:
    """Latin names: a product before its goods word (Lumen头灯), a person of two names, else of unknown type."""
    for match in _LATIN.finditer(text):
        name, (start, end) = match.group(), match.span()
        if len(name) < 3 or (name.isupper() and len(name) < 5):
            continue
        if re.match(rf"\s*(?:{CHINESE_GOODS})", text[end:]) or name[-1].isdigit():
            yield Entity(start, end, name, "PRODUCT")
        elif re.fullmatch(r"[A-Z][a-z]+ [A-Z][a-z'’\-A-Z]+", name):
            yield Entity(start, end, name, "PERSON")
        else:
            yield Entity(start, end, name, "CONCEPT")


def _companies(text: str, words: list[_Word]) -> Iterator[Entity]:
    """A name before a trade (深光照明), a company's kind (腾讯公司) or a site's (宁波仓)."""
    for before, word in itertools.pairwise(words):
        proper = before.flag[:2] in ("nr", "ns", "nt", "nz") or before.flag == "n"
        if not proper or before.text in CHINESE_NOT_NAMES | CHINESE_NOT_PLACES or not 2 <= len(before.text) <= 4:
            continue
        named = before.flag != "n"
        trade = re.fullmatch(CHINESE_TRADES, word.text) and (named or _bounded(text, before.start, word.end))
        if trade or (named and re.fullmatch(CHINESE_COMPANIES, word.text)):
            yield Entity(before.start, word.end, text[before.start : word.end], "ORGANIZATION")
        elif re.fullmatch(CHINESE_SITES, word.text) and before.flag == "ns":
            yield Entity(before.start, word.end, text[before.start : word.end], "LOCATION")


def _bounded(text: str, start: int, end: int) -> bool:
    """Say whether common nouns stand as a name of their own: marks, verbs or particles on both sides."""
    left, right = text[start - 1 : start], text[end : end + 1]
    return (not left or left in "，。、：；（(“《 \n由在向给与和是从被") and (
        not right or right in "，。、：；）)”》 \n的在位供生提赔承是和与会已为" or right.isascii()
    )


def _titled(text: str) -> Iterator[Entity]:
    """A surname with its title (林经理); resolution joins it with the full name."""
    for match in _TITLED.finditer(text):
        yield Entity(*match.span(), match.group(), "PERSON")


def _tagged(text: str, words: list[_Word]) -> Iterator[Entity]:
    for word in words:
        name = word.text
        if len(name) < 2 or name in CHINESE_NOT_NAMES or not re.fullmatch(f"[{HAN}·]+", name):
            continue
        if word.flag == "nr" and _is_person(name):
            yield Entity(word.start, word.end, name, "PERSON")
        elif word.flag == "nrt":
            yield Entity(word.start, word.end, name, "CONCEPT")
        elif word.flag == "ns" and name not in CHINESE_NOT_PLACES:
            yield Entity(word.start, word.end, name, "LOCATION")
        elif word.flag == "nt" and len(name) > 2:
            yield Entity(word.start, word.end, name, "ORGANIZATION")
        elif word.flag == "nz" and name[-1] not in "语文":
            yield Entity(word.start, word.end, name, "CONCEPT")


def _is_person(name: str) -> bool:
    if name in CHINESE_NOT_PEOPLE or _NOT_IN_NAMES.search(name):
        return False
    if name[0] in _FAMILIAR:
        # 小明 is a known name and 老陈 one of a surname; 小修 (small repairs) is neither.
        return len(name) == 2 and (name[1] in CHINESE_SURNAMES or name in chinese_segmenter().FREQ)
    return name[0] in CHINESE_SURNAMES and len(name) <= 3


def _retyped(text: str, entity: Entity) -> Entity:
    """Correct a type by what stands right before and after the name."""
    before, after = text[max(0, entity.start - 8) : entity.start], text[entity.end : entity.end + 24]
    kind = entity.type
    if kind in ("CONCEPT", "LOCATION", "PERSON") and (_WORKPLACE.search(before) or _SOURCE_OF.match(after)):
        kind = "ORGANIZATION" if kind != "PERSON" or entity.name.isascii() is False else kind
    elif kind == "CONCEPT" and _PLACE_BEFORE.search(before):
        kind = "LOCATION"
    return Entity(entity.start, entity.end, entity.name, kind)
