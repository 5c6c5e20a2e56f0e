"""The JSON object in a model's answer: among thoughts and examples, in a fence, with slips, or cut by a limit."""

import contextlib
import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

_STRING_OR_TRAILING_COMMA = re.compile(r'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])', re.DOTALL)
_BEGINNING = re.compile(r'\{(?=\s*(?:"|\}|$))')


def last_object(answer: str, keys: Collection[str]) -> dict[str, Any] | None:
    """Return the last object of an answer that has one of the keys, its keys in small letters; None without one.

    The last, since a thought before it may hold an example. Of an object that the token limit cut, what is complete
    before the cut is kept; trailing commas, and line breaks inside quotes, are forgiven.

    >>> last_object('Like {"a": 1}? Sure: ```json {"a": [{"n": "x"}, {"n": "y', ["a"])
    {'a': [{'n': 'x'}]}
    """
    found = None
    for value in objects(answer, keys):
        found = value
    return found


def objects(text: str, keys: Collection[str]) -> Iterator[dict[str, Any]]:
    """Yield the objects that have one of the keys, as `last_object` reads them; those inside one that has none too."""
    place = 0
    while begun := _BEGINNING.search(text, place):
        value, end = _value_at(text, begun.start())
        lowered = {str(key).lower(): one for key, one in value.items()} if isinstance(value, dict) else {}
        if lowered.keys() & set(keys):
            yield lowered
            place = end
        else:
            place = begun.end()


def lowered(value: Any) -> dict[str, Any]:
    """Return an object's fields by their names in small letters, as models spell them at will; {} of anything else."""
    return {str(key).lower(): one for key, one in value.items()} if isinstance(value, Mapping) else {}


def _value_at(text: str, start: int) -> tuple[Any, int]:
    """Return the value that begins here and the place after it; None where it cannot be read even after repair."""
    with contextlib.suppress(json.JSONDecodeError):
        return json.JSONDecoder(strict=False).raw_decode(text, start)  # nothing is repaired that is right as it is
    text = text[start:]
    cuts, closers = _cuts(text)
    for cut, closing in zip(cuts, closers, strict=True):
        with contextlib.suppress(json.JSONDecodeError):
            return json.loads(_without_trailing_commas(text[:cut] + closing), strict=False), start + cut
    return None, start + 1


def _without_trailing_commas(text: str) -> str:
    """Return the text without the commas before a closing bracket; what stands in quotes is left as it is."""
    return _STRING_OR_TRAILING_COMMA.sub(lambda match: match.group(1) or "", text)


def _cuts(text: str) -> tuple[list[int], list[str]]:
    """Return the places after a bracket, the last first, and what closes the value there."""
    stack: list[str] = []
    places: list[tuple[int, str]] = []
    quoted = escaped = False
    for position, character in enumerate(text):
        if quoted:
            quoted = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            quoted = True
        elif character in "{[":
            stack.append("}" if character == "{" else "]")
            if character == "[" or len(stack) == 1:  # an object that just began holds nothing
                places.append((position + 1, "".join(reversed(stack))))
        elif character in "}]" and stack:
            stack.pop()
            places.append((position + 1, "".join(reversed(stack))))
            if not stack:
                break
    places.reverse()
    return [place for place, _ in places], [closing for _, closing in places]
