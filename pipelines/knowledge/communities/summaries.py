"""Community summaries, children before parents: written by the language model, kept to what the evidence says."""

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field

from pipelines.core.delta import Work, compare_versions
from pipelines.core.identity import content_id, json_digest
from pipelines.core.protocols import Completion, LanguageModel
from pipelines.core.schemas import COMMUNITY_SUMMARIES
from pipelines.knowledge.communities.evidence import (
    Evidence,
    gather_evidence,
    plain_text,
    summary_prompt,
    token_estimate,
)
from pipelines.text.languages.language import Language
from pipelines.text.languages.languages import final_marks, language_of
from pipelines.text.sentences import sentences
from pipelines.text.words import words

EXTRACTIVE = "extractive"
"""The `model` of a summary that is made of evidence sentences because the model's own could not be used."""

_VERSION = "3"
_LEAST_SHARED = 2
logger = logging.getLogger("graftline")


class SummarySettings(BaseModel):
    """How communities are summarised."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    evidence_tokens: int = Field(
        default=260, ge=40, description="tokens of evidence in a prompt, about; a small model reads little"
    )
    child_tokens: int = Field(
        default=150, ge=0, description="tokens of the children's summaries in a parent's prompt, about"
    )
    max_new_tokens: int = Field(default=80, ge=16, description="length of a summary in tokens")
    extractive_tokens: int = Field(
        default=90, ge=16, description="length of a summary made of evidence sentences, about"
    )
    min_support: float = Field(default=0.65, ge=0, le=1, description="content words of a sentence that evidence holds")


def summarise(
    communities: pa.Table,
    entities: pa.Table,
    relations: pa.Table,
    chunks: pa.Table,
    previous: pa.Table | None,
    language_model: LanguageModel,
    settings: SummarySettings,
) -> tuple[pa.Table, Work]:
    """Return COMMUNITY_SUMMARIES, one a community, and what was done.

    A summary is written again when its community's digest, the model or the settings changed (`digest` covers
    them), or when the model failed for it. The model is called once a level, deepest first, and not at all when
    nothing changed.
    """
    rows = {row["community_id"]: row for row in communities.to_pylist()}
    wanted = {
        key: content_id("summary", row["digest"], language_model.name, json_digest(settings.model_dump()), _VERSION)
        for key, row in rows.items()
    }
    known = {row["community_id"]: row for row in previous.to_pylist()} if previous is not None else {}
    delta = compare_versions(wanted, {key: row["digest"] for key, row in known.items()})
    done: dict[str, dict[str, Any]] = {key: known[key] for key in delta.same}
    facts = _Facts(entities, relations, chunks) if delta.todo else None
    for level in sorted({rows[key]["level"] for key in delta.todo}, reverse=True):
        todo = [key for key in delta.todo if rows[key]["level"] == level]
        assert facts is not None
        done |= _write_level([rows[key] for key in todo], facts, done, rows, wanted, language_model, settings)
    table = pa.Table.from_pylist([done[key] for key in sorted(done)], COMMUNITY_SUMMARIES)
    extractive = sum(done[key]["model"] == EXTRACTIVE for key in delta.todo)
    failed = sum(done[key]["digest"] != wanted[key] for key in delta.todo)
    return table, Work.of(delta, summaries=len(delta.todo), extractive=extractive, failures=failed)


class _Facts:
    """Entities and chunk texts by id, relations by source."""

    def __init__(self, entities: pa.Table, relations: pa.Table, chunks: pa.Table) -> None:
        self.entities = {row["entity_id"]: row for row in entities.to_pylist()}
        self.texts = dict(zip(chunks["chunk_id"].to_pylist(), chunks["text"].to_pylist(), strict=True))
        self._by_source: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in relations.to_pylist():
            self._by_source[row["source_id"]].append(row)

    def evidence(self, members: Sequence[str], budget: int) -> Evidence:
        inside = set(members) & self.entities.keys()
        relations = [row for key in sorted(inside) for row in self._by_source[key] if row["target_id"] in inside]
        return gather_evidence([self.entities[key] for key in sorted(inside)], relations, self.texts, budget)


def _write_level(
    todo: Sequence[Mapping[str, Any]],
    facts: _Facts,
    done: Mapping[str, Mapping[str, Any]],
    rows: Mapping[str, Mapping[str, Any]],
    wanted: Mapping[str, str],
    language_model: LanguageModel,
    settings: SummarySettings,
) -> dict[str, dict[str, Any]]:
    """Return the rows of one level's communities, written by one call of the model."""
    parts: dict[str, list[str]] = defaultdict(list)
    for key in sorted(rows):
        if rows[key]["parent_id"]:
            parts[rows[key]["parent_id"]].append(key)
    jobs = []
    for row in todo:
        children = _within([done[key]["summary"] for key in parts[row["community_id"]]], settings.child_tokens)
        budget = settings.evidence_tokens - sum(map(token_estimate, children))
        jobs.append((row["community_id"], facts.evidence(row["entity_ids"], budget), children))
    asked = [summary_prompt(evidence, children) for _, evidence, children in jobs]
    logger.info("summarising %d communities with %s", len(asked), language_model.name)

    def kept(number: int, answer: Completion) -> str:
        _, evidence, children = jobs[number]
        grounds = [*children, *evidence.sentences, *evidence.members]
        return grounded(answer.text, grounds, evidence.language, settings.min_support)

    answers = language_model.complete(
        asked, settings.max_new_tokens, usable=lambda number, answer: bool(kept(number, answer))
    )
    written = {}
    for number, ((key, evidence, children), answer) in enumerate(zip(jobs, answers, strict=True)):
        summary, model = kept(number, answer), language_model.name
        if not summary:
            summary, model = _extractive(evidence, children, settings.extractive_tokens), EXTRACTIVE
        digest = wanted[key]
        if answer.failure:
            digest = f"{digest} failed"  # so that the next run asks again
            logger.warning("the summary of '%s' is quoted: %s", evidence.title, answer.failure)
        written[key] = {
            "community_id": key, "digest": digest, "title": evidence.title, "summary": summary,
            "chunk_ids": evidence.chunk_ids or _chunks_of(parts[key], done), "model": model,
        }  # fmt: skip
    return written


