"""What a model says of reports: ratings, points and follow-up questions, read out of whatever form it writes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.core.protocols import Completion
from pipelines.text.notation.json_objects import last_object, lowered, objects

_SCORES = ("score", "rating", "relevance", "importance", "importance_score")
_TEXTS = ("point", "description", "answer", "text", "summary", "question", "query")
_REPORTS = ("reports", "report", "report_ids", "sources", "number", "id")


@dataclass(frozen=True)
class Point:
    """One thing that a model found in reports for a question, how much it helps (0 to 100), and in which reports."""

    text: str
    score: float
    reports: tuple[int, ...]


def read_ratings(completion: Completion, count: int) -> dict[int, float]:
    """Return how relevant a model says each of `count` reports is, 0 to 5, by number from 1; {} where it says nothing.

    >>> read_ratings(Completion('Sure: {"ratings": [{"report": 1, "score": 4}, {"report": 2, "score": "0"}]}', 0, 0), 2)
    {1: 4.0, 2: 0.0}
    """
    found = last_object(completion.text, ("ratings", "reports", "scores")) or {}
    held = found.get("ratings", found.get("scores", found.get("reports")))
    if isinstance(held, dict):
        pairs = [(_number(key), _number(value)) for key, value in held.items()]
    elif isinstance(held, list) and all(not isinstance(one, dict) for one in held):
        pairs = [(place, _number(value)) for place, value in enumerate(held, start=1)]
    else:
        pairs = [
            (next(iter(_numbers(one)), None), _number(_first(one, _SCORES)))
            for one in _dicts(held if isinstance(held, list) else list(objects(completion.text, ("score", "rating"))))
        ]
    return {
        int(key): min(5.0, max(0.0, score))
        for key, score in pairs
        if key is not None and score is not None and 1 <= key <= count
    }


def read_points(completion: Completion, count: int) -> list[Point]:
    """Return the points of a reply that name one of `count` reports, best first; of a cut reply the whole ones."""
    found = last_object(completion.text, ("points",)) or {}
    held = found.get("points")
    points = list[Point]()
    for one in _dicts(held if isinstance(held, list) else list(objects(completion.text, _TEXTS[:2]))):
        text, score = str(_first(one, _TEXTS) or "").strip(), _number(_first(one, _SCORES))
        reports = tuple(dict.fromkeys(number for number in _numbers(one) if 1 <= number <= count))
        if text and reports and (score is None or score > 0):
            points.append(Point(text, min(100.0, score if score is not None else 50.0), reports))
    return sorted(points, key=lambda point: -point.score)


def read_primer(completion: Completion, most: int) -> tuple[str, list[str]]:
    """Return the first answer of a reply and its follow-up questions, each once."""
    found = last_object(completion.text, ("answer", "intermediate_answer", "follow_ups", "follow_up_queries")) or {}
    answer = next((found[key] for key in ("answer", "intermediate_answer") if isinstance(found.get(key), str)), "")
    names = ("follow_ups", "follow_up_queries", "followups", "questions")
    held: list[Any] = next((found[key] for key in names if isinstance(found.get(key), list)), [])
    said = (_first(one, ("question", "query")) if isinstance(one, dict) else one for one in held)
    asked = (one.strip() for one in said if isinstance(one, str))
    return answer.strip(), list(dict.fromkeys(one for one in asked if one))[:most]


def _dicts(held: Sequence[Any]) -> Iterator[dict[str, Any]]:
    return (lowered(one) for one in held if isinstance(one, dict))


def _first(held: dict[str, Any], keys: Sequence[str]) -> Any:
    fields = lowered(held)
    return next((fields[key] for key in keys if fields.get(key) not in (None, "")), None)


def _numbers(held: dict[str, Any]) -> list[int]:
    """Return the reports that an object names: a number, a list of numbers, or a text with numbers in it."""
    value = _first(held, _REPORTS)
    values = value if isinstance(value, list) else str(value).replace(";", ",").split(",") if value is not None else []
    return [int(number) for one in values if (number := _number(one)) is not None]


def _number(value: Any) -> float | None:
    """Return a number that a model wrote as one or in a text, None where there is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value) if value == value else None
    digits = "".join(sign if sign.isdigit() or sign == "." else " " for sign in str(value)).split()
    try:
        return float(digits[0]) if digits else None
    except ValueError:
        return None
