"""A language model by rules that answers the extraction and report prompts of several systems, each in its own format.

What it finds depends on the passage alone: capitalised names and, between neighbours in a sentence, relations. So every
system gets the same findings in the words that it asks for, and only what it asks how often differs. No system is known
by name: the format is taken from the prompt (tuples, lines, a JSON schema or an example in JSON).
"""

import json
import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

EXTRACTION, GLEANING, REPORT, TEXT = "extraction", "gleaning", "report", "text"
_MOST = 12
_DESCRIPTION_WORDS = 20
_TITLE_WORDS, _SUMMARY_WORDS, _EXPLANATION_WORDS = 6, 60, 50
_SENTENCE_WORDS = 12
_FINDINGS = 5
_LENGTHS = {
    "title": _TITLE_WORDS,
    "description": _DESCRIPTION_WORDS,
    "rating_explanation": _DESCRIPTION_WORDS,
    "explanation": _EXPLANATION_WORDS,
}
"""Words of a report's fields by their names; other texts are a sentence."""
_TYPES = ("PERSON", "ORGANIZATION", "LOCATION", "EVENT")
_RELATION_TYPES = ("WORKS_WITH", "PART_OF", "LOCATED_IN", "KNOWN_FOR")
_SENTENCE = re.compile(r"(?<=[.!?。！？])\s+|\n+")
_NAME = re.compile(r"\b[A-Z][\w'’-]+(?:(?: of| de| the| von| van)? [A-Z][\w'’-]+)*")
_FUNCTION_WORDS = frozenset(
    "A After An And As At Before But By During For From He Her His How However I If In It Its On One She Since That "
    "The Their There These They This Those To We What When Where Which While Who With You".split()
)
_MARKER = re.compile(r"(?:^|\n)[-#* ]*(?:Input |Source )?(?:Text|Passage|文本)[-#* ]*(?:[:：]|\n|$)[ ]*", re.IGNORECASE)
_AFTER = re.compile(r"\n(?:#{3,}|`{3}|-{3}|JSON:|Output:|答案|</)")
_SPARING = re.compile(r"descriptions?:[^\n]*\bleft out\b", re.IGNORECASE)
"""Where a prompt says so, and its example shows none: entities get theirs all the same, relations none."""
_ONLY = re.compile(r"\n\n[^\n:：]*\bnames\b[^\n:：]*: ([^\n]+)")
"""Names that a prompt asks for alone, behind its passage."""
_MISSED = re.compile(r"\bmissed\b|still (?:need|be) ", re.IGNORECASE)
_AT_MOST = re.compile(r"(?:up to|at most|no more than) (\w+) words", re.IGNORECASE)
_NUMBERS = {"five": 5, "six": 6, "eight": 8, "ten": 10, "twelve": 12, "fifteen": 15, "twenty": 20}
_NUMBERED = re.compile(r"^(?:\[?\w?\d+\]?[.:)]?|[-*•])\s+")
_TOLD = 40
_YES_OR_NO = re.compile(r"\bY(?:ES)?\b\s*(?:\||or|/)\s*\bN(?:O)?\b")


@dataclass(frozen=True)
class Answer:
    """What the model says, and what it took the prompt for."""

    kind: str
    text: str


@dataclass(frozen=True)
class Found:
    """Names with the words that describe them, and pairs of names."""

    names: dict[str, str]
    pairs: list[tuple[str, str, str]]


def answer(messages: Sequence[Mapping[str, Any]], schema: Mapping[str, Any] | None) -> Answer:
    """Answer a conversation; `schema` is that of its `response_format`."""
    texts = [_text(message.get("content")) for message in messages]
    whole, last = "\n\n".join(texts), texts[-1]
    later = any(message.get("role") == "assistant" for message in messages)
    if later and _YES_OR_NO.search(last):
        return Answer(GLEANING, "N" if re.search(r"\bY or N\b", last) else "NO")
    if later and _MISSED.search(last):
        return Answer(GLEANING, "<|COMPLETE|>")
    words = _asked_words(whole)
    compact = (",", ":") if re.search(r'":\[[\[{]"', whole) else (", ", ": ")
    if '("entity"<|>' in whole or "entity<|#|>" in whole:
        lines = '("entity"<|>' not in whole
        return Answer(EXTRACTION, _tuples(_find(_passage(texts), words), lines))
    if schema:
        extraction, again = _is_extraction(schema), _ONLY.search(last)
        filled = json.dumps(_filled(schema, texts, words), ensure_ascii=False, separators=compact)
        return Answer(GLEANING if again else EXTRACTION if extraction else REPORT, filled)
    if '"findings"' in whole:
        return Answer(REPORT, json.dumps(_report(texts)))
    if '"entities"' in whole and ('"relations"' in whole or '"relationships"' in whole):
        found = _find(_passage(texts), words)
        entities = [{"name": name, "type": _type(name), "description": said} for name, said in found.names.items()]
        relations = [dict(zip(("source", "target", "description"), pair, strict=True)) for pair in found.pairs]
        filled = json.dumps({"entities": entities, "relations": relations}, ensure_ascii=False, separators=compact)
        return Answer(EXTRACTION, filled)
    return Answer(TEXT, _prose(last, _SUMMARY_WORDS))


