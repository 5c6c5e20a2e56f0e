"""Where a name stands in a text: letter by letter, else in another spelling, else by a longer or a shorter form."""

import re
import unicodedata
from collections.abc import Iterator
from functools import cached_property

from pipelines.knowledge.names import canonical_name
from pipelines.text.characters import HAN

Span = tuple[int, int]
_UNSPACED = rf"{HAN}\u3040-\u30ff\u0e00-\u0e7f\uac00-\ud7af"
"""Han, kana, Thai and Hangul: between two of these there is no word boundary."""
_WORD = re.compile(rf"[^\W{_UNSPACED}]")
_BRACKETED = re.compile(r"^(.+?)\s*[(（\[]([^()（）\[\]]+)[)）\]]$")
_ADMINISTRATIVE = re.compile(r"(?<=..)[市省县区州]$")
_LETTERS = re.compile(r"[a-z]{4,}$")
_CAPITALS = re.compile(r"[A-Z]{3,6}$")
_SMALL_WORDS = r"(?:(?:of|the|and|for|on|in|de|du|des|la|del|der|und) )*"
_INITIAL = re.compile(r"([^\W\d_])\.? +(.+)$")


class NamedText:
    """A text in which names are looked for."""

    def __init__(self, text: str) -> None:
        self.text = text

    def find(self, name: str, person: bool = False) -> list[Span]:
        """Return all places of a name as whole words, those of the first of its forms that stands in the text.

        A `person` may be named by the family name alone.
        """
        name = name.strip()
        if not folded(name):
            return []
        return self._exact(name) or next((spans for spans in self._otherwise(name, person) if spans), [])

    def _exact(self, name: str) -> list[Span]:
        return [found.span() for found in re.finditer(re.escape(name), self.text) if self._is_whole(*found.span())]

    def _is_whole(self, start: int, end: int) -> bool:
        """Say whether no word goes on at either end of a span."""
        text = self.text
        before = start > 0 and _WORD.match(text[start - 1]) and _WORD.match(text[start])
        after = end < len(text) and _WORD.match(text[end - 1]) and _WORD.match(text[end])
        return not before and not after

    def _otherwise(self, name: str, person: bool) -> Iterator[list[Span]]:
        yield from (self._spelt(form) for form in _forms(name))
        bracketed = _BRACKETED.match(name)
        for part in bracketed.groups() if bracketed else ():
            yield self._exact(part) or next((found for form in _forms(part) if (found := self._spelt(form))), [])
        yield from (self._pattern(pattern) for pattern in _patterns(name, person))

    def _pattern(self, pattern: str) -> list[Span]:
        return [found.span() for found in re.finditer(pattern, self.text) if self._is_whole(*found.span())]

    def _spelt(self, form: str) -> list[Span]:
        """Return the places of a folded form in the folded text, as spans of the text."""
        folded, starts, ends = self._folded
        found, place = [], folded.find(form) if form else -1
        while place >= 0:
            span = starts[place], ends[place + len(form) - 1]
            if self._is_whole(*span):
                found.append(span)
            place = folded.find(form, place + len(form) if span in found else place + 1)
        return found

    @cached_property
    def _folded(self) -> tuple[str, list[int], list[int]]:
        letters: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        for place, character in enumerate(self.text):
            for letter in folded(character):
                letters.append(letter)
                starts.append(place)
                ends.append(place + 1)
        return "".join(letters), starts, ends


def folded(text: str) -> str:
    """Return the letters, digits and symbols of a text, whatever their case, width, accents, spaces and punctuation.

    >>> folded("Ｎｅｗ-York’s"), folded("Malmö C++"), folded("《三体》")
    ('newyorks', 'malmoc++', '三体')
    """
    plain = unicodedata.normalize("NFKD", text).casefold()
    kept = (one for one in plain if unicodedata.category(one)[0] not in "PZC" and unicodedata.category(one) != "Mn")
    return "".join(kept)


def _forms(name: str) -> Iterator[str]:
    """Yield the folded forms of a name: as it is, in another number, without legal form, title or article."""
    whole = folded(name)
    # A letter or a digit that is left of a longer name would be found anywhere.
    yield whole if len(whole) > 1 else ""
    if _LETTERS.search(whole):
        yield from (f"{whole}s", f"{whole}es")
        if whole.endswith("y"):
            yield f"{whole[:-1]}ies"
        if whole.endswith("ies"):
            yield f"{whole[:-3]}y"
        if whole.endswith("es"):
            yield whole[:-2]
        if whole.endswith("s"):
            yield whole[:-1]
    bare = folded(canonical_name(name))
    yield bare if len(bare) > 1 and bare != whole else ""
    yield folded(_ADMINISTRATIVE.sub("", name)) if _ADMINISTRATIVE.search(name) else ""


def _patterns(name: str, person: bool) -> Iterator[str]:
    """Yield patterns of longer and shorter forms: initials, names between, acronyms, a person's family name."""
    if initial := _INITIAL.match(name):
        yield rf"{initial[1]}\w+ (?:\w+\.? ){{0,2}}{re.escape(initial[2])}"
    words = name.split()
    if len(words) > 1 and all(word[:1].isupper() for word in (words[0], words[-1])):
        first, last = re.escape(words[0]), re.escape(words[-1])
        if len(words) == 2:
            yield rf"{first} (?:[^\W\d_]\w*\.? ){{1,2}}{last}"
        yield rf"{re.escape(words[0][0])}\.? ?(?:[^\W\d_]\. ?)?{last}"
    initials = "".join(word[0] for word in re.split(r"[\s-]+", name) if word[:1].isupper())
    if _CAPITALS.match(initials) and len(words) > 2:
        yield re.escape(initials)
    if _CAPITALS.match(name):
        yield " ".join(rf"{_SMALL_WORDS if place else ''}{letter}\w+" for place, letter in enumerate(name))
    if person and len(words) > 1 and len(words[-1]) > 2 and words[-1][:1].isupper():
        yield re.escape(words[-1])
