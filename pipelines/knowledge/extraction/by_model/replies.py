"""What a model replied, read: an object, a list or lines of JSON, in a fence, with slips, or cut by a limit."""

import contextlib
import json
import re
from typing import Any

from pipelines.core.protocols import CUT, Completion
from pipelines.knowledge.extraction.by_model.fields import (
    ENTITIES,
    NAMES,
    RELATIONS,
    SOURCES,
    entity_of,
    is_entity,
    is_relation,
    listed,
    relation_of,
)
from pipelines.knowledge.extraction.said.records import Said
from pipelines.text.notation.json_objects import last_object, objects

CUT_NOTE = "the token limit cut the model's answer: what was complete before it is kept"
MENDED_NOTE = "the model's answer is no valid JSON: what could be read of it is kept"
_SHOWN = 80
_WHOLE = tuple(dict.fromkeys((*ENTITIES, *RELATIONS)))
_SINGLE = tuple(dict.fromkeys((*NAMES, *SOURCES)))
_QUOTES = {"'": "'", "“": "”", "‘": "’", "„": "“"}
_WORDS = {"None": "null", "True": "true", "False": "false"}
_WORD = re.compile(r"\b(?:None|True|False)\b")
_EMPTY_LIST = re.compile(r"\s*(?:```(?:json)?)?\s*\[\s*\]\s*(?:```)?\s*")
_END = 900
_CIRCLE = re.compile(r"(.{3,140}?)\1{4,}.{0,140}\Z", re.DOTALL)
"""At the end of a text: a piece five times, one behind the other."""


class UnusableReply(ValueError):
    """A reply of which nothing can be read, and why."""


def read_reply(reply: Completion) -> Said:
    """Return what a reply says; UnusableReply where it says nothing that can be read."""
    if reply.failure:
        raise UnusableReply(reply.failure)
    text = reply.text if reply.text.strip() else _called(reply.calls)
    if reply.finish_reason == CUT and runs_in_circles(text):
        raise UnusableReply(f"the model repeats itself until the token limit: …{text[-60:]!r}")
    cut = reply.finish_reason == CUT
    valid = _is_valid(text)
    found = [items for one in ((text,) if valid else (text, requoted(text))) if (items := _items(one)) is not None]
    entities, relations = max(found, key=lambda items: sum(map(len, items))) if found else ([], [])
    # A list that broke off before its first item says nothing; one that is empty says that nothing is named.
    if found and (valid or entities or relations):
        note = CUT_NOTE if cut else "" if valid else MENDED_NOTE
        return Said(tuple(map(entity_of, entities)), tuple(map(relation_of, relations)), note)
    shown = repr(text[:_SHOWN]) if text.strip() else f"nothing (finish_reason {reply.finish_reason!r})"
    cut_by = "; the token limit cut it" if cut else ""
    raise UnusableReply(f"the model's answer has no JSON object with entities or relations: {shown}{cut_by}")


def runs_in_circles(text: str) -> bool:
    """Say whether a text ends in one piece again and again."""
    return _CIRCLE.search(text[-_END:]) is not None


def requoted(text: str) -> str:
    """Return a text with the strings of JSON in double quotes, whatever quotes they were in, and JSON's own words.

    >>> requoted("{'name': 'the O’Neills', 'type': None}")
    '{"name": "the O’Neills", "type": null}'
    """
    parts: list[str] = []
    place = begun = 0
    while place < len(text):
        character = text[place]
        if character == '"':
            end = _after_string(text, place)
        elif character in _QUOTES and text[:place].rstrip()[-1:] in ("", *"{[,:("):
            end = _closing(text, place)
        else:
            place += 1
            continue
        parts.append(_WORD.sub(lambda word: _WORDS[word.group()], text[begun:place]))
        parts.append(text[place:end] if character == '"' else _double(text[place + 1 : end - 1]))
        place = begun = end
    return "".join((*parts, _WORD.sub(lambda word: _WORDS[word.group()], text[begun:])))


def _after_string(text: str, place: int) -> int:
    found = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL).match(text, place)
    return found.end() if found else len(text)


def _closing(text: str, place: int) -> int:
    """Return the place after the quote that ends a string: what follows it goes on with the object or the list."""
    quote = _QUOTES[text[place]]
    for found in re.finditer(re.escape(quote), text[place + 1 :]):
        end = place + 1 + found.end()
        if text[end - 2] != "\\" and text[end:].lstrip()[:1] in ("", *",:}])"):
            return end
    return len(text)


def _double(inner: str) -> str:
    return '"' + re.sub(r"\\(['‘’“”])", r"\1", inner).replace('\\"', '"').replace('"', '\\"') + '"'


def _items(text: str) -> tuple[list[Any], list[Any]] | None:
    """Return the entities and the relations of a text; None where it has neither, nor says that there are none."""
    value = last_object(text, _WHOLE)
    if value is not None and not _is_single(value):
        return listed(value, ENTITIES), listed(value, RELATIONS)
    alone = [*_listed_alone(text)] or [one for one in objects(text, _SINGLE) if is_entity(one) or is_relation(one)]
    if alone:
        related = [one for one in alone if is_relation(one)]
        return [one for one in alone if not is_relation(one)], related
    return ([], []) if _EMPTY_LIST.fullmatch(text) else None


def _is_single(value: dict[str, Any]) -> bool:
    """Say whether an object is one item under a key that lists have too: {"entity": "Ann"}, {"relation": …}."""
    lists = [value[key] for key in value if key in _WHOLE]
    return all(isinstance(one, str) for one in lists) and (is_entity(value) or is_relation(value))


def _listed_alone(text: str) -> list[Any]:
    """Return the items of a list that no object is around: names, triples."""
    for begun in re.finditer(r"\[", text):
        with contextlib.suppress(json.JSONDecodeError):
            value, _ = json.JSONDecoder().raw_decode(text, begun.start())
            if value and all(isinstance(one, list | str) for one in value):
                return list(value)
    return []


def _is_valid(text: str) -> bool:
    """Say whether what names things is JSON as it stands in the text, whatever is around it."""
    if last_object(text, _WHOLE) is None:
        return _items(text) is not None
    for begun in re.finditer(r"\{", text):
        with contextlib.suppress(json.JSONDecodeError):
            value, _ = json.JSONDecoder().raw_decode(text, begun.start())
            if last_object(json.dumps(value), _WHOLE) is not None:
                return True
    return False


def _called(calls: str) -> str:
    """Return the arguments of the tool that a model called in place of an answer."""
    try:
        values = json.loads(calls or "[]")
    except ValueError:
        return ""
    functions = [one.get("function", one) for one in values if isinstance(one, dict)]
    given = (one.get("arguments") for one in functions if isinstance(one, dict))
    return "\n".join(one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in given if one)
