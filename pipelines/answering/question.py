"""What a question asks for: its terms, its names, the kind of thing that answers it; in any of the languages."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from pipelines.answering.question_patterns import (
    asking_pattern,
    asking_words,
    asks,
    asks_for_all,
    collection_words,
    phrases,
)
from pipelines.core.errors import ConfigurationError
from pipelines.text.languages.languages import all_languages, final_marks, spaced_language, unspaced_in
from pipelines.text.sentences import sentences
from pipelines.text.terms import terms
from pipelines.text.words import name_letters

_NAME_BEFORE = re.compile(r"(?:[A-Za-zÀ-ɏ][\w’'-]* |\w)$")
_NEAR = 40
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]+")
_HALF = re.compile(r"[\ud800-\udfff]")
_LONG_QUESTION = 300
"""Characters: about four lines."""
LONGEST_QUESTION = 32_000
"""Characters of a question that a person types or pastes; more than that is a document."""
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_LATIN_RUN = re.compile(r"[A-Za-zÀ-ɏ][A-Za-zÀ-ɏ0-9’'-]*(?: [A-Za-zÀ-ɏ0-9][A-Za-zÀ-ɏ0-9’'-]*)*")
# No \w: "MIT指什么" names MIT, not what stands behind it without a space.
_CAPITALISED = re.compile(r"[A-ZÀ-Þ][A-Za-zÀ-ɏ0-9_’'-]*")
_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")


def question_terms(question: str) -> list[str]:
    """Return the distinct terms and pairs that evidence has to hold, in order: without the words that only ask."""
    wanted: dict[str, None] = {}
    languages = all_languages()
    asking = asking_words(languages)
    if asks_for_all(question):
        asking |= collection_words(languages)
    for phrase in phrases(question):
        found = [term for term in terms(phrase) if term not in asking]
        wanted |= dict.fromkeys(found)
        wanted |= dict.fromkeys(f"{first} {second}" for first, second in pairwise(found))
    return list(wanted)


def checked_question(question: str) -> str:
    """Return a question without what is around it and without control characters, which no search reads.

    ConfigurationError for one that is empty, too long or holds half a character.
    """
    plain = _CONTROL.sub(" ", question).strip()
    found = ""
    if not plain:
        found = "no question"
    elif len(plain) > LONGEST_QUESTION:
        found = f"a question of {len(plain)} characters"
    elif half := _HALF.search(plain):
        found = f"half a character (U+{ord(half.group()):04X})"
    if found:
        expected = f"1 to {LONGEST_QUESTION} characters of text"
        raise ConfigurationError("the question", found, expected, "graftline ask 'How long can I return a tent?'")
    return plain


def asked_part(question: str) -> str:
    """Return what a long question asks, by which it is searched: its asking sentences, else its last one.

    What is no longer than a sentence or two asks with all that it says.

    >>> asked_part("How deep is it?")
    'How deep is it?'
    """
    spans = sentences(question)
    if len(spans) < 3 and len(question) <= _LONG_QUESTION:
        return question
    said = [question[start:end].strip() for start, end in spans]
    asking = [one for one in said if one.rstrip("\"'”’)）」』").endswith(("?", "？"))]
    return " ".join(asking or said[-1:]) or question


def numbers_in(text: str) -> set[str]:
    """Return the numbers of a text, thousands joined ("2,300" is "2300"), written-out ones in small letters."""
    plain = re.sub(r"(?<=\d),(?=\d{3}\b)", "", text)
    written = asking_pattern(all_languages(), "number_word").findall(text)
    return set(_NUMBER.findall(plain)) | {word.lower() for word in written}


def proper_names(text: str) -> set[str]:
    """Return the capitalised words of a text, without months and what is only capitalised for being first.

    A name that ends in a letter is there with it as well: "team a".
    """
    found = set(lettered_names(text))
    language, stops = spaced_language(text), (*final_marks(), ":")
    stop_words, calendar = language.stop_words, language.names.calendar
    for match in _CAPITALISED.finditer(text):
        before = text[: match.start()].rstrip(" \"'“‘(*")
        opens = not before or before[-1] in stops
        followed = re.match(r" [A-ZÀ-Þ]", text[match.end() :]) or len(text.split()) == 1
        word = match.group().lower()
        if word not in stop_words and word not in calendar and (not opens or followed):
            found.add(word)
    return found


def lettered_names(text: str) -> set[str]:
    """Return the names that a single letter belongs to, in small letters: "team a", "a组"."""
    names = set()
    for place in name_letters(text):
        before, behind = _NAME_BEFORE.search(text[:place][-_NEAR:]), text[place + 1 : place + 2]
        own = text[place] + (behind if unspaced_in(behind) else "")
        names.add(f"{before.group() if before and len(own) == 1 else ''}{own}".lower())
    return names


def key_terms(question: str) -> set[str]:
    """Return what evidence cannot do without: a question's numbers and names; Latin words in one without spaces."""
    marked = {number for number in numbers_in(question) if number[0].isdigit()} | proper_names(question)
    if unspaced_in(question):
        marked |= {run.group().lower() for run in _LATIN_RUN.finditer(question)}
    letters = {question[place].lower() for place in name_letters(question)}
    return letters | {term for word in marked for term in terms(word)}


