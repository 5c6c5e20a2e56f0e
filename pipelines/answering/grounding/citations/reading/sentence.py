"""A sentence as the checks see it: its words, names, numbers and dates, who does what to whom, and what is negated."""

import functools
from dataclasses import replace

from pipelines.answering.grounding.citations.reading.dates import dates_in
from pipelines.answering.grounding.citations.reading.numbers import numbers_in
from pipelines.answering.grounding.citations.reading.parts import IDENTIFIER, LABEL, Frame, Reading, Word
from pipelines.text.languages.languages import language_of

_CACHED = 4096


@functools.lru_cache(maxsize=_CACHED)
def read(text: str) -> Reading:
    """Return a sentence read in its language."""
    code = language_of(text).code
    dates = tuple(dates_in(text))
    taken = [(one.start, one.end) for one in dates]
    labels = [match.span() for form in (IDENTIFIER, LABEL) for match in form.finditer(text)]
    numbers = tuple(numbers_in(text, taken + labels))
    items = [Word(one.key, "date", one.start, one.end) for one in dates]
    items += [Word(one.key, "number", one.start, one.end) for one in numbers]
    if code == "zh":
        from pipelines.answering.grounding.citations.reading.chinese import read_chinese

        found = read_chinese(text, items)
    else:
        from pipelines.answering.grounding.citations.reading.english import read_english

        found = read_english(text, items)
    words, frames, names, headless = found
    frames = [Frame(f.predicate, f.subject - {f.predicate}, f.object - {f.predicate}, f.negated) for f in frames]
    words = sorted(words, key=lambda one: one.start)
    words = _with_dates(words, text)
    keys = frozenset(one.key for one in words)
    return Reading(text, code, tuple(words), tuple(frames), tuple(names), numbers, dates, frozenset(headless), keys)


def _with_dates(words: list[Word], text: str) -> list[Word]:
    """Return the words, a date that stands alone between commas in the part that follows it."""
    alone = {w.segment for w in words if w.kind == "date"} - {w.segment for w in words if w.kind != "date"}
    following = {one: min((w.segment for w in words if w.segment > one), default=one) for one in alone}
    return [replace(w, segment=following[w.segment]) if w.segment in alone else w for w in words]
