"""A model's report as a `Report`: read with all its slips, and kept to what the evidence bears out."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipelines.core.protocols import CUT, Completion
from pipelines.knowledge.communities.evidence import Evidence, Fact, plain_text
from pipelines.knowledge.communities.grounding import grounded, told
from pipelines.knowledge.communities.prompts import MOST_FINDINGS
from pipelines.knowledge.communities.report import HIGHEST, Report
from pipelines.text.notation.json_objects import last_object, lowered
from pipelines.text.words import words

# How models name the fields when nothing holds them to the schema.
_SUMMARY = ("summary", "report", "abstract", "overview", "description")
_FINDINGS = ("findings", "insights", "key_findings", "key_points", "points")
_FINDING = ("text", "finding", "summary", "claim", "statement", "description")
_CITED = ("facts", "fact", "sources", "source", "evidence", "citations", "references", "ids")
_RATING = ("rating", "score", "importance", "impact", "impact_severity_rating")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_MARK = re.compile(r"\s*\[[\d,;\s–-]*\]")
_TITLE_LENGTH = 120
_MIDDLE = 5.0


@dataclass
class Reading:
    """A report, None where nothing usable is left, and what was dropped on the way, by reason."""

    report: Report | None = None
    dropped: Counter[str] = field(default_factory=Counter)


def read_report(
    answer: Completion, evidence: Evidence, facts: Sequence[Fact], name: str, min_support: float
) -> Reading:
    """Return the report that an answer holds; sentences and findings that the facts do not bear out are dropped.

    An answer that holds no JSON, or one that the token limit cut before the summary, has no report.
    """
    reading, value = Reading(), last_object(answer.text, (*_SUMMARY, *_FINDINGS))
    if value is None:
        reading.dropped["unreadable answers"] += 1
        return reading
    reading.dropped["cut answers"] += answer.finish_reason == CUT
    grounds = [*(fact.text for fact in facts), *evidence.members, evidence.title]
    language = evidence.language

    def kept(text: str, kind: str) -> list[str]:
        text = _MARK.sub("", text)
        found = grounded(text, grounds, language, min_support, together=True)
        reading.dropped[f"dropped {kind}"] += told(text) - len(found)
        return found

    summary = language.joiner.join(kept(_text(value, _SUMMARY), "sentences"))
    findings = []
    for item in _items(value):
        text = item if isinstance(item, str) else _text(item, _FINDING)
        if found := language.joiner.join(kept(text, "findings")):
            findings.append(_cited(found, _numbers(item, len(facts)), facts, evidence))
    if not summary:
        # Findings that stand are a summary; nothing that stands is none.
        summary = language.joiner.join(fact.text for fact in findings[:2])
    if summary:
        title = _title(_text(value, ("title", "name", "heading")), grounds) or evidence.title
        reading.report = Report(title, summary, tuple(findings[:MOST_FINDINGS]), _rating(value), name)
    return reading


def _text(value: Any, names: Sequence[str]) -> str:
    """Return an object's text by the first of its names that it has; "" for null and for what is no text."""
    fields = lowered(value)
    found = next((fields[name] for name in names if fields.get(name)), "")
    if isinstance(found, list):
        found = " ".join(one for one in found if isinstance(one, str))
    return plain_text(found) if isinstance(found, str) else ""


def _items(value: Mapping[str, Any]) -> list[Any]:
    found: Any = next((value[name] for name in _FINDINGS if value.get(name)), [])
    return [one for one in (found if isinstance(found, list) else [found]) if one]


def _numbers(item: Any, most: int) -> list[int]:
    """Return the numbers of facts that a finding cites, in its field or in brackets in its text."""
    cited: Any = [mark.group() for mark in _MARK.finditer(json.dumps(item, ensure_ascii=False))]
    fields = lowered(item)
    cited = next((fields[name] for name in _CITED if fields.get(name)), cited)
    found = [int(float(number)) for number in _NUMBER.findall(json.dumps(cited, ensure_ascii=False))]
    return [number for number in dict.fromkeys(found) if 1 <= number <= most]


def _cited(text: str, numbers: Sequence[int], facts: Sequence[Fact], evidence: Evidence) -> Fact:
    """Return a finding with the chunks and entities of the facts it cites, or of the one that it is nearest to.

    Members that it names come first.
    """
    content = set(words(text))
    chosen = [facts[number - 1] for number in numbers]
    if not chosen:
        chosen = [max(facts, key=lambda fact: len(content & set(words(fact.text))))] if facts else []
    named = [key for key, name in evidence.names.items() if name in text]
    about = [*named, *(key for fact in chosen for key in fact.entity_ids)]
    chunks = dict.fromkeys(key for fact in chosen for key in fact.chunk_ids)
    return Fact(text, tuple(chunks), tuple(dict.fromkeys(about)))


def _title(title: str, grounds: Sequence[str]) -> str:
    """Return a title whose words the evidence mostly holds, numbers and all; "" for any other."""
    content, known = set(words(title)), set(words(" ".join(grounds)))
    numbers = {word for word in content if any(character.isdigit() for character in word)}
    borne_out = content and 2 * len(content & known) >= len(content) and numbers <= known
    return title[:_TITLE_LENGTH] if borne_out else ""


def _rating(value: Mapping[str, Any]) -> float:
    """Return the rating, within its bounds; the middle where none is told."""
    found = next((value[name] for name in _RATING if value.get(name) is not None), None)
    number = _NUMBER.search(json.dumps(found))
    return min(HIGHEST, float(number.group())) if number else _MIDDLE
