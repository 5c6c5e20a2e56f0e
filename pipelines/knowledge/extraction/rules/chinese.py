"""Named things in Chinese text: jieba's parts of speech, joined into whole names by what a name may consist of."""

import functools
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from pipelines.knowledge.extraction.rules.chinese_lists import INSTITUTIONS, NOT_NAMES, PLACES
from pipelines.knowledge.extraction.rules.codes import codes
from pipelines.knowledge.mentions import Entity, without_overlaps
from pipelines.text.characters import HAN
from pipelines.text.languages.chinese import CHINESE
from pipelines.text.names.legal_forms import HAN_LEGAL_FORMS
from pipelines.text.segmenter import chinese_segmenter

_NOT_IN_NAMES = re.compile(r"[的是了不在上下为和与由被把将到来去每这那就都也很太吗呢吧们只个]")
_DIRECTION = re.compile(r"[东南西北中]{1,3}[部方面侧边]?")
_PREPOSITIONS = frozenset("于在由向和与从给对被")
_LATIN_WORD = r"[A-Z][A-Za-z0-9'’\-]*[A-Za-z0-9]"
_LATIN = re.compile(rf"{_LATIN_WORD}(?: {_LATIN_WORD})*")
_TWO_NAMES = re.compile(r"[A-Z][a-z]+ (?:[A-Z]\. )?(?=\S*[a-z])[A-Z][a-z'’\-A-Z]+")
"""A name and a surname; letters alone behind a name (Python GUI, Windows XP) are none."""
_DOTS = frozenset("·・•‧")
_NAMES = CHINESE.names
_TITLED = re.compile(rf"(?<![{HAN}])[{''.join(sorted(_NAMES.surnames))}](?:{'|'.join(_NAMES.titles)})")
_TYPES = {"nr": "PERSON", "ns": "LOCATION", "nt": "ORGANIZATION", "nz": "CONCEPT", "nrt": "CONCEPT"}
_INSIDE = ("n", "v", "a", "b", "j", "l", "i", "z", "m", "eng", "f")
"""Parts of speech that may stand inside a company's name; function words and marks end it."""
_FORMS = tuple(sorted(HAN_LEGAL_FORMS, key=len, reverse=True))
_LONGEST = 18


class Word(NamedTuple):
    """A word with jieba's part of speech."""

    text: str
    flag: str
    start: int
    end: int


@functools.cache
def _tagger() -> Any:
    tokenizer = chinese_segmenter()
    import jieba.posseg

    return jieba.posseg.POSTokenizer(tokenizer)


def words(text: str) -> list[Word]:
    """Return the words of a text in order."""
    found, position = [], 0
    for pair in _tagger().cut(text):
        word, flag = pair.word, pair.flag
        if flag == "nr" and len(word) == 3 and word[0] in _PREPOSITIONS:
            # The tagger takes the preposition for a surname: 于科凡, 由顺丰.
            found.append(Word(word[0], "p", position, position + 1))
            word, flag, position = word[1:], "nz", position + 1
        found.append(Word(word, flag, position, position + len(word)))
        position += len(word)
    return found


def find(text: str, cut: Sequence[Word] | None = None) -> list[Entity]:
    """Return the named things of a Chinese text, Latin names among them, in order, without overlaps."""
    cut = words(text) if cut is None else cut
    found = [
        *codes(text),
        *_foreign(text, cut),
        *_institutions(text, cut),
        *_latin(text),
        *_titled(text),
        *_tagged(cut),
    ]
    return without_overlaps([_typed(text, entity) for entity in found])


