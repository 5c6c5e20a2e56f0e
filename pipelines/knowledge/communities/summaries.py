"""Community reports, children before parents and the whole corpus last; only what changed and what holds it anew."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from pipelines.core.delta import Work, compare_versions
from pipelines.core.identity import content_id, json_digest
from pipelines.core.protocols import LanguageModel
from pipelines.core.schemas import COMMUNITY_SUMMARIES
from pipelines.knowledge.communities.evidence import Evidence, Fact, gather_evidence
from pipelines.knowledge.communities.report import EXTRACTIVE, as_facts
from pipelines.knowledge.communities.summary_settings import SummarySettings, sizes_for, writes
from pipelines.knowledge.communities.writing import Job, write_reports
from pipelines.text.languages.languages import main_language

_VERSION = "4"
_CHUNKS_OF_A_PART, _NAMES_OF_THE_WHOLE = 3, 5
_FAILED = " failed"
"""Behind the digest of a report that the model has to be asked for again."""


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

    A report is written again when its community's digest, a part's report, the model or the settings changed (`digest`
    covers them), or when the model failed for it. The model is called once a level at most, deepest first, and not at
    all when nothing changed or nothing is to be written by a model.
    """
    levels: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in communities.to_pylist():
        levels[row["level"]].append(row)
    known = {row["community_id"]: row for row in previous.to_pylist()} if previous is not None else {}
    facts, counts = _Facts(entities, relations, chunks), Counter[str]()
    writer = _writer(language_model, settings)
    done: dict[str, dict[str, Any]] = {}
    parts: dict[str, list[dict[str, Any]]] = defaultdict(list)
    wanted: dict[str, str] = {}
    for level in sorted(levels, reverse=True):
        for row in levels[level]:
            told = sorted(json_digest(done[part["community_id"]]) for part in parts[row["community_id"]])
            wanted[row["community_id"]] = content_id("summary", row["digest"], writer, _VERSION, *told)
            if row["parent_id"]:
                parts[row["parent_id"]].append(row)
        keys = {row["community_id"]: wanted[row["community_id"]] for row in levels[level]}
        same = {key for key in keys.keys() & known.keys() if known[key]["digest"] == keys[key]}
        done |= {key: known[key] for key in same}
        todo = [row for row in levels[level] if row["community_id"] not in same]
        jobs = [facts.job(row, parts[row["community_id"]], done, _budget(language_model, settings)) for row in todo]
        for job, report in zip(jobs, write_reports(jobs, language_model, settings, counts), strict=True):
            key, chunk_ids = job.community_id, [*job.evidence.chunk_ids, *_chunks_of(job.parts)]
            digest = wanted[key] + (_FAILED if report.failure else "")
            done[key] = report.row(key, digest, chunk_ids)
    table = pa.Table.from_pylist([done[key] for key in sorted(done)], COMMUNITY_SUMMARIES)
    delta = compare_versions(wanted, {key: row["digest"] for key, row in known.items()})
    return table, Work.of(delta, summaries=len(delta.todo), **_counted(counts))


def model_reports(table: pa.Table) -> int:
    """Return how many reports a model wrote."""
    return sum(name != EXTRACTIVE for name in table["model"].to_pylist())


def _writer(model: LanguageModel, settings: SummarySettings) -> str:
    """Return what reports depend on beside their facts; a model that is not asked is no part, nor is it prepared."""
    if not writes(model, settings):
        return content_id(EXTRACTIVE, settings.extractive_tokens)
    return content_id(model.name, json_digest(settings.model_dump()))


def _budget(model: LanguageModel, settings: SummarySettings) -> int:
    """Return the tokens of facts that are gathered: more than an extractive report quotes, for its findings."""
    own = 6 * settings.extractive_tokens
    return max(own, sizes_for(model, settings).evidence) if writes(model, settings) else own


def _counted(counts: Mapping[str, int]) -> dict[str, int]:
    """Return the counters as metadata; what is told when nothing happened is told as 0."""
    shown = dict.fromkeys(("extractive", "failures", "model_reports", "dropped_sentences", "dropped_findings"), 0)
    return shown | {name.replace(" ", "_"): count for name, count in counts.items()}


class _Facts:
    """Entities and chunk texts by id, relations by source."""

    def __init__(self, entities: pa.Table, relations: pa.Table, chunks: pa.Table) -> None:
        self.entities = {row["entity_id"]: row for row in entities.to_pylist()}
        self.texts = dict(zip(chunks["chunk_id"].to_pylist(), chunks["text"].to_pylist(), strict=True))
        self._by_source: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in relations.to_pylist():
            self._by_source[row["source_id"]].append(row)

    def job(
        self,
        row: Mapping[str, Any],
        parts: Sequence[Mapping[str, Any]],
        done: Mapping[str, Mapping[str, Any]],
        budget: int,
    ) -> Job:
        """Return what a community's report is made of: its facts, and its parts' reports, the weightiest first."""
        ranked = sorted(
            ((done[part["community_id"]], len(part["entity_ids"])) for part in parts),
            key=lambda pair: (-pair[0]["rating"], -pair[1], pair[0]["community_id"]),
        )
        reports = [as_facts(report, _CHUNKS_OF_A_PART) for report, _ in ranked]
        # All summaries before the first finding: each part is heard.
        told = [report[0] for report in reports] + [fact for report in reports for fact in report[1:]]
        if row["level"] < 0:
            size = sum(len(part["entity_ids"]) for part in parts)
            return Job(row["community_id"], _whole([report for report, _ in ranked], told), tuple(told), size)
        evidence = self.evidence(row["entity_ids"], budget)
        return Job(row["community_id"], evidence, tuple(told), len(row["entity_ids"]))

    def evidence(self, members: Sequence[str], budget: int) -> Evidence:
        inside = set(members) & self.entities.keys()
        relations = [row for key in sorted(inside) for row in self._by_source[key] if row["target_id"] in inside]
        return gather_evidence([self.entities[key] for key in sorted(inside)], relations, self.texts, budget)


def _whole(reports: Sequence[Mapping[str, Any]], told: Sequence[Fact]) -> Evidence:
    """Return the evidence of the whole corpus: its communities' reports, and the first name of each title."""
    language = main_language([fact.text for fact in told])
    titles = [report["title"] for report in reports[: 2 * _NAMES_OF_THE_WHOLE]]
    first = dict.fromkeys(title.split(language.list_joiner)[0] for title in titles)
    title = language.list_joiner.join(list(first)[:_NAMES_OF_THE_WHOLE])
    return Evidence(title, titles, {}, [], language)


def _chunks_of(parts: Sequence[Fact]) -> list[str]:
    return list(dict.fromkeys(key for fact in parts for key in fact.chunk_ids))
