"""What a text says between two names that are one thing: "also known as", 简称, a bracket, another script."""

import re
import unicodedata
from difflib import SequenceMatcher
from functools import lru_cache

from pipelines.knowledge.entities.naming.forms import (
    abbreviates,
    acronym_of,
    fold,
    is_han_short,
    is_short_human,
    within_order,
)
from pipelines.knowledge.names import canonical_name, is_han
from pipelines.text.languages.languages import all_languages
from pipelines.text.names import called as called_by

LONGEST = 64
_ALSO_CALLED = called_by.CALLED_IN_CHINESE.union(*(language.names.also_called for language in all_languages()))
_CALLED, _SET_OFF, _LANGUAGES = map(re.compile, (called_by.CALLED, called_by.SET_OFF, called_by.LANGUAGES))
_ARTICLE = re.compile(r"(?:^|\s+)the$")
_ATTRIBUTE = re.compile(r" *(?:known|referred|designated)\b.* the\b")
"""What may belong to a noun before: the quarter of Algiers known as the Casbah."""
_MARKS = " \t\n,，、(（)）[]【】\"“”'‘’「」『』《》:：;；*_"
_QUOTES = " \t\n\"“”'‘’「『《*_"
_CLOSES = r"[\s\"”’」』》*_]*"
_OPENS = re.compile(_CLOSES + r"[(（]\s*[\"“‘「『《*_]*\s*(?:[Tt]he\s+)?")
_OPENS_QUOTED = re.compile(_CLOSES + r"[(（]\s*[\"“‘「『]\s*")
_DATED = re.compile(_CLOSES + r"[(（](?=[^()（）]*\d)(?:[\d\s.,;–\-/年月日]|born|b\.|[A-Z][a-z]{2,8}\b)*[,，;；]\s*")
"""A bracket that says first when: (born 1962, formerly …)."""
_MARK = re.compile(_CLOSES + r"[,，;；(（:：–—]")
_ALIKE, _LEAST = 0.75, 4
_LINKS = frozenset(("or", "or simply", "或"))


def called(gap: str, place: bool = False) -> bool:
    """Say whether what stands between two names says that one is called by the other; `place`: they are places.

    >>> called(", also known as the "), called(" (or "), called(" or "), called(" named ")
    (True, True, False, False)
    """
    bare = _DATED.sub("(", gap)
    whole = bare.strip(_MARKS).casefold()
    said = _ARTICLE.sub("", whole).rstrip(".")
    if said != whole and _ATTRIBUTE.match(bare):
        return False
    if said in _ALSO_CALLED or said.removesuffix("为") in _ALSO_CALLED or _CALLED.fullmatch(said):
        return True
    if ")" not in bare and _OPENS.match(bare) and said in called_by.IN_BRACKETS:
        return not place or said not in called_by.OF_A_TIME
    labelled = bare.rstrip(_QUOTES)[-1:] in tuple(":：;；") and _LANGUAGES.fullmatch(said)
    return bool(_MARK.match(bare) and (labelled or _SET_OFF.fullmatch(said)))


def goes_on(gap: str) -> bool:
    """Say whether a list of what something is called goes on: also known as X or simply Y."""
    return gap.strip(_MARKS).casefold() in _LINKS


def in_brackets(gap: str, former: str, name: str, after: str) -> bool:
    """Say whether a name stands in brackets behind another of the same thing; `after` is the text behind it."""
    if _OPENS.fullmatch(gap) and fits(name, former):
        return True
    return bool(_OPENS_QUOTED.fullmatch(gap)) and after[:1] in '"”’」』'


@lru_cache(maxsize=1 << 16)
def script(name: str) -> str:
    """Return in what script a name is written, by its first letter: LATIN, CJK, ARABIC; "" for none."""
    letter = next((character for character in name if character.isalpha()), "")
    return unicodedata.name(letter, "").partition(" ")[0] if letter else ""


def fits(inner: str, head: str) -> bool:
    """Say whether what stands in brackets behind a name may be another name for it, and not what it belongs to."""
    keys = canonical_name(inner), canonical_name(head)
    letters = acronym_of(inner), acronym_of(head)
    if abbreviates(letters[0], keys[1], head.casefold()) or abbreviates(letters[1], keys[0], inner.casefold()):
        return True
    if script(keys[0]) != script(keys[1]) or is_han(keys[0]) != is_han(keys[1]):
        return True
    return any(
        is_han_short(short, full) or within_order(short, full) or is_short_human(short, full)
        for short, full in (keys, keys[::-1])
    ) or _alike(*map(fold, keys))


def _alike(one: str, other: str) -> bool:
    """Say whether two single words are spelt alike: oder and odra, tartu and tarto."""
    if " " in one + other or min(len(one), len(other)) < _LEAST or one[0] != other[0] or not (one + other).isalpha():
        return False
    return SequenceMatcher(None, one, other, autojunk=False).ratio() >= _ALIKE
