"""A multi-hop corpus's entity graph before and after one per cent of its documents change, and what moved by it."""

import random
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.corpora import multihop
from pipelines.core.identity import content_id
from pipelines.core.schemas import CHUNKS
from pipelines.knowledge.communities.detection import CommunitySettings, detect_communities
from pipelines.knowledge.entities.resolution import resolve_entities
from pipelines.knowledge.extraction.extraction import extract
from pipelines.knowledge.extraction.rules.rule_extraction import RuleExtractor
from pipelines.text.sentence_spans import flat_spans
from pipelines.text.sentences import sentences
from resources.tables.tables import TableStore

_SHARE = 0.01
_EDITED = "~"


@dataclass(frozen=True)
class Graph:
    """Chunks, what was extracted from them, and the entities and relations made of it."""

    chunks: pa.Table
    extractions: pa.Table
    entities: pa.Table
    relations: pa.Table

    @classmethod
    def of(cls, chunks: pa.Table, extractions: pa.Table, before: "Graph | None" = None) -> "Graph":
        """Resolve what was extracted, from nothing or on the tables of a run before."""
        known = (before.entities, before.relations) if before else (None, None)
        found = resolve_entities(extractions, chunks, *known)
        return cls(chunks, extractions, found.entities, found.relations)

    def after(self, other: "Graph") -> "Graph":
        """Return the graph of another's chunks as a run on this one's tables makes it."""
        extractions, _ = extract(other.chunks, self.extractions, RuleExtractor())
        return Graph.of(other.chunks, extractions, self)

    @cached_property
    def facts(self) -> dict[str, dict[str, object]]:
        """Entities' and relations' rows by their ids."""
        rows = [*self.entities.to_pylist(), *self.relations.to_pylist()]
        return {row.get("entity_id") or row["relation_id"]: row for row in rows}


def changes(name: str, tables: TableStore, seed: int) -> list[tuple[str, Graph, Graph]]:
    """Return (what is done to one per cent of the documents, graph before, graph after); extractions are kept."""
    chunks = _chunks(name, seed)
    extractions, _ = extract(chunks, tables.find("extractions"), RuleExtractor())
    tables.write("extractions", extractions)
    ids = set(chunks["document_id"].to_pylist())
    edited = {key for key in ids if key.endswith(_EDITED)}
    whole = ids - edited
    chosen = set(random.Random(seed).sample(sorted(whole), max(1, round(len(whole) * _SHARE))))

    def graph(kept: set[str]) -> Graph:
        return Graph.of(*(_only(table, kept) for table in (chunks, extractions)))

    full, less = graph(whole), graph(whole - chosen)
    other = graph(whole - {key.removesuffix(_EDITED) for key in edited} | edited)
    return [("removed", full, less), ("added", less, full), ("changed", full, other)]


def communities(graph: Graph, previous: pa.Table | None, settings: CommunitySettings) -> pa.Table:
    """Return the communities of a graph."""
    return detect_communities(graph.entities, graph.relations, previous, settings)[0]


def moved_without_cause(before: Graph, after: Graph, one: pa.Table, other: pa.Table) -> dict[int, tuple[int, int]]:
    """Return by level how many of today's communities hold no changed entity or relation, and how many of them moved.

    The root holds every change, and is left out.
    """
    known, facts = set(one["digest"].to_pylist()), (before.facts, after.facts)
    changed = {key for key in facts[0].keys() | facts[1].keys() if facts[0].get(key) != facts[1].get(key)}
    beside: dict[str, set[str]] = defaultdict(set)
    for key in changed:
        for row in (found[key] for found in facts if key in found and "source_id" in found[key]):
            beside[str(row["source_id"])].add(str(row["target_id"]))
    quiet, moved = Counter[int](), Counter[int]()
    for row in other.to_pylist():
        members = set(row["entity_ids"])
        if not members or members & changed or any(beside[key] & members for key in members & beside.keys()):
            continue
        quiet[row["level"]] += 1
        moved[row["level"]] += row["digest"] not in known
    return {level: (quiet[level], moved[level]) for level in sorted(quiet)}


def differing(one: pa.Table, other: pa.Table) -> int:
    """Return how many rows one of two tables has that the other has not."""
    rows = [{repr(sorted(row.items())) for row in table.to_pylist()} for table in (one, other)]
    return len(rows[0] ^ rows[1])


def _only(table: pa.Table, documents: set[str]) -> pa.Table:
    return table.filter(pc.is_in(table["document_id"], pa.array(sorted(documents))))


def _chunks(name: str, seed: int) -> pa.Table:
    """Return a chunk for each passage, and for one per cent of them one more with another last sentence."""
    texts, draw = multihop.load(name, 1).texts, random.Random(seed)
    bodies = [text.split("\n", 1)[1] for text in texts]
    pool = sorted({body[start:end] for body in bodies for start, end in sentences(body)})
    named = [(f"{place:05}", text) for place, text in enumerate(texts)]
    for place in draw.sample(range(len(texts)), max(1, round(len(texts) * _SHARE))):
        cut = len(texts[place]) - len(bodies[place])
        if spans := sentences(bodies[place]):
            named.append((f"{place:05}{_EDITED}", texts[place][: cut + spans[-1][0]] + draw.choice(pool)))
    empty = {field.name: _nothing(field.type) for field in CHUNKS}
    rows = [
        {**empty, "chunk_id": content_id("chunk", key, text), "document_id": key, "text": text,
         "sentence_spans": flat_spans(sentences(text))}
        for key, text in named
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, CHUNKS)


def _nothing(kind: pa.DataType) -> object:
    if pa.types.is_string(kind):
        return ""
    return [] if pa.types.is_list(kind) else 0