def _asked_words(whole: str) -> int:
    """Return how long a prompt wants descriptions at most, else what is usual for those who say nothing of it."""
    asked = [int(word) if word.isdecimal() else _NUMBERS.get(word.lower(), 0) for word in _AT_MOST.findall(whole)]
    return min([number for number in asked if 0 < number <= _DESCRIPTION_WORDS], default=_DESCRIPTION_WORDS)


def _text(content: Any) -> str:
    if isinstance(content, list):
        return "\n".join(str(part.get("text") or "") for part in content)
    return str(content or "")


def _passage(texts: Sequence[str]) -> str:
    """Return the passage that a prompt is about: what stands after its last marker, else its last message."""
    last = texts[-1]
    ends = [found.end() for found in _MARKER.finditer(last) if last[found.end() :].strip(" \n`#-")]
    passage = last[ends[-1] :] if ends else last
    passage = _ONLY.split(passage, maxsplit=1)[0]
    fenced = passage.lstrip().removeprefix("```").lstrip("\n") if passage.lstrip().startswith("```") else passage
    return _AFTER.split(fenced, maxsplit=1)[0].strip()


def _find(passage: str, words: int) -> Found:
    names: dict[str, str] = {}
    pairs: list[tuple[str, str, str]] = []
    for sentence in _sentences(passage):
        said = " ".join(sentence.split()[:words])
        here = []
        for match in _NAME.finditer(sentence):
            name = match.group()
            first, _, rest = name.partition(" ")
            name = rest if first in _FUNCTION_WORDS else name
            if len(name) > 2 and name[0].isupper() and (name in names or len(names) < _MOST):
                names.setdefault(name, said)
                here.append(name)
        pairs += [(one, two, said) for one, two in pairwise(here) if one != two]
    return Found(names, list({pair[:2]: pair for pair in pairs}.values()))


def _sentences(text: str) -> list[str]:
    return [found for part in _SENTENCE.split(text) if (found := part.strip(" -*•|"))]


def _type(name: str, among: Sequence[str] = _TYPES) -> str:
    return among[zlib.crc32(name.encode()) % len(among)]


def _tuples(found: Found, lines: bool) -> str:
    """Return findings as tuples, or as lines of fields."""
    if lines:
        rows = [f"entity<|#|>{name}<|#|>{_type(name)}<|#|>{said}" for name, said in found.names.items()]
        rows += [f"relation<|#|>{one}<|#|>{two}<|#|>association<|#|>{said}" for one, two, said in found.pairs]
        return "\n".join([*rows, "<|COMPLETE|>"])
    rows = [f'("entity"<|>{name.upper()}<|>{_type(name)}<|>{said})' for name, said in found.names.items()]
    rows += [f'("relationship"<|>{one.upper()}<|>{two.upper()}<|>{said}<|>5)' for one, two, said in found.pairs]
    return "\n##\n".join([*rows]) + "\n<|COMPLETE|>"


def _report(texts: Sequence[str]) -> dict[str, Any]:
    source = texts[-1]
    findings = [
        {"summary": _prose(source, _TITLE_WORDS, n), "explanation": _prose(source, _EXPLANATION_WORDS, n)}
        for n in range(_wanted(texts))
    ]
    return {
        "title": _prose(source, _TITLE_WORDS),
        "summary": _prose(source, _SUMMARY_WORDS),
        "rating": 5.0,
        "rating_explanation": _prose(source, _DESCRIPTION_WORDS),
        "findings": findings,
    }


def _wanted(texts: Sequence[str]) -> int:
    """Return the fewest findings that a prompt asks for ("5-10 key insights"), else five."""
    asked = re.search(r"(\d+)\s*(?:-|–|to)\s*\d+ (?:\w+ ){0,2}(?:insights|findings)", "\n".join(texts))
    return int(asked[1]) if asked else _FINDINGS


