"""Rows of tables as prose: a bare figure has the unit and scale that its column's head says."""

import re

from pipelines.answering.grounding.citations.reading.numbers import numbers_in

_CELL = re.compile(r"(?P<head>[^:：,]{1,80}): (?P<figure>[-+−–]?\d[\d,]*(?:\.\d+)?)(?=, |$)")
_UNIT = re.compile(r"(?:\bin |[(（/]|单位[:：]?)\s*(?P<unit>[^()（）]{1,24}?)\s*[)）]?\s*$", re.IGNORECASE)
_CURRENCY = re.compile(r"(US\$|HK\$|[€$£¥])\s*(.*)")


def with_units(row: str) -> str:
    """Return a row of labelled cells whose bare figures stand with the unit of their column's head.

    >>> with_units("Division: Cheese, Revenue in million dollars: 28.0, Lines: 3")
    'Division: Cheese, Revenue in million dollars: 28.0 million dollars, Lines: 3'
    """
    return _CELL.sub(lambda match: f"{match['head']}: {_written(match['head'], match['figure'])}", row)


def _written(head: str, figure: str) -> str:
    """Return a figure with the unit that a column's head ends on, as it is where it ends on none."""
    match = _UNIT.search(head)
    if match is None:
        return figure
    money = _CURRENCY.match(match["unit"])
    written = f"{money[1]}{figure} {money[2]}" if money else f"{figure} {match['unit']}"
    written = written if match["unit"].isascii() else written.replace(" ", "")
    (read, *others) = numbers_in(written) or (None,)
    told = read is not None and not others and (read.unit is not None or read.value != read.mantissa)
    return written.strip() if told else figure
