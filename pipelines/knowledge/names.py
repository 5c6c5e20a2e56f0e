"""Canonical names: what two spellings of one name have in common."""

import functools
import re
import unicodedata

from pipelines.text.characters import HAN_CHARACTER
from pipelines.text.languages.chinese import CHINESE
from pipelines.text.languages.english import ENGLISH
from pipelines.text.names.legal_forms import without_legal_form

_POSSESSIVE = re.compile(r"['’]s?$")
_ARTICLE = re.compile(r"^(?:the|a|an) ")
_TITLE = re.compile(rf"^(?:{'|'.join(ENGLISH.names.titles)})\.? ")
_SUFFIX = re.compile(rf"[, ]+(?:{'|'.join(ENGLISH.names.company_endings)})\.?$")
_HAN_SUFFIX = re.compile(rf"(?<=..)(?:{'|'.join(CHINESE.names.company_endings)})$")
_ENDS = ' .,:;|-–—"“”()'
_HAN_TITLE = re.compile(rf"(?<=.)(?:{'|'.join(CHINESE.names.titles)})$")
_HAN_FAMILIAR = re.compile(rf"^[{CHINESE.names.familiar}](?=.$)")


def is_han(name: str) -> bool:
    """Say whether a name is written in Chinese characters, wholly or in part."""
    return bool(HAN_CHARACTER.search(name))


@functools.lru_cache(maxsize=1 << 16)
def canonical_name(name: str) -> str:
    """Return the key of a name: small letters, no article, possessive, title or company suffix.

    >>> canonical_name("The Nordvik  Textiles Ltd."), canonical_name("Dr. Weber's"), canonical_name("腾讯有限公司")
    ('nordvik textiles', 'weber', '腾讯')
    >>> canonical_name("Halden Instruments AS"), canonical_name("Bath Spa")
    ('halden instruments', 'bath spa')
    """
    spelt = " ".join(unicodedata.normalize("NFKC", name).replace("_", " ").split()).strip(_ENDS)
    key = without_legal_form(spelt).strip(_ENDS).casefold() or spelt.casefold()
    for pattern in (_POSSESSIVE, _ARTICLE, _TITLE, _SUFFIX, _HAN_SUFFIX):
        key = pattern.sub("", key).strip() or key
    return key


def person_parts(key: str) -> tuple[str, str]:
    """Return the given and the family name (each may be "") of a person's key, whatever the script.

    A single word could be either: ("hanne", "hanne"). 林经理 and 老陈 give their family names; 林晓雯 ("晓雯", "林").
    """
    if is_han(key):
        bare = _HAN_TITLE.sub("", key)
        if bare != key or _HAN_FAMILIAR.match(key):
            return "", _HAN_FAMILIAR.sub("", bare)
        return key[1:], key[0]
    words = key.split()
    return (words[0], words[-1]) if words else ("", "")


def is_short_person(key: str) -> bool:
    """Say whether a person's key is part of a longer name: Hanne, J. Weber, 林经理, 老陈."""
    if is_han(key):
        return bool(_HAN_TITLE.search(key)) or bool(_HAN_FAMILIAR.match(key))
    words = key.split()
    return len(words) == 1 or len(words[0].rstrip(".")) == 1


def is_short_for(short: str, full: str) -> bool:
    """Say whether a short person's name can stand for a full one.

    >>> is_short_for("hanne", "hanne solberg"), is_short_for("j. weber", "jonas weber"), is_short_for("老陈", "陈建国")
    (True, True, True)
    """
    if is_han(short) != is_han(full) or not is_short_person(short) or is_short_person(full):
        return False
    given, family = person_parts(full)
    short_given, short_family = person_parts(short)
    if is_han(short):
        return short_family == family
    if " " not in short:
        return short in (given, family)
    return short_family == family and given.startswith(short_given.rstrip("."))


def without_initials(key: str) -> str:
    """Return a person's key without single letters in its middle: "john t. doe" gives "john doe"."""
    words = key.split()
    return " ".join(
        word for place, word in enumerate(words) if not 0 < place < len(words) - 1 or len(word.rstrip(".")) > 1
    )


def pinyin(key: str) -> str:
    """Return a Chinese name in Latin letters without tones or spaces: 林晓雯 gives "linxiaowen"."""
    from pypinyin import lazy_pinyin

    return "".join(lazy_pinyin(key)).replace("ü", "v")


def name_letters(key: str) -> str:
    """Return a Latin key as pinyin would be compared: "lin xiaowen" gives "linxiaowen"."""
    return re.sub(r"[\s'’\-]", "", key)
