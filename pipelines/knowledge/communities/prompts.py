"""What a model is asked for: a report as JSON of one that writes well, two sentences of a small one."""

from collections.abc import Sequence
from typing import Any

from pipelines.core.protocols import Messages
from pipelines.knowledge.communities.evidence import Evidence, Fact

MOST_FINDINGS = 5
_TEXT, _NUMBER = {"type": "string", "minLength": 1}, {"type": "integer"}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "title": {**_TEXT, "maxLength": 120},
        "summary": {**_TEXT, "maxLength": 1200},
        "rating": {"type": "number", "minimum": 0, "maximum": 10},
        "findings": {"type": "array", "maxItems": MOST_FINDINGS, "items": {
            "type": "object",
            "properties": {"text": {**_TEXT, "maxLength": 400}, "facts": {"type": "array", "items": _NUMBER}},
            "required": ["text", "facts"], "additionalProperties": False}},
    },
    "required": ["title", "summary", "rating", "findings"],
    "additionalProperties": False,
}  # fmt: skip


def report_prompt(evidence: Evidence, facts: Sequence[Fact]) -> Messages:
    """Return the conversation that asks for a report on numbered facts; what all reports share comes first."""
    asked = evidence.language.prompts
    numbered = "\n".join(f"[{number}] {fact.text}" for number, fact in enumerate(facts, 1))
    members = evidence.language.list_joiner.join(evidence.members)
    parts = (asked.report_task, f"{asked.members}{members}", f"{asked.facts}\n{numbered}")
    return [{"role": "user", "content": "\n\n".join(parts)}]


def summary_prompt(evidence: Evidence, children: Sequence[str]) -> Messages:
    """Return the conversation that asks a small model for a summary; `children` are summaries of the parts."""
    facts = "\n".join(f"- {sentence}" for sentence in [*children, *evidence.sentences])
    members = evidence.language.list_joiner.join(evidence.members)
    asked = evidence.language.prompts
    head = f"{asked.summary_task}\n\n{asked.facts}"
    return [{"role": "user", "content": f"{head}\n{facts}\n\n{asked.members}{members}\n\n{asked.summary}"}]