def grounded(text: str, grounds: Sequence[str], language: Language, min_support: float) -> str:
    """Return the sentences of a generated text that the evidence bears out; "" where none is left.

    A sentence stays when one piece of evidence holds `min_support` of its content words and the evidence all its
    numbers, it is in the evidence's language, it is not said twice, and the token limit did not cut it.
    """
    known = [set(words(ground)) for ground in grounds]
    everything = set().union(*known)
    kept: list[str] = []
    for start, end in sentences(text):
        sentence = plain_text(text[start:end])
        content = set(words(sentence))
        numbers = {word for word in content if any(character.isdigit() for character in word)}
        support = max((len(content & ground) for ground in known), default=0)
        enough = support >= max(_LEAST_SHARED, min_support * len(content)) and numbers <= everything
        finished = sentence[-1:] in (*final_marks(), "”", '"')
        if enough and finished and language_of(sentence) is language and sentence not in kept:
            kept.append(sentence)
    return language.joiner.join(kept)


def _extractive(evidence: Evidence, children: Sequence[str], budget: int) -> str:
    """Return the best evidence sentences within a token budget, at least one; the title where there is none."""
    candidates = evidence.sentences or list(children)
    chosen = _within(candidates, budget) or [sentence for sentence in candidates[:1]]
    return evidence.language.joiner.join(chosen) or evidence.title


def _within(texts: Sequence[str], budget: int) -> list[str]:
    """Return the first texts that fit into a token budget together."""
    chosen, used = [], 0
    for text in texts:
        used += token_estimate(text)
        if used > budget:
            break
        chosen.append(text)
    return chosen


def _chunks_of(children: Sequence[str], done: Mapping[str, Mapping[str, Any]]) -> list[str]:
    return list(dict.fromkeys(chunk for child in children for chunk in done[child]["chunk_ids"]))
