"""What questions are read by: the languages' patterns and lists of words; and whether one is about all documents."""

import re
from collections.abc import Iterator
from dataclasses import asdict
from functools import cache

from pipelines.core.identity import json_digest
from pipelines.text.languages.language import Language
from pipelines.text.languages.languages import all_languages
from pipelines.text.terms import terms, word_root
from pipelines.text.words import name_letters

# Pairs do not reach over the words that bind or over marks: "the shop in Oslo" holds no "shop oslo".
_MARKS = r"[,;:()“”\"，；：、（）]"
_SMALL = re.compile(r"\d{1,2}")
_LONGEST_OVERVIEW = 200
"""Characters of a question that only wants to know what the documents are about."""


@cache
def asking_words(languages: tuple[Language, ...]) -> frozenset[str]:
    """Return, as roots, what questions say about the shape of their answer, not about its subject."""
    return frozenset(word_root(word) for language in languages for word in language.questions.asking_words)


@cache
def collection_words(languages: tuple[Language, ...]) -> frozenset[str]:
    """Return, as roots, what a question about all documents says of them together."""
    return frozenset(word_root(word) for language in languages for word in language.questions.collection_words)


@cache
def _overview_words(languages: tuple[Language, ...]) -> frozenset[str]:
    """Return, as roots, all that a question says which only wants to know what the documents are about."""
    own = frozenset(word_root(word) for language in languages for word in language.questions.overview_words)
    return own | asking_words(languages) | collection_words(languages)


@cache
def asking_pattern(languages: tuple[Language, ...], kind: str) -> re.Pattern[str]:
    """Return one pattern of `Questions` for all languages together."""
    return re.compile("|".join(getattr(one.questions, kind) for one in languages), re.IGNORECASE)


def patterns_digest() -> str:
    """Return the digest of what questions are read by: the languages' patterns, lists of words and how names look.

    Part of every answer's id, for they choose passages and evidence.
    """
    return _patterns_digest(all_languages())


@cache
def _patterns_digest(languages: tuple[Language, ...]) -> str:
    return json_digest(
        [
            {
                "language": one.code,
                "questions": {
                    **asdict(one.questions),
                    "asking_words": sorted(one.questions.asking_words),
                    "collection_words": sorted(one.questions.collection_words),
                    "overview_words": sorted(one.questions.overview_words),
                },
                "person": one.names.person,
                "inside": one.names.inside,
                "calendar": sorted(one.names.calendar),
                "stop_words": sorted(one.stop_words),
                "back_references": one.back_references,
                "answered": one.answered,
            }
            for one in languages
        ]
    )


def asks(kind: str, question: str) -> bool:
    """Say whether a question matches one pattern of `Questions`, in any language."""
    return asking_pattern(all_languages(), kind).search(question) is not None


def asks_for_all(question: str) -> bool:
    """Say whether a question is about all documents together: their themes, what they have in common, a summary."""
    plain = " ".join(question.split())
    return asks_for_overview(plain) or (asks("corpus", question) and not asks("one_document", plain))


def asks_for_overview(question: str) -> bool:
    """Say whether a question only wants to know what the documents are about: it has no terms of its own.

    >>> asks_for_overview("What are the main topics?"), asks_for_overview("What are the main topics in the reports?")
    (True, False)
    """
    plain = " ".join(question.split())
    if len(plain) > _LONGEST_OVERVIEW:
        return False
    return asks("overview", plain) and not asks("one_document", plain) and not _own_terms(plain)


def _own_terms(question: str) -> list[str]:
    """Return the terms of a question that say what it is about, beside the documents and how many things are wanted."""
    languages = all_languages()
    known = _overview_words(languages)
    found = (term for phrase in phrases(question) for term in terms(phrase) if term not in known)
    return [term for term in found if not _SMALL.fullmatch(term)]


@cache
def _gap(languages: tuple[Language, ...]) -> re.Pattern[str]:
    return re.compile(f"{_MARKS}|{asking_pattern(languages, 'gap').pattern}", re.IGNORECASE)


def phrases(question: str) -> Iterator[str]:
    """Yield what stands between the words and marks that bind; the letter of a name is no such word."""
    named, start = name_letters(question), 0
    for match in _gap(all_languages()).finditer(question):
        if match.start() not in named:
            yield question[start : match.start()]
            start = match.end()
    yield question[start:]