def _prose(source: str, words: int, offset: int = 0) -> str:
    """Return whole sentences of what a prompt tells, from its end, about so many words."""
    told = [one for one in _sentences(source) if len(one.split()) > 4 and "{" not in one][-_TOLD:] or [source[-200:]]
    chosen: list[str] = []
    for place in range(len(told)):
        sentence = _NUMBERED.sub("", told[(place + offset) % len(told)])
        chosen.append(sentence if sentence.endswith((".", "!", "?", "。")) else f"{sentence}.")
        if sum(len(one.split()) for one in chosen) >= words:
            break
    return " ".join(chosen)


def _is_extraction(schema: Mapping[str, Any]) -> bool:
    return any("entit" in name for name in schema.get("properties", {})) and "findings" not in json.dumps(schema)


def _filled(schema: Mapping[str, Any], texts: Sequence[str], words: int) -> dict[str, Any]:
    """Return an object of a schema: lists of entities and relations from the passage, the rest as a report has it."""
    found = _find(_passage(texts), words)
    if again := _ONLY.search(texts[-1]):
        said = " ".join(_passage(texts).split()[:words])
        found = Found(dict.fromkeys(again[1].split("; "), said), [])
    filled: dict[str, Any] = {}
    for name, wanted in _properties(schema, schema).items():
        items = _resolved(wanted.get("items", {}), schema)
        fields = _properties(items, schema)
        if wanted.get("type") == "array" and items.get("type") == "array":
            filled[name] = _rows(name, found, sparing=bool(_SPARING.search("\n".join(texts))))
        elif wanted.get("type") == "array" and fields:
            if {"source", "target"} <= {_end(field) for field in fields}:
                filled[name] = [_item(fields, {"source": a, "target": b, "": said}) for a, b, said in found.pairs]
            elif _is_extraction(schema) and "name" in " ".join(fields):
                filled[name] = [_item(fields, {"name": one, "": said}) for one, said in found.names.items()]
            elif _is_extraction(schema):
                filled[name] = []
            else:
                filled[name] = [_item(fields, {}, texts[-1], number) for number in range(_wanted(texts))]
        else:
            filled[name] = _value(name, wanted, texts[-1], 0)
        most = wanted.get("maxItems")
        filled[name] = filled[name][:most] if most and isinstance(filled[name], list) else filled[name]
    return filled


def _rows(name: str, found: Found, sparing: bool) -> list[list[str]]:
    """Return findings where each is to be a list of texts: a name, type and description, or two ends about a type."""
    if "relation" in name:
        told = [[] if sparing else [said] for _, _, said in found.pairs]
        rows = zip(found.pairs, told, strict=True)
        return [[one, _type(one, _RELATION_TYPES), two, *said] for (one, two, _), said in rows]
    return [[one, _type(one), said] for one, said in found.names.items()]


def _resolved(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = str(schema.get("$ref", "")).rpartition("/")[2]
    return root.get("$defs", {}).get(reference, schema) if reference else schema


def _properties(schema: Mapping[str, Any], root: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {name: _resolved(one, root) for name, one in schema.get("properties", {}).items()}


def _end(field: str) -> str:
    """Return "source" or "target" for the ends of a relation, whatever they are called; else the field."""
    ends = {"source": r"source|subject|head|src", "target": r"target|object|tail|tgt"}
    return next((end for end, names in ends.items() if re.match(names, field)), field)


def _item(
    fields: Mapping[str, Mapping[str, Any]], known: Mapping[str, str], source: str = "", number: int = 0
) -> dict[str, Any]:
    """Return one element; what `known` has no field for is described by its text, else by the prompt's."""
    item = {}
    for field, wanted in fields.items():
        if _end(field) in known or ("name" in field and "name" in known):
            item[field] = known.get(_end(field)) or known["name"]
        elif "type" in field and wanted.get("type", "string") == "string":
            usual = _RELATION_TYPES if "source" in known else _TYPES
            item[field] = _type(next(iter(known.values()), ""), wanted.get("enum") or usual)
        elif "" in known and wanted.get("type") == "string":
            item[field] = known[""]
        else:
            item[field] = _value(field, wanted, known.get("") or source, number)
    return item


def _value(name: str, wanted: Mapping[str, Any], source: str, number: int) -> Any:
    kind = wanted.get("type")
    if wanted.get("enum"):
        return wanted["enum"][0]
    if kind in ("number", "integer"):
        return 5
    if kind == "boolean":
        return True
    if kind == "array":
        items = wanted.get("items", {})
        # Numbers in a list are those of facts, of which the first is always there.
        return [1] if items.get("type") in ("number", "integer") else [_value(name, items, source, number)]
    words = _LENGTHS.get(name, _SUMMARY_WORDS if name == "summary" and not number else _SENTENCE_WORDS)
    return _prose(source, words, number)[: wanted.get("maxLength")]
