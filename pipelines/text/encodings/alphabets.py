"""Encodings of one byte a character: the one in which the bytes spell words of a language's alphabet.

The same bytes are letters in all of them; which ones a language has, and how often, tells them apart. What has only
letters that two languages share stays undecided, and is then Western.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, pairwise

_LATIN = {
    "cp1252": ("éàèêôîçâùûëïœæÿ", "üäöß", "óáíúñéü", "ãçáíéóúõêâàôü", "èàòùéìóí", "éïëóèüö", "äöåéü", "æøåéäö",
               "ðáíæóöþúýé", "óàéíèòçúïü", "éäüöáåóíèñçàøæêãúôîûïëðþýõœâùìòÿß"),
    "cp1250": ("łżąęśćóńź", "íářčéýžěšůúóňťď", "áéíóöőüúű", "ăâîşţ", "čšćžđ", "áčíýúťéžľšňóôäĺďŕ"),
    "cp1254": ("ışçüğöİâîû",),
    "cp1258": ("đôưáàâêíơúăùýé\u0323\u0301\u0300\u0309\u0303",),
    "cp1257": ("šėųįąžčūę", "āēīšļūņķžģč", "äõüöšž"),
}  # fmt: skip
_OTHERS = {
    "cp1251": (
        "оеаинтрслвпкдмуязьыбйчгжхцфшюэщёъ",
        "оаниевтріксдплумзябчйьгжцєхшюїщфґ",
        "аеиотнрсвдплкзмъябгучжйцшщхфюь",
    ),
    "cp1253": ("αοιτενσρκηπμυλίςάγήδέωόχύθφώβξζψϊ",),
    "cp1255": ("ויהלתמארבנשדקעפםחגסטכןצזךץף",),
    "cp1256": ("الميترنوةدعبفسقحكصجشطخأهضذإزىثغئآءظؤ",),
    "cp874": ("ารนกอเงมลยดวทสต้ปบคีัิ่หะขแพจ์ไชใถ็โืผูำุซณธศฟญภฉฐษึฏฎๆๅฯ๐ฆฮฌฬฑฒฤฃ",),
}
"""The letters beyond ASCII of languages, the most frequent first, under the encodings that Windows gave them."""
_LIKE = {"cp1250": ("iso8859_2",), "cp1251": ("koi8_r", "koi8_u", "iso8859_5", "cp866"), "cp1253": ("iso8859_7",)}
"""Further encodings of the same languages."""

_MARKS = "\u0300-\u036f\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u064b-\u0652"
_LETTER = r"[^\W\d_ªºµ]"
_WORD = re.compile(rf"(?:{_LETTER}|[{_MARKS}])+")
_WITH_HIGH_BYTES = re.compile(rb"[^\s\x80-\xff]*[\x80-\xff]\S*")
_BARE_MARK = re.compile(
    rf"(?<!{_LETTER})(?<![{_MARKS}])[{_MARKS}]|[\u0e30\u0e32\u0e33](?<![\u0e01-\u0e4e].)|[\u0e40-\u0e44](?![\u0e01-\u0e2e])"
)
"""A mark without its letter; in Thai also a vowel without its consonant, before it or behind it."""
_SIGNS = frozenset("“”‘’‚„‹›«»–—…•·§°€£©®™¿¡№ºªµ²³¹¼½¾×±¬،؛؟\u00a0\u200e\u200f")
_QUOTES = frozenset("“”‘’‚„‹›«»–—…\u00a0")
_WORDS, _LONGEST, _MOST = 100_000, 200, 4000
_NONE, _SIGN, _CAPITAL = math.log(0.002), math.log(0.1), math.log(0.3)
_WESTERN = 3.0
_FEW = 4
_COMMON = 0.6


@dataclass(frozen=True)
class Guess:
    """An encoding, the logarithm of how probable its letters are, and how far (0 to 1) they are a language's words."""

    encoding: str
    likelihood: float
    fitting: float


