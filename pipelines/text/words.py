"""Content words of a text in any of the languages: what extraction, retrieval and answering compare."""

import functools
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipelines.text.languages.language import Language
from pipelines.text.languages.languages import all_languages, spaced_language, unspaced_in

_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}\b)")
_SINGLE_LETTER = re.compile(r"(?<![A-Za-zÀ-ɏ0-9_'’.&/-])[A-Za-zÀ-Þ](?![A-Za-zÀ-ɏ0-9_&/-]|['’](?![sS]\b))")
_WORD_BEFORE = re.compile(r"([A-Za-zÀ-ɏ][A-Za-zÀ-ɏ0-9’'-]+) $")
_WORD_BEHIND_STOP = re.compile(r"\. ?([A-ZÀ-Þ][\w’'-]*)")
_TEXT_ENDS = re.compile(r"[\s?？!.)\"”]*")
_NEAR = 40
_REMEMBERED = 1 << 16
"""Words: about 15 MB."""


@dataclass(frozen=True)
class _Unspaced:
    """Of a language without spaces: its letters, what cuts a run of them into words, its stop words."""

    letters: re.Pattern[str]
    segment: Callable[[str], Sequence[str]]
    stop_words: frozenset[str]
    numbered: re.Pattern[str]
    counters: str

    def cut(self, run: str, behind_number: bool) -> list[str]:
        """Return the words of a run; a name by its number is a word by itself: A组|组长, 二期|工程, (第)二期."""
        head = 1 if behind_number and run[0] in self.counters else 0
        found = [run[:head]] if head else []
        for word in self.segment(run[head:]):
            match = self.numbered.match(word)
            rest = word[match.end() :] if match else ""
            found += [match.group(1) if match else word, *(self.segment(rest) if rest else ())]
        return found


def words(text: str) -> list[str]:
    """Return the content words in order: small letters, plurals cut, runs without spaces segmented, no stop words.

    Identifiers and numbers stay whole ("inc-25-02", "14.90", "12000"); other hyphenated words are taken apart. A single
    letter is a word where it belongs to a name ("Team A", "A组").
    """
    found: list[str] = []
    pattern, unspaced = _runs(all_languages())
    language = spaced_language(text)
    stem, stop_words = language.stem, language.stop_words
    plain = _THOUSANDS.sub("", unicodedata.normalize("NFKC", text))
    named = name_letters(plain)
    for match in pattern.finditer(plain):
        run = match.group()
        if match.start() in named:
            found.append(run[0].lower())
            continue
        for one in unspaced:
            if one.letters.match(run):
                behind_number = plain[match.start() - 1 : match.start()].isalnum() and match.start() > 0
                found += [word for word in one.cut(run, behind_number) if word not in one.stop_words]
                break
        else:
            found += _spaced_words(run, stem, stop_words)
    return found


def name_letters(text: str) -> frozenset[int]:
    """Return where single letters stand that belong to a name, as in "Team A" and "A组", and are no article.

    A capital letter behind a capitalised word or beside characters without spaces; and any letter that ends a text
    behind a word ("who leads team a?"), where no article stands. An initial ("Nora A. Berg") is none.
    """
    found = set()
    stop_words = spaced_language(text).stop_words
    for match in _SINGLE_LETTER.finditer(text):
        place, is_capital = match.start(), match.group().isupper()
        behind = text[place + 1 : place + _NEAR]
        if is_capital and unspaced_in(text[max(0, place - 1) : place] + behind[:1]):
            found.add(place)
            continue
        word = _WORD_BEFORE.search(text[max(0, place - _NEAR) : place])
        if word is None or word.group(1).lower() in stop_words:
            continue
        initial = _WORD_BEHIND_STOP.match(behind)
        if is_capital and word.group(1)[0].isupper():
            if initial is None or initial.group(1).lower() in stop_words:
                found.add(place)
        elif _TEXT_ENDS.fullmatch(behind):
            found.add(place)
    return frozenset(found)


@functools.cache
def _runs(languages: tuple[Language, ...]) -> tuple[re.Pattern[str], list[_Unspaced]]:
    """Return what a run is: letters of one of the languages without spaces, or a word between them."""
    unspaced = [
        _Unspaced(one.letters, one.segment, one.stop_words, re.compile(one.numbered), one.counters)
        for one in languages
        if one.segment
    ]
    characters = [one.characters for one in languages if one.segment]
    runs = "".join(f"[{each}]+|" for each in characters)
    letter = rf"[^\W_{''.join(characters)}]"
    return re.compile(rf"{runs}{letter}+(?:[-'’.,/]{letter}+)*"), unspaced


@functools.lru_cache(_REMEMBERED)
def _spaced_words(run: str, stem: Callable[[str], str], stop_words: frozenset[str]) -> tuple[str, ...]:
    """Return the content words of a run between spaces; remembered, since a language's words come again and again."""
    return tuple(stem(word) for word in _parts(run) if word not in stop_words)


def _parts(run: str) -> list[str]:
    run = re.sub(r"['’][sS]?$", "", run)
    if any(character.isdigit() for character in run):
        return [run.lower()]
    head, _, last = run.rpartition("-")
    named = [last.lower()] if len(last) == 1 and last.isupper() and head[:1].isupper() else []
    return [part for part in re.split(r"[-'’.,/]", run.lower()) if len(part) > 1] + named