def key_names(question: str) -> list[tuple[str, ...]]:
    """Return the names and numbers of a question, each as its terms in order.

    Words that are capitalised side by side are one name, whatever binds them: "Jump for Glory" is one.

    >>> key_names("Who wrote Jump for Glory in 1937?")
    [('jump', 'glor'), ('1937',)]
    """
    keys, found = key_terms(question), list[tuple[str, ...]]()
    for run in _name_runs(question):
        name = tuple(dict.fromkeys(term for term in terms(run.group()) if term in keys))
        # The word that opens a question is capitalised for that, and a name of its own at most.
        opens = (
            not unspaced_in(question)
            and run.start() == 0
            and len(name) > 1
            and terms(run.group().split()[0])[:1] == [name[0]]
        )
        found += [name[:1], name[1:]] if opens else [name]
    named = {term for name in found for term in name}
    return list(dict.fromkeys(name for name in [*found, *((key,) for key in sorted(keys - named))] if name))


def _name_runs(question: str) -> Iterator[re.Match[str]]:
    if unspaced_in(question):
        return _LATIN_RUN.finditer(question)
    inside = "|".join(word for language in all_languages() for word in language.names.inside)
    bound = rf"(?: (?:{inside}))*" if inside else ""
    return re.finditer(rf"[A-ZÀ-Þ][\w’'-]*(?:\.?{bound} [A-ZÀ-Þ][\w’'-]*)*", question)


def holds_name(name: tuple[str, ...], ordered: Sequence[str]) -> bool:
    """Say whether a name stands among terms in order, with one other between two of its own at most.

    >>> holds_name(("steven", "blankaart"), ["work", "steven", "r", "blankaart"])
    True
    >>> holds_name(("liang", "ji"), ["ji", "liang", "said"])
    False
    """
    ends = {place for place, term in enumerate(ordered) if term == name[0]}
    for term in name[1:]:
        ends = {place + step for place in ends for step in (1, 2) if ordered[place + step : place + step + 1] == [term]}
    return bool(ends)


def holds_counted_thing(question: str, text: str) -> bool:
    """Say whether a text names what "how many …" or "多少…" counts; True where the question counts nothing."""
    for asked in (language.questions for language in all_languages()):
        match = re.search(asked.counted, question, re.IGNORECASE)
        things = [thing for thing in match.groups() if thing] if match else []
        if things and asked.amount:
            return re.search(asked.amount + re.escape(things[0]), text) is not None
        if things:
            return bool(set(terms(text)) & set(terms(" ".join(things))))
    return True


def asks_widely(question: str) -> bool:
    """Say whether a question asks about the collection as a whole, for many things rather than one fact."""
    return asks("whole", question) and not asks("person", question) and not asks("number", question)


def holds_answer_kind(question: str, text: str) -> bool:
    """Say whether a text has what is asked for (a number, a person, a name) beyond what the question itself says."""
    if asks("person", question):
        return any(person.lower() not in question.lower() for person in _people(text))
    if asks("year", question):
        return bool(set(_YEAR.findall(text)) - set(_YEAR.findall(question)))
    if asks("number", question):
        return bool(numbers_in(text) - numbers_in(question))
    if asks("name", question):
        return any(name not in question.lower() for name in proper_names(text))
    return True


def _people(text: str) -> Iterator[str]:
    """Yield what is written like a person's name in any language."""
    for language in all_languages():
        for name in re.findall(language.names.person, text):
            if name.split()[0].lower() not in language.stop_words:
                yield name
