"""What the next run would ask its language model for, and what that costs, from its real prompts and the last runs.

Tonight's chunks are cut as the run would cut them, and the extractor asks a model that only counts. How many tokens a
prompt has and how many are written for it, the ledger of the last runs tells; before the first one, the rules' findings
stand for the model's.
"""

import json
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from assets.costs import LEDGER_NAME
from assets.knowledge.entities import COMMUNITY_SETTINGS
from assets.planning.counting_model import Asked, CountingModel
from pipelines.core.cost.budget import Budget, tokens_at_most
from pipelines.core.protocols import StoredTable
from pipelines.core.schemas import CHUNKS
from pipelines.knowledge.chunks.chunk_changes import chunk_changes
from pipelines.knowledge.chunks.chunking import chunk_documents
from pipelines.knowledge.communities.detection import detect_communities
from pipelines.knowledge.communities.summaries import summarise
from pipelines.knowledge.communities.summary_settings import SummarySettings
from pipelines.knowledge.documents.document_changes import document_changes
from pipelines.knowledge.documents.manifest import scan
from pipelines.knowledge.documents.sources import list_files
from pipelines.knowledge.entities.resolution import resolve_entities
from pipelines.knowledge.extraction.extraction import extract
from pipelines.knowledge.extraction.extractors import FAST, RULES, extractor_named
from resources.embedding.embedders import open_embedder
from resources.models.completion_cache import CompletionCache
from resources.models.language_model import open_language_model

if TYPE_CHECKING:
    from resources.settings import Settings
    from resources.tables.tables import TableStore

_TOKENS_OF_BOUND = 0.65
"""Tokens of a prompt for one that `prompt_at_most` allows, before a run has told: see docs/knowledge/cost.md."""
_SAMPLE = 2000
_TOLD_BY_LAST_RUN, _TOLD_BY_RULES, _AT_MOST = "the last run", "the rules' findings", "the most that is written"


@dataclass(frozen=True)
class Estimate:
    """What one asset would ask: how many of what, calls, tokens, money (None: no prices), and what it is taken from."""

    asset: str
    wanted: int
    cached: int
    calls: int
    prompt_tokens: int
    completion_tokens: int
    money: float | None
    by: str

    def __str__(self) -> str:
        money = "no prices are set" if self.money is None else f"about {self.money:.4g} in money"
        return (
            f"{self.asset}: about {self.calls:,} calls for {self.wanted:,}, {self.cached:,} from the cache; "
            f"about {self.prompt_tokens:,} tokens read, {self.completion_tokens:,} written (by {self.by}); {money}"
        )


