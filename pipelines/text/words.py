"""Content words of a text in any of the languages: what extraction, retrieval and answering compare."""

import functools
import re
import unicodedata
from collections.abc import Callable, Sequence

from pipelines.text.languages.language import Language
from pipelines.text.languages.languages import all_languages, spaced_language

_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}\b)")
_Unspaced = tuple[re.Pattern[str], Callable[[str], Sequence[str]], frozenset[str]]
"""Of a language without spaces: its letters, what cuts a run of them into words, its stop words."""


def words(text: str) -> list[str]:
    """Return the content words in order: small letters, plurals cut, runs without spaces segmented, no stop words.

    Identifiers and numbers stay whole ("inc-25-02", "14.90", "12000"); other hyphenated words are taken apart.
    """
    found: list[str] = []
    pattern, unspaced = _runs(all_languages())
    language = spaced_language(text)
    stem, stop_words = language.stem, language.stop_words
    for run in pattern.findall(_THOUSANDS.sub("", unicodedata.normalize("NFKC", text))):
        for letters, segment, others in unspaced:
            if letters.match(run):
                found += [word for word in segment(run) if word not in others]
                break
        else:
            found += [stem(word) for word in _parts(run.lower()) if word not in stop_words]
    return found


@functools.cache
def _runs(languages: tuple[Language, ...]) -> tuple[re.Pattern[str], list[_Unspaced]]:
    """Return what a run is: letters of one of the languages without spaces, or a word between them."""
    unspaced = [(one.letters, one.segment, one.stop_words) for one in languages if one.segment]
    characters = [one.characters for one in languages if one.segment]
    runs = "".join(f"[{each}]+|" for each in characters)
    letter = rf"[^\W_{''.join(characters)}]"
    return re.compile(rf"{runs}{letter}+(?:[-'’.,/]{letter}+)*"), unspaced


def _parts(run: str) -> list[str]:
    run = re.sub(r"['’]s?$", "", run)
    if any(character.isdigit() for character in run):
        return [run]
    return [part for part in re.split(r"[-'’.,/]", run) if len(part) > 1]
