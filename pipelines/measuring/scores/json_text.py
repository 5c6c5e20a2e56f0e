"""Whether an answer is JSON, as a program would read it."""

import json
from typing import NoReturn

from pipelines.measuring.scores.metric import PREDICTION, Metric, by_pair


def json_validity(prediction: str) -> float:
    """Return 1 where the whole text is one JSON value (RFC 8259), white space around it allowed, else 0.

    A Markdown fence or a sentence around it is no JSON, nor are NaN and Infinity; nor what nests deeper than Python's
    reader goes (RFC 8259, section 9, lets a reader set such a limit).
    """
    try:
        json.loads(prediction, parse_constant=_refuse, parse_int=str)
    except (ValueError, RecursionError):
        return 0.0
    return 1.0


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


JSON_VALIDITY = Metric(
    name="json_validity",
    source="RFC 8259",
    empty="0",
    needs=(PREDICTION,),
    rows=by_pair(lambda prediction, _: json_validity(prediction)),
)