class CostPlan:
    """Estimates for the assets that ask a language model; nothing is written and no model is asked or loaded."""

    def __init__(self, settings: "Settings", tables: "TableStore") -> None:
        self._settings, self._tables = settings, tables
        self._embedder, self._model = open_embedder(settings), open_language_model(settings)
        self._reports = SummarySettings(writer=settings.reports)
        self._read_by_rules: tuple[pa.Table, pa.Table] | None = None
        self._cache = CompletionCache(settings.home / "cache" / "llm.sqlite")
        ledger = tables.find(LEDGER_NAME)
        self._last = {
            row["asset"]: row
            for row in (ledger.to_pylist() if ledger is not None else [])
            if row["model"] == self._model.name and row["calls"] > row["failed"]
        }

    def estimates(self) -> Iterator[Estimate]:
        """Yield an estimate for each asset that would ask the model for anything."""
        known = self._tables.find("chunks")
        tonight = self._chunks(known)
        changed = set(tonight["chunk_id"].to_pylist()) ^ set(known["chunk_id"].to_pylist() if known else [])
        if self._settings.extractor not in (FAST, RULES):
            yield from self._extractions(tonight)
        yield from self._summaries(tonight, len(changed))
        yield from self._answers(len(changed))

    def _counting(self) -> CountingModel:
        return CountingModel(self._model.name, self._cache, self._settings.llm_context_tokens, self._model.packaged)

    def _chunks(self, known: pa.Table | None) -> pa.Table:
        """Return tonight's chunks: those that stay, and those of new and changed documents."""
        tables, settings = self._tables, self._settings
        listing = list_files(settings.documents, settings.documents_cache)
        states = scan(listing.files, tables.find("documents_manifest"), time.time_ns())
        stored = tables.amendable("documents")
        change = document_changes(states, listing.problems, stored, settings.limits).change
        dropped, parts = set(change.drop), []
        stale = self._cut_otherwise(stored)
        if known is not None and known.schema.equals(CHUNKS):
            keys = zip(known["path"].to_pylist(), known["document_id"].to_pylist(), strict=True)
            stay = [path not in dropped and document not in stale for path, document in keys]
            parts.append(known.filter(pa.array(stay, pa.bool_())))
        for texts in stored.batches(where=("document_id", sorted(stale))) if stored is not None and stale else ():
            here = [path not in dropped for path in texts["path"].to_pylist()]
            parts.append(self._cut(texts.filter(pa.array(here, pa.bool_()))))
        parts += [self._cut(texts) for texts in change.add]
        return pa.concat_tables(parts) if parts else CHUNKS.empty_table()

    def _cut_otherwise(self, stored: StoredTable | None) -> set[str]:
        """Return the stored documents whose chunks are of other settings than tonight's."""
        chunks = self._tables.amendable("chunks")
        if stored is None or chunks is None:
            return set()
        return set(chunk_changes(stored, chunks, self._settings.chunking, self._embedder).drop)

    def _cut(self, documents: pa.Table) -> pa.Table:
        versions = dict.fromkeys(documents["document_id"].to_pylist(), "planned")
        count, embed = self._embedder.count_tokens, self._embedder.embed
        return chunk_documents(documents, versions, self._settings.chunking, count, embed)

    def _extractions(self, chunks: pa.Table) -> Iterator[Estimate]:
        model = self._counting()
        known = self._tables.find("extractions")
        _, work = extract(chunks, known, extractor_named(self._settings.extractor, model, self._settings.extraction))
        share = model.asked.prompts / max(1, chunks.num_rows)
        written = 0 if "extractions" in self._last else round(self._written_by_rules(chunks) * share)
        yield from self._estimate("extractions", work.computed["extractions"], model.asked, 1.0, written)

    def _written_by_rules(self, chunks: pa.Table) -> int:
        """Return how many tokens the rules' findings in these chunks are, written as a model's reply lists them."""
        sample, found = self._by_rules(chunks)
        objects = [
            {
                "entities": sorted({(one["name"], one["type"]) for one in row["entities"]}),
                "relations": sorted({(one["source"], one["type"], one["target"]) for one in row["relations"]}),
            }
            for row in found.to_pylist()
        ]
        tokens = sum(tokens_at_most(json.dumps(one, ensure_ascii=False)) for one in objects) * _TOKENS_OF_BOUND
        return round(tokens * chunks.num_rows / max(1, sample.num_rows))

    def _by_rules(self, chunks: pa.Table) -> tuple[pa.Table, pa.Table]:
        """Return the first of tonight's chunks by their ids, which are in no order of content, read by the rules."""
        if self._read_by_rules is None:
            sample = chunks.sort_by("chunk_id").slice(0, _SAMPLE)
            self._read_by_rules = sample, extract(sample, None, extractor_named(FAST, self._model))[0]
        return self._read_by_rules

    def _summaries(self, chunks: pa.Table, changed: int) -> Iterator[Estimate]:
        known, model = self._tables.find("communities"), self._counting()
        if known is None or not known.num_rows:
            sample, found = self._by_rules(chunks)
            graph = resolve_entities(found, sample)
            communities, _ = detect_communities(graph.entities, graph.relations, None, COMMUNITY_SETTINGS)
            summarise(communities, graph.entities, graph.relations, sample, None, model, self._reports)
            factor = chunks.num_rows / max(1, sample.num_rows)
            yield from self._estimate("community_summaries", communities.num_rows * factor, model.asked, factor)
            return
        entities, relations, texts = (self._tables.read(name) for name in ("entities", "relations", "chunks"))
        summaries = self._tables.find("community_summaries")
        _, work = summarise(known, entities, relations, texts, summaries, model, self._reports)
        waiting = work.new + work.changed
        if not changed:
            yield from self._estimate("community_summaries", waiting, model.asked)
            return
        # Whatever changes has another prompt, which no cache has: about as long as those that there are.
        every = CountingModel(self._model.name, None, self._settings.llm_context_tokens, self._model.packaged)
        some = known.sort_by("community_id").slice(0, _SAMPLE)
        summarise(some, entities, relations, texts, None, every, self._reports)
        touched = _touched(known, entities, texts.num_rows, changed)
        wanted = waiting + touched * (known.num_rows - waiting) / known.num_rows
        yield from self._estimate("community_summaries", wanted, every.asked, wanted / some.num_rows)

    def _answers(self, changed: int) -> Iterator[Estimate]:
        """Yield what the last answers say of tonight's: all are asked anew of another graph."""
        questions, last = self._tables.find("questions"), self._last.get("answers")
        if questions is not None and last and changed:
            wanted = questions.num_rows * len(self._settings.modes)
            scale = wanted / max(1, last["wanted"])
            names = ("calls", "prompt_tokens", "completion_tokens")
            calls, read, made = (round(last[name] * scale) for name in names)
            money = self._settings.prices.money(read, made)
            yield Estimate("answers", wanted, 0, calls, read, made, money, _TOLD_BY_LAST_RUN)

    def _estimate(
        self, asset: str, wanted: float, asked: Asked, factor: float = 1.0, written: int = 0
    ) -> Iterator[Estimate]:
        """Yield what so many times these prompts cost, unless they are none.

        `written` are the tokens of the answers where no run has told; 0: as many as may be.
        """
        last, prompts = self._last.get(asset), asked.prompts * factor
        if not (asked.prompts or asked.cached):
            return
        if last is None:
            calls, read = prompts, asked.prompts_at_most * factor * _TOKENS_OF_BOUND
            by = _TOLD_BY_RULES if written else _AT_MOST
            made = float(written) or asked.written_at_most * factor
        else:
            answered = last["calls"] - last["failed"]
            more = max(1.0, answered / max(1, last["wanted"] - last["cached"] - last["not_sent"]))
            calls, by = prompts * more, _TOLD_BY_LAST_RUN
            read = asked.prompts_at_most * factor * more * last["prompt_tokens"] / max(1, last["prompts_at_most"])
            made = calls * last["completion_tokens"] / answered
        money = self._settings.prices.money(read, made)
        cached = round(asked.cached * factor)
        yield Estimate(asset, round(wanted), cached, round(calls), round(read), round(made), money, by)


