"""The table of languages, and which of them a text is in."""

from collections.abc import Iterable
from functools import cache

from pipelines.text.languages.chinese import CHINESE
from pipelines.text.languages.english import ENGLISH
from pipelines.text.languages.language import Language

LANGUAGES: dict[str, Language] = {language.code: language for language in (ENGLISH, CHINESE)}
"""By code. The first is that of a text without letters, and comes first where two fit alike."""


def all_languages() -> tuple[Language, ...]:
    """Return the languages in the order of the table: what is made of all of them is cached by this."""
    return tuple(LANGUAGES.values())


def language_of(text: str) -> Language:
    """Return the language of a text, also where it names things in another: that with most words, grammar most."""
    present = [language for language in LANGUAGES.values() if language.letters.search(text)]
    if len(present) < 2:
        return (present or all_languages())[0]
    return max(present, key=lambda language: language.weight(text))


def main_language(texts: Iterable[str]) -> Language:
    """Return the language of most of the texts."""
    found = [language_of(text) for text in texts]
    return max(LANGUAGES.values(), key=found.count)


def unspaced_in(text: str) -> Language | None:
    """Return the language without spaces between words that a text has characters of, None where it has none."""
    return next((one for one in LANGUAGES.values() if not one.spaced and one.letters.search(text)), None)


def refers_back(text: str) -> bool:
    """Say whether a sentence begins with a word for what the sentence before it names."""
    first = text.split(maxsplit=1)[0] if text.strip() else ""
    return any(
        text.startswith(word) if not language.spaced else first.split("'")[0].split("’")[0] == word
        for language in LANGUAGES.values()
        for word in language.back_references
    )


def final_marks() -> tuple[str, ...]:
    """Return the marks on which a sentence ends in any language."""
    return _marks(all_languages(), "stops")


def clause_marks() -> tuple[str, ...]:
    """Return the marks that end what is cited as a sentence, though no text ends on one."""
    return _marks(all_languages(), "clause_stops")


@cache
def _marks(languages: tuple[Language, ...], kind: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(mark for language in languages for mark in getattr(language, kind)))


def spaced_language(text: str) -> Language:
    """Return the language of a text's words between spaces, whatever else it holds."""
    spaced = _spaced(all_languages())
    if len(spaced) == 1:
        return spaced[0]
    language = language_of(text)
    return language if language.spaced else spaced[0]


@cache
def _spaced(languages: tuple[Language, ...]) -> tuple[Language, ...]:
    return tuple(language for language in languages if language.spaced)


def language_by_share(text: str, units: int) -> Language:
    """Return the language whose letters in the text are its `least_share` of `units`, else that of the other words."""
    for language in LANGUAGES.values():
        if units and language.least_share and len(language.letters.findall(text)) / units >= language.least_share:
            return language
    return spaced_language(text)