@dataclass
class _Letters:
    """What the characters beyond ASCII of a text are: letters by their words, signs, and what fits nothing."""

    mixed: Counter[str]
    pure: Counter[str]
    single: Counter[str]
    capitals: int = 0
    signs: int = 0
    misfits: int = 0


def guess_alphabet(data: bytes) -> Guess | None:
    """Return the encoding in which the bytes are most probably words, None where they are none in any."""
    found = (match.group()[:_LONGEST] for match in islice(_WITH_HIGH_BYTES.finditer(data), _WORDS))
    words = b" ".join(dict.fromkeys(found))[:_MOST]
    return max(_guesses(words), key=lambda guess: guess.likelihood, default=None)


def _guesses(data: bytes) -> Iterator[Guess]:
    for latin, table in ((True, _LATIN), (False, _OTHERS)):
        for windows, languages in table.items():
            for encoding in (windows, *_LIKE.get(windows, ())):
                try:
                    letters = _letters(data.decode(encoding))
                except UnicodeDecodeError:
                    continue
                prior = _WESTERN if encoding == "cp1252" else 0.0
                for alphabet in languages:
                    likelihood, fitting = _likelihood(letters, alphabet, latin)
                    yield Guess(encoding, likelihood + prior, fitting)


def _letters(text: str) -> _Letters:
    found = _Letters(Counter(), Counter(), Counter())
    for word in _WORD.finditer(text):
        beside = text[max(0, word.start() - 1) : word.start()] + text[word.end() : word.end() + 1]
        _sort_word(word.group(), found, alone=all(c <= "\x7f" or c in _QUOTES for c in beside))
    found.misfits += len(_BARE_MARK.findall(text))
    for place, character in enumerate(text):
        if character > "\x7f" and not _WORD.match(character):
            after, before = text[max(0, place - 1) : place].isalpha(), text[place + 1 : place + 2].isalpha()
            fits = after or not before if character in "’·" else not (after and before)
            if character in _SIGNS and fits:
                found.signs += 1
            else:
                found.misfits += 1
    return found


def _sort_word(word: str, found: _Letters, alone: bool) -> None:
    beyond = [character for character in word if character > "\x7f"]
    if not beyond:
        return
    kind = found.single if len(word) == 1 and alone else found.pure if len(beyond) == len(word) else found.mixed
    kind.update("İ" if character == "İ" else character.lower() for character in beyond)
    for before, character in pairwise(word):
        if character > "\x7f" and character.isupper():
            # A capital within a word: all are, or it is read in the wrong encoding.
            found.capitals += 1
            found.misfits += before.islower()


def _likelihood(letters: _Letters, alphabet: str, latin: bool) -> tuple[float, float]:
    """Return the logarithm of how probable the letters are in a language, and how far they are its words."""
    own = (letters.mixed if latin else letters.pure) + letters.single
    strange = sum((letters.pure if latin else letters.mixed).values())
    weight = sum(1 / rank for rank in range(1, len(alphabet) + 1))
    likelihood = (letters.misfits + strange) * _NONE + letters.signs * _SIGN + letters.capitals * _CAPITAL
    known = common = 0
    for letter, count in own.items():
        rank = alphabet.find(letter) + 1
        likelihood += count * (math.log(1 / rank / weight) if rank else _NONE)
        known += count * bool(rank)
        common += count * (0 < rank <= len(alphabet) / 3)
    everything = sum(own.values()) + strange + letters.signs + letters.misfits
    if not known:
        return likelihood, 0.0
    fitting = max(0.0, (known + letters.signs - letters.misfits) / everything)
    if not latin:  # a sign that stands alone is often some letter of another encoding
        in_words = sum(letters.pure[letter] for letter in alphabet)
        fitting *= min(1.0, common / known / _COMMON) * in_words / (in_words + _FEW)
    return likelihood, fitting