def cost_of(settings: "Settings", tables: "TableStore") -> list[Estimate]:
    """Return the estimates of the next run; what a run would log is not said twice."""
    logger = logging.getLogger("graftline")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        return list(CostPlan(settings, tables).estimates())
    finally:
        logger.setLevel(level)


def in_all(estimates: Sequence[Estimate], budget: Budget) -> str:
    """Return the sum in a line, and which limits of the budget it passes."""
    calls = sum(one.calls for one in estimates)
    tokens = sum(one.prompt_tokens + one.completion_tokens for one in estimates)
    priced = [one.money for one in estimates if one.money is not None]
    amounts = {"calls": calls, "tokens": tokens, "money": sum(priced)}
    limits = budget.limits()
    passed = [f"{limits[name]:,.6g} {name}" for name in amounts if name in limits and amounts[name] > limits[name]]
    end = f"; the budget of {', '.join(passed)} ends it before, and the run after goes on" if passed else ""
    money = f", {sum(priced):.4g} in money" if priced else ""
    return f"in all about {calls:,} calls, {tokens:,} tokens{money}{end}"


def _touched(communities: pa.Table, entities: pa.Table, chunks: int, changed: int) -> float:
    """Return how many of these communities so many new, changed or deleted chunks touch, were they any chunks."""
    of_entity: Mapping[str, list[str]] = dict(
        zip(entities["entity_id"].to_pylist(), entities["chunk_ids"].to_pylist(), strict=True)
    )
    left = 0.0
    for members in communities["entity_ids"].to_pylist():
        own = len({chunk for key in members for chunk in of_entity.get(key, [])})
        left += (1 - min(1.0, own / max(1, chunks))) ** changed
    return communities.num_rows - left
