"""How two names of one thing may be spelt: acronyms, Chinese short forms, parts of a longer name, one slip of a pen."""

import re
import unicodedata
from functools import lru_cache
from itertools import product

from pipelines.knowledge.names import is_han, is_short_for
from pipelines.text.languages.english import ENGLISH
from pipelines.text.names.bodies import BODIES
from pipelines.text.names.territories import TERRITORIES
from pipelines.text.segmenter import chinese_segmenter, chinese_words

SMALL_WORDS = frozenset(ENGLISH.stop_words) | frozenset(
    "& de del della delle dei di du des la le les los las el il y e et und der die das den dem von van vom zu zur of a"
    " da do dos das och og for against among concerning".split()
)
"""Closed-class words of European languages: what an acronym may leave out, and no name is short for."""
_LIES_AT = frozenset("of de di del della am an im in der sur sous upon on under near la le".split())
GENERATIONS = frozenset(("jr", "sr", "ii", "iii", "iv", "junior", "senior"))
_ACRONYM = re.compile(r"(?:\w[.&\-/]?){2,10}")
_MARKS = re.compile(r"[.,'’`´\"“”()\[\]]+")
_DASHES = re.compile(r"[\-‐‑‒–—/_·•]+")
_DIGITS = re.compile(r"\d+")
_ROMAN = re.compile("(?=.)(?:x{0,3})(?:ix|iv|v?i{0,3})")
_HAN_NUMBER = re.compile("[一二三四五六七八九十百]+")
_DISTRICTS = "省市区县州"
_LONGEST_TAIL = 2
LEAST_LIKE = 8
"""Letters from which one slip of a pen leaves a name recognisable."""


@lru_cache(maxsize=1 << 18)
def fold(key: str) -> str:
    """Return a key without accents, marks and dashes: "josé álvarez" and "jose alvarez", "marie-claire" alike."""
    text = unicodedata.normalize("NFKD", key.replace("&", " and "))
    text = "".join(character for character in text if not unicodedata.combining(character))
    text = text.replace("ø", "o").replace("ł", "l").replace("đ", "d").replace("ı", "i").replace("æ", "ae")
    return " ".join(_DASHES.sub(" ", _MARKS.sub("", text)).split())


def acronym_of(name: str) -> str:
    """Return the letters of a name that is spelt like an acronym, in small letters; "" for any other.

    >>> acronym_of("WHO"), acronym_of("U.S."), acronym_of("Oslo")
    ('who', 'us', '')
    """
    letters = [character for character in name if character.isalnum()]
    capitals = sum(character.isupper() for character in letters)
    if not _ACRONYM.fullmatch(name.strip(" .")) or is_han(name) or capitals < 2 or capitals < 0.6 * len(letters):
        return ""
    return "".join(letters).casefold()


@lru_cache(maxsize=1 << 18)
def initials(key: str) -> frozenset[str]:
    """Return what a name of several words may be abbreviated to by its first letters, small words left out or not.

    >>> sorted(initials("organisation for economic co-operation and development"))
    ['oecd', 'oecod', 'ofecad', 'ofecoad']
    """
    words = key.split()
    if len(words) < 2 or is_han(key):
        return frozenset()
    found = set()
    for hyphens, small in product((False, True), (False, True)):
        parts = [part for word in words for part in ((_DASHES.split(word)) if hyphens else [word]) if part]
        kept = [part for part in parts if small or part not in SMALL_WORDS]
        found.add("".join(fold(part)[:1] for part in kept))
    return frozenset(one for one in found if len(one) > 1)


def spelt_within(letters: str, key: str) -> bool:
    """Say whether letters begin like a name and follow each other in it: rusnano in russian nanotechnology."""
    text = fold(key).replace(" ", "")
    if len(letters) < 2 or letters[0] != text[:1] or len(letters) >= len(text):
        return False
    rest = iter(text)
    return all(letter in rest for letter in letters)


def abbreviates(letters: str, *keys: str) -> bool:
    """Say whether the letters of an acronym, "" for none, are those of a name beside which it stands in brackets.

    `keys` are spellings of the name, with its legal form and without. What it begins with may be left out: OMB of U.S.
    Office of Management and Budget.
    """
    return bool(letters) and any(
        any(one == letters or (len(letters) > 2 and one.endswith(letters)) for one in initials(key))
        or (len(letters) > 2 and spelt_within(letters, key))
        for key in keys
    )


@lru_cache(maxsize=1 << 17)
def _words(key: str) -> tuple[str, ...]:
    """Return the smallest words of a Chinese name: 北京, 大学 where the dictionary has 北京大学 as one."""
    return tuple(part for word in chinese_words(key) for part in _parts(word))


def _parts(word: str) -> list[str]:
    known = chinese_segmenter().FREQ
    for cut in range(2, len(word) - 1):
        rest = _parts(word[cut:]) if known.get(word[:cut]) else []
        if rest and all(known.get(part) for part in rest):
            return [word[:cut], *rest]
    return [word]


@lru_cache(maxsize=1 << 17)
def is_han_short(short: str, full: str) -> bool:
    """Say whether a Chinese name abbreviates another: 北大 for 北京大学, 工行 for 中国工商银行, 清华 for 清华大学.

    It takes the beginnings of words in their order, and may take the last character of all; at least one word is cut
    or the words left out stand at the ends: 中国银行 is not short for 中国人民银行.
    """
    if not is_han(short) or not is_han(full) or not 2 <= len(short) < len(full) or _numbers(short) != _numbers(full):
        return False
    if _is_branch(short, full):
        return False
    words = _words(full)
    bare = words[1:] if len(words) > 1 and (words[0] in TERRITORIES or words[0][-1] in _DISTRICTS) else words
    return any(_abbreviates(short, kept) for kept in {words, bare})