def _foreign(text: str, cut: Sequence[Word]) -> Iterator[Entity]:
    """Names of people written with dots: 比尔·盖茨."""
    for place, word in enumerate(cut):
        if word.text in _DOTS and 0 < place < len(cut) - 1 and (place < 2 or cut[place - 2].text not in _DOTS):
            last = place + 1
            while last + 2 < len(cut) and cut[last + 1].text in _DOTS:
                last += 2
            start, end = cut[place - 1].start, cut[last].end
            if cut[place - 1].flag.startswith(("n", "eng", "x")) and cut[last].flag.startswith(("n", "eng", "j", "z")):
                yield Entity(start, end, text[start:end], "PERSON")


def _latin(text: str) -> Iterator[Entity]:
    for match in _LATIN.finditer(text):
        yield Entity(*match.span(), match.group(), "PERSON" if _TWO_NAMES.fullmatch(match.group()) else "CONCEPT")


def _institutions(text: str, cut: Sequence[Word]) -> Iterator[Entity]:
    """A legal form with the words before it, from the first proper one on; an institution behind a proper name."""
    for place, word in enumerate(cut):
        form = next((form for form in _FORMS if word.text.endswith(form)), "")
        site = word.text in PLACES
        if not form and not site and word.text not in INSTITUTIONS:
            continue
        first, proper = place, place if word.flag in _TYPES and len(word.text) > len(form) + 1 else None
        while first and word.end - cut[first - 1].start <= _LONGEST and _may_be_inside(cut[first - 1], bool(form)):
            first -= 1
            proper = first if _is_proper(cut[first]) else proper
        if proper is None or (site and place - proper > 1):
            continue
        yield Entity(
            cut[proper].start, word.end, text[cut[proper].start : word.end], "LOCATION" if site else "ORGANIZATION"
        )


def _may_be_inside(word: Word, company: bool) -> bool:
    kinds = _INSIDE if company else ("n", "j", "eng", "b")
    return word.flag.startswith(kinds) and word.text not in ("是", "有", "在", "为")


def _is_proper(word: Word) -> bool:
    return word.flag in (*_TYPES, "eng", "j") and word.text not in NOT_NAMES and len(word.text) > 1


def _titled(text: str) -> Iterator[Entity]:
    """A surname with its title (林经理); resolution joins it with the full name."""
    yield from (Entity(*match.span(), match.group(), "PERSON") for match in _TITLED.finditer(text))


def _tagged(cut: Sequence[Word]) -> Iterator[Entity]:
    for word in cut:
        name, kind = word.text, _TYPES.get(word.flag)
        if (
            kind is None
            or len(name) < 2
            or name in NOT_NAMES
            or _DIRECTION.fullmatch(name)
            or not re.fullmatch(f"[{HAN}·]+", name)
        ):
            continue
        if kind != "PERSON" or is_person(name):
            yield Entity(word.start, word.end, name, kind)


def is_person(name: str) -> bool:
    """Say whether characters that the tagger takes for a person's name look like one."""
    if name in NOT_NAMES or _NOT_IN_NAMES.search(name):
        return False
    if name[0] in _NAMES.familiar:
        # 小明 is a known name and 老陈 one of a surname; 小修 (small repairs) is neither.
        return len(name) == 2 and (name[1] in _NAMES.surnames or name in chinese_segmenter().FREQ)
    return name[0] in _NAMES.surnames and len(name) <= 3


_EMPLOYED = re.compile(r"(?:工作于|就职于|任职于|供职于|受雇于)\s*$")
_IS_COMPANY = re.compile(rf"^是(?:一家|一个|家|个)[^，。；]{{0,12}}(?:{'|'.join((*_FORMS, *sorted(INSTITUTIONS)))})")


def _typed(text: str, entity: Entity) -> Entity:
    """Correct a type by what is said of the name: where people work, and what is a company, is an organisation."""
    before, after = text[max(0, entity.start - 5) : entity.start], text[entity.end : entity.end + 24]
    if entity.type in ("CONCEPT", "LOCATION") and (_EMPLOYED.search(before) or _IS_COMPANY.match(after)):
        return Entity(entity.start, entity.end, entity.name, "ORGANIZATION")
    return entity
