"""How a question is put: two things side by side, one by way of another, a figure to be calculated, the years in it."""

import re

from pipelines.answering.question_patterns import asking_pattern, asks
from pipelines.text.languages.languages import all_languages

_YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")


def sets_side_by_side(question: str) -> bool:
    """Say whether a question compares things, which may stand in documents of their own."""
    return asks("comparison", question)


def asks_by_way_of(question: str) -> bool:
    """Say whether a question names a thing by what another one is to it: "the director of …", "where … was born"."""
    return asks("hops", question)


def calculation_asked(question: str) -> str:
    """Return "growth", "difference" or "ratio" where a question asks for one, else ""."""
    return next((kind for kind in ("growth", "difference", "ratio") if asks(kind, question)), "")


def years_in(question: str) -> list[str]:
    """Return what a question calls years, each once, the earliest first: "last year", numbers, "this year"."""
    earlier, current = (
        [match[0] for match in asking_pattern(all_languages(), kind).finditer(question)]
        for kind in ("earlier_year", "this_year")
    )
    return list(dict.fromkeys([*earlier, *sorted(_YEAR.findall(question)), *current]))
