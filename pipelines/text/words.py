"""Content words of a text in any of the languages: what extraction, retrieval and answering compare."""

import functools
import re
import unicodedata

from pipelines.text.languages.language import Language
from pipelines.text.languages.languages import all_languages, language_of, spaced_language

_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}\b)")


def is_chinese(text: str) -> bool:
    """Say whether a text is Chinese: what `language_of` says, for callers that know no other language."""
    return language_of(text).code == "zh"


def words(text: str) -> list[str]:
    """Return the content words in order: small letters, plurals cut, runs without spaces segmented, no stop words.

    Identifiers and numbers stay whole ("inc-25-02", "14.90", "12000"); other hyphenated words are taken apart.
    """
    found: list[str] = []
    run, unspaced = _runs(all_languages())
    spaced = spaced_language(text)
    for match in run.finditer(_THOUSANDS.sub("", unicodedata.normalize("NFKC", text))):
        if match.lastindex:
            language = unspaced[match.lastindex - 1]
            assert language.segment is not None
            found += [word for word in language.segment(match.group()) if word not in language.stop_words]
        else:
            parts = _parts(match.group().lower())
            found += [spaced.stem(word) for word in parts if word not in spaced.stop_words]
    return found


@functools.cache
def _runs(languages: tuple[Language, ...]) -> tuple[re.Pattern[str], list[Language]]:
    """Return what a run of words is: letters of one language without spaces (a group each), or a spaced word."""
    unspaced = [language for language in languages if not language.spaced]
    groups = "".join(f"([{language.characters}]+)|" for language in unspaced)
    letter = rf"[^\W_{''.join(language.characters for language in unspaced)}]"
    return re.compile(rf"{groups}{letter}+(?:[-'’.,/]{letter}+)*"), unspaced


def _parts(run: str) -> list[str]:
    run = re.sub(r"['’]s?$", "", run)
    if any(character.isdigit() for character in run):
        return [run]
    return [part for part in re.split(r"[-'’.,/]", run) if len(part) > 1]
