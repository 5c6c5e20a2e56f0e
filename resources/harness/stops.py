"""Where a task's stop texts end an answer."""

from collections.abc import Sequence


def before_stops(text: str, until: str | Sequence[str] | None) -> str:
    """Return the text before the first of the stop texts; one alone may be given as it is.

    >>> before_stops("7. Question: and", ["Question:", "."]), before_stops("7 Q", "Q"), before_stops("7", None)
    ('7', '7 ', '7')
    """
    stops = [until] if isinstance(until, str) else until or []
    ends = [place for stop in stops if stop and (place := text.find(stop)) >= 0]
    return text[: min(ends)] if ends else text