def _abbreviates(short: str, words: tuple[str, ...]) -> bool:
    taken = [0] * len(words)
    place = 0
    for number, word in enumerate(words):
        while place < len(short) and taken[number] < len(word) and word[taken[number]] == short[place]:
            taken[number] += 1
            place += 1
    if place == len(short) - 1 and short[-1] == words[-1][-1] and not taken[-1]:
        taken[-1], place = 1, place + 1
    if place < len(short) or not taken[0]:
        return False
    cut = any(0 < count < len(word) for count, word in zip(taken, words, strict=True))
    first_left = next((number for number, count in enumerate(taken) if not count), len(taken))
    return cut or not any(taken[first_left:])


def within_order(short: str, full: str) -> bool:
    """Say whether the characters of a Chinese name follow each other in a longer one: 国航 in 中国国际航空."""
    rest = iter(full)
    return is_han(short) and 1 < len(short) < len(full) and all(character in rest for character in short)


def is_short_human(short: str, full: str) -> bool:
    """Say whether a person's name is part of a longer one: henrik angell, h. a. angell and angell of henrik august.

    Juniors and seniors are two: a generation's mark is left out or the same.
    """
    if is_short_for(short, full):
        return True
    if is_han(short) or is_han(full):
        return False
    parts, whole = short.replace(",", "").split(), full.replace(",", "").split()
    marks = [{word.rstrip(".") for word in words} & GENERATIONS for words in (parts, whole)]
    parts, whole = ([word for word in words if word.rstrip(".") not in GENERATIONS] for words in (parts, whole))
    if (marks[0] and marks[0] != marks[1]) or not parts or len(parts) > len(whole) or len(whole) < 2:
        return False
    if parts == whole:
        return bool(marks[1] and not marks[0])
    rest = iter(whole)
    if not all(any(_is_word(part, word) for word in rest) for part in parts):
        return False
    if len(parts) == 1:
        return len(parts[0]) > 2 and parts[0] not in SMALL_WORDS
    if len(parts) == len(whole):
        given = list(zip(parts[:-1], whole[:-1], strict=True))
        return parts[-1] == whole[-1] and any(
            len(part.rstrip(".")) == 1 < len(word.rstrip(".")) for part, word in given
        )
    return _is_word(parts[-1], whole[-1]) or parts[0] == whole[0]


def _is_word(part: str, word: str) -> bool:
    initial = part.rstrip(".")
    return part == word or (len(initial) == 1 and word.startswith(initial))


def is_head(short: str, full: str) -> bool:
    """Say whether an organisation's name goes on after the short one: eidos, eidos interactive; 云峰, 云峰碳材."""
    if is_han(full):
        return is_han(short) and 2 <= len(short) < len(full) and full.startswith(short) and not _is_branch(short, full)
    rest = full[len(short) :].split()
    return (
        len(short) > 3
        and full.startswith(f"{short} ")
        and 0 < len(rest) <= _LONGEST_TAIL
        and not any(word in SMALL_WORDS or _DIGITS.search(word) for word in rest)
        and not _is_branch(short, full)
    )


def _is_branch(short: str, full: str) -> bool:
    """Say whether a name goes on with a country's: general motors new zealand and 微软中国 are a part of the house."""
    words = full[len(short) :].split() if full.startswith(short) else []
    return any(" ".join(words[place:]).strip("()") in TERRITORIES for place in range(len(words)))


def is_tail(short: str, full: str) -> bool:
    """Say whether a name ends in the short one: spurs of san antonio spurs, diocese of pittsburgh."""
    if len(short) <= 3 or not full.endswith(f" {short}") or is_han(full):
        return False
    before = full[: -len(short)].split()[-1]  # "student of the year" is no "year"
    return before not in SMALL_WORDS and short.split()[0] not in SMALL_WORDS


def is_body_noun(short: str, full: str) -> bool:
    """Say whether a body is called by the noun that its name begins with, or in Chinese ends in: committee, 委员会."""
    if is_han(full):
        return short in BODIES and full.endswith(short) and _words(full)[-1:] == (short,)
    rest = full[len(short) :].split() if full.startswith(f"{short} ") else []
    return short in BODIES and len(rest) > 1 and rest[0] in SMALL_WORDS


def is_place_head(short: str, full: str) -> bool:
    """Say whether a place's name says more exactly where it lies: mola, mola di bari."""
    rest = full[len(short) :].split() if full.startswith(f"{short} ") else []
    return len(short) > 3 and len(rest) > 1 and rest[0] in _LIES_AT


def _numbers(key: str) -> list[str]:
    if is_han(key):
        return _DIGITS.findall(key) + _HAN_NUMBER.findall(key)
    return _DIGITS.findall(key) + [word for word in key.split() if _ROMAN.fullmatch(word)]


def other_numbers(one: str, other: str) -> bool:
    """Say whether two names count apart what they name: x100 and x200, louis vii and louis viii, 第一 and 第二."""
    return _numbers(one) != _numbers(other)


def one_slip(one: str, other: str) -> bool:
    """Say whether a single letter was left out, doubled, mistaken or changed with its neighbour, in a long name."""
    if min(len(one), len(other)) < LEAST_LIKE or abs(len(one) - len(other)) > 1 or one == other or is_han(one + other):
        return False
    if other_numbers(one, other):
        return False
    start = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    a, b = one[start:], other[start:]
    swapped = len(a) > 1 and len(b) > 1 and a[0] == b[1] and a[1] == b[0] and a[2:] == b[2:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or swapped
