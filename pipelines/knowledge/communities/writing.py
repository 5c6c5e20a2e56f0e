"""One level's reports: the large communities' by one batch of the model, the others' by the evidence's sentences."""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipelines.core.protocols import Completion, LanguageModel
from pipelines.knowledge.communities.evidence import Evidence, Fact, token_estimate, within
from pipelines.knowledge.communities.extractive import defining_first, extractive_report
from pipelines.knowledge.communities.grounding import grounded, told
from pipelines.knowledge.communities.prompts import SCHEMA, report_prompt, summary_prompt
from pipelines.knowledge.communities.reading import Reading, read_report
from pipelines.knowledge.communities.report import Report
from pipelines.knowledge.communities.summary_settings import Sizes, SummarySettings, sizes_for, writes

logger = logging.getLogger("graftline")


@dataclass(frozen=True)
class Job:
    """What one community's report is made of; `parts` are its parts' reports as facts, the weightiest first."""

    community_id: str
    evidence: Evidence
    parts: tuple[Fact, ...]
    members: int

    def facts(self, sizes: Sizes) -> list[Fact]:
        """Return what a prompt holds: the parts' reports within their share, then the community's own facts."""
        told_by_parts = within(self.parts, sizes.parts if self.evidence.facts else sizes.evidence)
        left = sizes.evidence - sum(token_estimate(fact.text) for fact in told_by_parts)
        return [*told_by_parts, *within(defining_first(self.evidence), left)]


def write_reports(
    jobs: Sequence[Job], model: LanguageModel, settings: SummarySettings, counts: Counter[str]
) -> list[Report]:
    """Return one report a job, in order; `counts` gets what was asked, spent, quoted and dropped."""
    asked = [job for job in jobs if writes(model, settings) and job.members >= settings.least_members]
    written = dict(zip((job.community_id for job in asked), _by_model(asked, model, settings, counts), strict=True))
    reports = []
    for job in jobs:
        found = written.get(job.community_id)
        if found is None or not found.summary:
            failure = found.failure if found else ""
            found = extractive_report(job.evidence, job.parts, settings.extractive_tokens, failure)
            counts["extractive"] += 1
        if found.failure:
            counts["failures"] += 1
            logger.warning("the report on '%s' is made of quotations: %s", found.title, found.failure)
        reports.append(found)
    return reports


def _by_model(
    jobs: Sequence[Job], model: LanguageModel, settings: SummarySettings, counts: Counter[str]
) -> list[Report]:
    """Return what the model wrote, by one call; a report without a summary where nothing could be used."""
    if not jobs:
        return []
    sizes = sizes_for(model, settings)
    facts = [job.facts(sizes) for job in jobs]
    logger.info("reporting on %d communities with %s", len(jobs), model.name)

    def read(number: int, answer: Completion) -> Reading:
        job = jobs[number]
        if sizes.small:
            return _read_small(answer, job, facts[number], model.name, sizes.min_support)
        return read_report(answer, job.evidence, facts[number], model.name, sizes.min_support)

    prompts = [
        _small_prompt(job, known) if sizes.small else report_prompt(job.evidence, known)
        for job, known in zip(jobs, facts, strict=True)
    ]
    answers = model.complete(
        prompts,
        sizes.written,
        schema=None if sizes.small else SCHEMA,
        usable=lambda number, answer: not answer.failure and read(number, answer).report is not None,
    )
    reports = []
    for number, answer in enumerate(answers):
        counts["model reports"] += 1
        counts["prompt_tokens"] += 0 if answer.cached else answer.prompt_tokens
        counts["completion_tokens"] += 0 if answer.cached else answer.completion_tokens
        reading = Reading() if answer.failure else read(number, answer)
        counts += reading.dropped
        failure = answer.failure or ("its answer could not be read" if reading.dropped["unreadable answers"] else "")
        empty = Report(jobs[number].evidence.title, "", (), 0.0, model.name, failure)
        reports.append(reading.report or empty)
    return reports


def _small_prompt(job: Job, facts: Sequence[Fact]) -> list[dict[str, str]]:
    own = [fact for fact in facts if fact not in job.parts]
    return summary_prompt(replace(job.evidence, facts=own), [fact.text for fact in facts if fact in job.parts])


def _read_small(answer: Completion, job: Job, facts: Sequence[Fact], name: str, min_support: float) -> Reading:
    """Return the sentences of a small model, each borne out by one fact: it glues halves of two."""
    language, grounds = job.evidence.language, [*(fact.text for fact in facts), *job.evidence.members]
    kept = grounded(answer.text, grounds, language, min_support)
    dropped = Counter({"dropped sentences": told(answer.text) - len(kept)})
    if not kept:
        return Reading(None, dropped)
    base = extractive_report(job.evidence, job.parts, 1)
    return Reading(replace(base, summary=language.joiner.join(kept), model=name), dropped)
